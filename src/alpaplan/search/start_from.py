"""Searches that start from what runs, and change only what is worth moving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.problem.near_devices import Spans
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, best_first
from alpaplan.search.improve import improve
from alpaplan.search.partition import describe_shapes
from alpaplan.search.running import PlacementOnDevices, Running
from alpaplan.search.search import Search
from alpaplan.search.work import requests_work
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace

START_FRACTION = 0.25
"""Part of the budget for improving what runs (a fraction; 0.1 to 0.5); the method gets the rest."""

CONSIDERED = 4
"""Best candidates whose changes are tried one by one (a count; 2 to 8)."""

MAX_CHANGES = 64
"""Most changes of a candidate that are tried, those that load most first (a count; 16 to 256): each
is simulated on all deciding arrivals."""


def improve_running(search: Search, running: Running) -> list[Candidate]:
    """Return what runs as a candidate, and what improving it finds."""
    placement = running.placed.placement
    if not placement.replicas.any():
        return []
    (start,) = search.map_attempts(_as_candidate, [running.placed], START_FRACTION)
    search.log("what runs", start.score)
    return [start, *search.delegate(partial(improve, starts=[start]), START_FRACTION)]


def _as_candidate(attempt: Attempt, placed: PlacementOnDevices) -> Candidate:
    shapes = describe_shapes(attempt.problem, placed.placement.shapes.tolist())
    return Candidate.of("running", shapes, attempt.evaluate(placed.placement), 1)


@dataclass(frozen=True)
class Settled:
    """A candidate on devices, and its attainment minus the price of what it loads."""

    candidate: Candidate
    placed: PlacementOnDevices
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
        The best one if moves cost nothing.
    deciding
        Arrivals that the search has not seen.
    """
    fewest = best.score.missing_replicas
    ranked = best_first(tried)
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
    placement = candidate.placement.without_empty_groups()
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
    attempt: Attempt, placed: PlacementOnDevices, running: Running, simulators: Sequence[Simulator]
) -> float:
    problem, attained = attempt.problem, []
    for simulator in simulators:
        found = simulator.evaluate(placed.placement)
        attempt.count(requests_work(problem, placed.placement, found))
        attained.append(found.weighted_attainment(problem.model_weight))
    return float(np.mean(attained)) - running.price(problem, placed)


def _keeps_apart(problem: PlacementProblem, placed: PlacementOnDevices, missing: int) -> bool:
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
    problem: PlacementProblem, placed: PlacementOnDevices, running: Running
) -> list[tuple[set[Spans], list[int]]]:
    """Return the changes from what runs: spans of the groups that differ, and what runs there.

    Groups that share devices, directly or through others, change together. Changes that load the
    most bytes come first.
    """
    found = []
    for groups, others in _sharing_devices(placed, running.placed):
        if _key(placed, groups) != _key(running.placed, others):
            loaded = running.loaded_bytes(problem, placed.take(groups))
            found.append((loaded, {placed.spans[number] for number in groups}, others))
    found.sort(key=lambda each: -each[0])
    return [(spans, others) for _, spans, others in found]


def _sharing_devices(
    mine: PlacementOnDevices, theirs: PlacementOnDevices
) -> list[tuple[list[int], list[int]]]:
    """Return the groups of both that share devices, directly or through others, in ascending order.

    They come in the order of their first groups, those of `mine` first.
    """
    spans = (*mine.spans, *theirs.spans)
    users: dict[tuple[int, int, int], set[int]] = {}
    for number, own in enumerate(spans):
        for span in own:
            for device in range(span.first, span.first + span.count):
                users.setdefault((span.pool, span.node, device), set()).add(number)
    linked = [{number} for number in range(len(spans))]
    for numbers in users.values():
        for number in numbers:
            linked[number] |= numbers
    seen: set[int] = set()
    found = []
    first_of_theirs = len(mine.spans)
    for number in range(len(spans)):
        if number in seen:
            continue
        part, todo = {number}, [number]
        while todo:
            more = linked[todo.pop()] - part
            part |= more
            todo += more
        seen |= part
        groups = sorted(each for each in part if each < first_of_theirs)
        others = sorted(each - first_of_theirs for each in part if each >= first_of_theirs)
        found.append((groups, others))
    return found


def _key(placed: PlacementOnDevices, groups: list[int]) -> tuple[object, ...]:
    part = placed.take(groups)
    return part.spans, part.placement.key()
