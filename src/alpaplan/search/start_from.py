"""Searches that start from what runs, and change only what is worth what it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.problem.near_devices import Spans
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate
from alpaplan.search.improve import improve
from alpaplan.search.partition import describe_shapes
from alpaplan.search.running import Placed, Running
from alpaplan.search.search import Search
from alpaplan.search.work import requests_work
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace

START_FRACTION = 0.25
"""Part of the budget that improves what runs (a fraction; 0.1 to 0.5); the method has the rest."""

CONSIDERED = 4
"""Best candidates whose changes are looked at one by one (a count; 2 to 8)."""

MAX_CHANGES = 64
"""Changes of a candidate that are looked at (a count; 16 to 256), those that load most first: each
is simulated on all arrivals to decide by."""


def improve_running(search: Search, running: Running) -> list[Candidate]:
    """Return what runs as a candidate, and what improving it finds."""
    placement = running.placed.placement
    if not placement.replicas.any():
        return []
    (start,) = search.map_attempts(_as_candidate, [running.placed], START_FRACTION)
    search.log("what runs", start.score)
    return [start, *search.delegate(partial(improve, starts=[start]), START_FRACTION)]


def _as_candidate(attempt: Attempt, placed: Placed) -> Candidate:
    shapes = describe_shapes(attempt.problem, placed.placement.shapes.tolist())
    return Candidate.of("running", shapes, attempt.evaluate(placed.placement), 1)


@dataclass(frozen=True)
class Settled:
    """A candidate with its devices, and its attainment less the price of what it loads."""

    candidate: Candidate
    placed: Placed
    worth: float


def worth_moving(
    search: Search,
    running: Running,
    tried: Sequence[Candidate],
    best: Candidate,
    deciding: Sequence[Trace],
) -> Settled:
    """Return the candidate that attains most beyond what its moves cost.

    Parameters
    ----------
    search
        Counts the work.
    running
        What runs now.
    tried
        All candidates, what runs among them.
    best
        The one that is best if moves cost nothing.
    deciding
        Arrivals that no candidate was searched on.
    """
    fewest = best.score.missing_replicas
    ranked = sorted(tried, key=lambda candidate: candidate.score, reverse=True)
    starts = [each for each in tried if each.method == "running"]
    considered = [best, *(each for each in ranked if each is not best)][:CONSIDERED]
    considered += [each for each in starts if not any(each is other for other in considered)]
    considered = [each for each in considered if each.score.missing_replicas == fewest]
    traces = [] if search.stop_reason is not None else deciding
    simulators = [search.space.training, *(Simulator(search.problem, each) for each in traces)]
    settle = partial(_settle, running=running, simulators=simulators)
    settled = [each for each in search.map_attempts(settle, considered) if each is not None]
    if not settled:
        raise RuntimeError("no candidate can be put onto the devices")
    chosen = max(settled, key=lambda each: each.worth)
    search.log("moves that pay", chosen.candidate.score)
    return chosen


def _settle(
    attempt: Attempt, candidate: Candidate, running: Running, simulators: Sequence[Simulator]
) -> Settled | None:
    """Undo the changes of a candidate that are not worth what they load."""
    problem = attempt.problem
    placement = candidate.placement.take(np.flatnonzero(candidate.placement.replicas.any(axis=1)))
    placed = running.put_near(problem, placement)
    if placed is None or not _keeps_apart(problem, placed, candidate.score.missing_replicas):
        return None
    worth = _worth(attempt, placed, running, simulators)
    changes = _changes(problem, placed, running)
    for mine, theirs in changes[:MAX_CHANGES]:
        current = {spans: number for number, spans in enumerate(placed.spans)}
        kept = [number for spans, number in current.items() if spans not in mine]
        other = placed.take(kept).beside(running.placed.take(theirs))
        if not _keeps_apart(problem, other, candidate.score.missing_replicas):
            continue
        other_worth = _worth(attempt, other, running, simulators)
        if other_worth >= worth:
            placed, worth = other, other_worth
    evaluated = attempt.evaluate(placed.placement)
    shapes = describe_shapes(problem, placed.placement.shapes.tolist())
    settled = Candidate.of("start from", shapes, evaluated, len(changes) + 2)
    score = replace(evaluated.score, missing_replicas=candidate.score.missing_replicas)
    return Settled(replace(settled, score=score), placed, worth)


def _worth(
    attempt: Attempt, placed: Placed, running: Running, simulators: Sequence[Simulator]
) -> float:
    problem, attained = attempt.problem, []
    for simulator in simulators:
        found = simulator.evaluate(placed.placement)
        attempt.count(requests_work(problem, placed.placement, found))
        attained.append(found.weighted_attainment(problem.model_weight))
    return float(np.mean(attained)) - running.price(problem, placed)


def _keeps_apart(problem: PlacementProblem, placed: Placed, missing: int) -> bool:
    """Whether models have the replicas that they require where the groups are."""
    required = problem.required
    if required is None:
        return True
    if int(missing_replicas(problem, placed.placement).sum()) > missing:
        return False
    first = np.cumsum([0, *(pool.num_nodes for pool in problem.pools)])
    nodes = np.array([first[spans[0].pool] + spans[0].node for spans in placed.spans], np.int64)
    return int(required.missing(placed.placement.replicas, nodes).sum()) <= missing


def _changes(
    problem: PlacementProblem, placed: Placed, running: Running
) -> list[tuple[set[Spans], list[int]]]:
    """Return groups that differ from what runs on their devices: the spans, and what runs.

    Groups that share devices, directly or through others, change together. Those that load most
    come first.
    """
    mine = [(False, number) for number in range(len(placed.spans))]
    theirs = [(True, number) for number in range(len(running.placed.spans))]
    owner: dict[tuple[int, int, int], list[tuple[bool, int]]] = {}
    for node in (*mine, *theirs):
        spans = (running.placed if node[0] else placed).spans[node[1]]
        for span in spans:
            for device in range(span.first, span.first + span.count):
                owner.setdefault((span.pool, span.node, device), []).append(node)
    linked: dict[tuple[bool, int], set[tuple[bool, int]]] = {n: {n} for n in (*mine, *theirs)}
    for nodes in owner.values():
        for node in nodes:
            linked[node].update(nodes)
    seen: set[tuple[bool, int]] = set()
    found = []
    for node in (*mine, *theirs):
        if node in seen:
            continue
        part, todo = {node}, [node]
        while todo:
            more = linked[todo.pop()] - part
            part |= more
            todo += more
        seen |= part
        groups = sorted(number for is_theirs, number in part if not is_theirs)
        others = sorted(number for is_theirs, number in part if is_theirs)
        loaded = running.loaded_bytes(problem, placed.take(groups))
        is_same = _key(placed, groups) == _key(running.placed, others)
        if not is_same:
            found.append((loaded, {placed.spans[number] for number in groups}, others))
    found.sort(key=lambda each: -each[0])
    return [(spans, others) for _, spans, others in found]


def _key(placed: Placed, groups: list[int]) -> tuple[object, ...]:
    part = placed.take(groups)
    return part.spans, part.placement.key()
