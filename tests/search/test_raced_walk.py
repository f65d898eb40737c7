"""Raced walks: what they say of where they are is true, and they keep their limits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.required import RequiredReplicas
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search import lanes, raced_walk
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.idle_threads import NO_THREADS, IdleThreads
from alpaplan.search.kernels.race_arrays import NONE_YET, PROPOSED, Limits, Race
from alpaplan.search.objective import LARGEST_STRAIN, LATENCY_WEIGHT
from alpaplan.search.packing import unpack_placement
from alpaplan.search.raced_walk import RacedWalk
from alpaplan.search.space import SearchSpace
from alpaplan.simulator import Evaluation, Simulator
from alpaplan.simulator.kernels.compiling import compiled
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator.cases import COMPILED, Case

Draw = Callable[[np.random.Generator], Placement]

SMALL_POINTS = (40, 120)
STRAIN = 1.5
NUM_REQUESTS = 5_000 if COMPILED else 400
"""Training arrivals; without compilation each takes some hundred times as long."""

STEPS = 40 if COMPILED else 3


def required(problem: PlacementProblem) -> PlacementProblem:
    """Return the problem with models that have to have replicas, some of them apart."""
    least = np.zeros(problem.num_models, dtype=np.int64)
    least[[2, 8, 9]] = 2, 3, 2
    apart = np.zeros(problem.num_models, dtype=np.bool_)
    apart[[2, 9]] = True
    return replace(problem, required=RequiredReplicas(least, apart))


def space_on(problem: PlacementProblem, trace: Trace, *, strained: bool = False) -> SearchSpace:
    """Return a space whose arrivals are all of a trace."""
    simulator = Simulator(problem, trace)
    space = SearchSpace(problem, simulator, simulator)
    return space.strained(STRAIN) if strained else space


def walk_in(
    space: SearchSpace,
    placement: Placement,
    seed: int = 5,
    budget: Budget | None = None,
    idle: IdleThreads = NO_THREADS,
) -> RacedWalk:
    """Return a walk from a placement."""
    start = Candidate.of("random", "", space.score(placement), 1)
    rng = np.random.default_rng(seed)
    return RacedWalk(Attempt(space, budget or Budget(), rng, idle=idle), start)


@pytest.fixture
def trace(simulator: Simulator) -> Trace:
    """Return the arrivals that walks are raced on."""
    return simulator.trace.take(slice(NUM_REQUESTS))


@pytest.fixture
def placement(random_placement: Draw) -> Placement:
    """Return where walks start."""
    return random_placement(np.random.default_rng(8))


def assert_same(found: Evaluation, expected: Evaluation) -> None:
    """Compare all numbers to the last bit."""
    for item in fields(Evaluation):
        np.testing.assert_array_equal(
            getattr(found, item.name), getattr(expected, item.name), err_msg=item.name
        )


@pytest.mark.parametrize("dispatch", Dispatch)
@pytest.mark.parametrize("strained", [False, True])
@pytest.mark.parametrize("requires", [False, True])
def test_scores_are_those_of_whole_simulations(
    dispatch: Dispatch,
    strained: bool,
    requires: bool,
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
) -> None:
    ruled = replace(problem, dispatch=dispatch)
    space = space_on(required(ruled) if requires else ruled, trace, strained=strained)
    walk = walk_in(space, placement)
    accepted = 0
    for _ in range(STEPS):
        accepted += walk.step(0.002, 200)
        scored = space.score(walk.placement)
        assert walk.score == scored.score
        assert_same(walk.evaluation, scored.evaluation)
    assert accepted > STEPS // 8
    assert accepted == walk.counts.accepted.sum()
    assert walk.counts.improved.sum() <= accepted <= walk.num_simulated
    assert walk.candidate().score == walk.score


@pytest.mark.skipif(not COMPILED, reason="takes hundreds of whole simulations")
def test_what_models_require_comes_and_stays(
    problem: PlacementProblem, trace: Trace, random_placement: Draw
) -> None:
    space = space_on(required(problem), trace.take(slice(1_000)))
    ended = []
    for seed in range(4):
        walk = walk_in(space, random_placement(np.random.default_rng(seed)))
        lacking = [walk.score.missing_replicas]
        for _ in range(400):
            walk.step(0.002, 50)
            lacking.append(walk.score.missing_replicas)
            assert lacking[-1] == missing_replicas(space.problem, walk.placement).sum()
        assert lacking == sorted(lacking, reverse=True)
        assert lacking[0] > 0
        ended.append(lacking[-1])
    assert 0 in ended


@pytest.mark.parametrize("strained", [False, True])
def test_without_points_and_temperature_no_step_lowers_the_score(
    strained: bool,
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(raced_walk, "POINTS", ())
    walk = walk_in(space_on(problem, trace, strained=strained), placement)
    before = first = walk.score
    for _ in range(STEPS):
        accepted = walk.step(0.0, 100)
        assert walk.score >= before
        assert accepted or walk.score == before
        before = walk.score
    assert walk.score > first


@pytest.mark.parametrize("most", [1, 2, 37])
def test_no_more_is_simulated_than_the_budget_has(
    most: int, problem: PlacementProblem, trace: Trace, placement: Placement
) -> None:
    walk = walk_in(space_on(problem, trace), placement, budget=Budget(max_evaluations=most))
    while not walk.attempt.exhausted():
        walk.step(0.001, 10)
        assert walk.attempt.used.num_evaluations == walk.num_simulated <= most
    assert walk.num_simulated == most
    assert not walk.step(0.001, 10)
    assert walk.num_simulated == most


def test_a_step_simulates_no_more_than_it_may(
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = walk_in(space_on(problem, trace), placement)
    for most in (1, 3, 0):
        before = walk.num_simulated
        walk.step(0.0, most)
        assert walk.num_simulated - before <= most
    monkeypatch.setattr(raced_walk, "WORK_AT_ONCE", 1)
    for _ in range(5):
        before = walk.num_simulated
        walk.step(0.0, 100)
        assert walk.num_simulated - before == 1


def path(walk: RacedWalk) -> list[tuple[bytes, Score, int]]:
    """Walk on, and return where it was and what it had simulated after each step."""
    found = []
    for _ in range(STEPS):
        walk.step(0.002, 50)
        found.append((walk.placement.key(), walk.score, walk.num_simulated))
    return found


def test_a_walk_depends_on_its_generator_alone(
    problem: PlacementProblem, trace: Trace, placement: Placement
) -> None:
    space = space_on(problem, trace)
    alone = [path(walk_in(space, placement, seed)) for seed in range(4)]
    with ThreadPoolExecutor(4) as executor:
        walks = [walk_in(space, placement, seed) for seed in range(4)]
        assert list(executor.map(path, walks)) == alone
    assert alone[0] != alone[1]


class InTurn(IdleThreads):
    """Does all parts one after another here, the last one first or last."""

    def __init__(self, num_parts: int, *, backwards: bool) -> None:
        super().__init__(1)
        self.num_parts, self.backwards = num_parts, backwards

    def share(self, most: int, work: Callable[[int, int], None]) -> int:
        num_parts = min(most, self.num_parts)
        parts = range(num_parts)
        for part in reversed(parts) if self.backwards else parts:
            work(part, num_parts)
        return num_parts


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("num_lanes", [2, 3, lanes.MOST_LANES])
@pytest.mark.parametrize("strained", [False, True])
def test_lanes_find_what_one_finds(
    num_lanes: int,
    backwards: bool,
    strained: bool,
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = space_on(required(problem), trace, strained=strained)
    # Small, so that walks also stop there between two changes.
    monkeypatch.setattr(raced_walk, "WORK_AT_ONCE", 4 * trace.num_requests)
    budget = Budget(max_evaluations=60 * STEPS, max_work=100 * STEPS * trace.num_requests)
    walks = [
        walk_in(space, placement, budget=budget, idle=idle)
        for idle in (NO_THREADS, InTurn(num_lanes, backwards=backwards))
    ]
    alone, shared = (path(walk) for walk in walks)
    assert alone == shared
    assert len({score for _, score, _ in alone}) > STEPS // 8
    alone_used, shared_used = (walk.attempt.used for walk in walks)
    assert alone_used == shared_used
    assert_same(walks[0].evaluation, walks[1].evaluation)
    assert walks[0].counts.simulated.tolist() == walks[1].counts.simulated.tolist()


def test_lanes_in_idle_threads_find_what_one_finds(
    problem: PlacementProblem, trace: Trace, placement: Placement
) -> None:
    space = space_on(problem, trace)
    alone = path(walk_in(space, placement))
    with ThreadPoolExecutor(3) as helpers:
        idle = IdleThreads(4, helpers)
        with idle.attempt():
            assert path(walk_in(space, placement, idle=idle)) == alone


def test_points_give_changes_up_by_their_slack_alone(
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = space_on(problem, trace)
    monkeypatch.setattr(raced_walk, "POINTS", SMALL_POINTS)
    monkeypatch.setattr(raced_walk, "SLACK_REQUESTS", -math.inf)
    hasty = path(walk_in(space, placement))
    assert {key for key, _, _ in hasty} == {placement.key()}
    monkeypatch.setattr(raced_walk, "SLACK_REQUESTS", math.inf)
    patient = path(walk_in(space, placement))
    assert {key for key, _, _ in patient} != {placement.key()}
    monkeypatch.setattr(raced_walk, "POINTS", ())
    assert patient == path(walk_in(space, placement))


@dataclass(frozen=True)
class Raced:
    """One change, and how far it came.

    Parameters
    ----------
    before, after
        The placements without and with it.
    loss_allowed
        Merit that it may lose.
    num_requests
        Requests that it was simulated on.
    held_out
        Whether it was handed over.
    """

    before: Placement
    after: Placement
    loss_allowed: float
    num_requests: int
    held_out: bool


def recording(records: list[Raced]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what compiles a loop that notes each change, if called for one at a time."""

    def compile_loop(loop: Callable[..., None]) -> Callable[..., None]:
        run = compiled(loop)

        def run_and_note(race: Race, limits: Limits) -> None:
            num_models = race.options.num_models
            before = unpack_placement(race.groups, num_models)
            run(race, limits)
            if not limits.changes_nothing and race.tally.counts[PROPOSED]:
                after = unpack_placement(race.after, num_models)
                loss_allowed = float(race.tally.loss_allowed[0])
                held_out = race.held_out[0] != NONE_YET
                work = int(race.tally.work[0])
                records.append(Raced(before, after, loss_allowed, work, held_out))

        return run_and_note

    return compile_loop


def merits(case: Case, ends: list[int], *, strained: bool) -> list[tuple[float, float, float]]:
    """Ask the oracle: merit and attainment of the first requests, and what these weigh."""
    weight = case.problem.model_weight.tolist()
    fates = case.fates()
    found = []
    for end in ends:
        models = case.trace.model[:end].tolist()
        served = [(m, f[1]) for m, f in zip(models, fates[:end], strict=True) if f[1] is not None]
        total = sum(weight[model] for model in models)
        attainment = sum(weight[model] for model, _ in served) / total
        merit = attainment
        if strained:
            merit = -math.inf
            if served:
                room = (STRAIN - 1) / (LARGEST_STRAIN - 1)
                latency_s = sum(latency_s for _, latency_s in served) / len(served)
                merit = -math.log(1.001 - attainment)
                merit -= LATENCY_WEIGHT * room * math.log(latency_s)
        found.append((merit, attainment, total))
    return found


def expected_end(
    one: Raced, case: Case, ends: list[int], penalty: float, *, strained: bool
) -> tuple[int, bool]:
    """Return how far a change comes by the rule of the race, and whether it holds out.

    Parameters
    ----------
    one, case
        The change, and what it was raced on.
    ends
        The points of the race.
    penalty
        Of the placement without it.
    strained
        Whether more than the attainment is compared.
    """
    before = merits(replace(case, placement=one.before), ends, strained=strained)
    after = merits(replace(case, placement=one.after), ends, strained=strained)
    for end, (merit, attainment, weight), (merit_after, _, _) in zip(
        ends, before, after, strict=True
    ):
        missed = 1 - attainment
        deviations = raced_walk.SLACK_DEVIATIONS * math.sqrt(missed * weight)
        slack = (raced_walk.SLACK_REQUESTS + deviations) / weight
        if strained:
            slack /= missed + 0.001
        if end == ends[-1]:
            slack = penalty
        if merit - merit_after > one.loss_allowed + slack + 1e-12:
            return end, False
    return ends[-1], True


@pytest.mark.parametrize("dispatch", Dispatch)
@pytest.mark.parametrize("strained", [False, True])
def test_changes_are_given_up_where_an_oracle_says(
    dispatch: Dispatch,
    strained: bool,
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records: list[Raced] = []
    weights = np.array([3.0, 1.0] * (problem.num_models // 2))
    # Exact in single precision, which earliest-finish rounds to and the oracle does not.
    stage_latency_s = problem.stage_latency_s.astype(np.float32).astype(np.float64)
    weighted = replace(
        problem, dispatch=dispatch, model_weight=weights, stage_latency_s=stage_latency_s
    )
    space = space_on(weighted, trace.take(slice(260)), strained=strained)
    monkeypatch.setattr(raced_walk, "POINTS", SMALL_POINTS)
    monkeypatch.setattr(lanes, "compiled", recording(records))
    walk = walk_in(space, placement)
    temperature = 0.02 if strained else 0.002
    for _ in range(30):
        walk.step(temperature, 1)
    ends = [*SMALL_POINTS, 260]
    case = Case(weighted, placement, space.training.trace)
    for one in records:
        penalty = space.objective.penalty(weighted, one.before, space.training.evaluate(one.before))
        expected = expected_end(one, case, ends, penalty, strained=strained)
        assert (one.num_requests, one.held_out) == expected
    seen = {(one.num_requests, one.held_out) for one in records}
    assert {(ends[0], False), (ends[-1], True)} <= seen
    for one, behind in itertools.pairwise(records):
        assert behind.before.key() in (one.before.key(), one.after.key())


def test_losses_that_are_allowed_have_the_temperature_as_their_mean(
    problem: PlacementProblem,
    trace: Trace,
    placement: Placement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records: list[Raced] = []
    monkeypatch.setattr(lanes, "compiled", recording(records))
    walk = walk_in(space_on(problem, trace.take(slice(20))), placement)
    for _ in range(400):
        walk.step(0.3, 1)
    losses = np.array([one.loss_allowed for one in records])
    assert losses.min() >= 0
    assert losses.mean() == pytest.approx(0.3, rel=0.2)
    assert (losses > 0.3).mean() == pytest.approx(math.exp(-1), abs=0.08)


def test_attainments_above_one_by_rounding_are_one(
    problem: PlacementProblem, trace: Trace, placement: Placement
) -> None:
    placed = np.asarray(placement.replicas.any(axis=0))[trace.model]
    calm = replace(
        trace,
        arrival_s=trace.arrival_s[placed] * 1_000,
        model=trace.model[placed],
        duration_s=trace.duration_s * 1_000,
    )
    rng = np.random.default_rng(4)
    for _ in range(20):
        weight = rng.choice([0.2, 0.7, 5.0], size=problem.num_models)
        space = space_on(replace(problem, model_weight=weight), calm)
        walk = walk_in(space, placement)
        assert walk.score.attainment == 1
        walk.step(0.0, 20)


@pytest.mark.parametrize("strained", [False, True])
def test_it_starts_where_nothing_is_attained(
    strained: bool, problem: PlacementProblem, trace: Trace, placement: Placement
) -> None:
    nothing = replace(placement, replicas=np.zeros_like(placement.replicas))
    walk = walk_in(space_on(problem, trace, strained=strained), nothing)
    for _ in range(STEPS):
        walk.step(0.0, 20)
    assert walk.score.attainment > 0
