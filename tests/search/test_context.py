"""Search contexts: budgets, shares, generators and workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.candidate import Score
from alpaplan.search.context import EVALUATION_WORK, SearchContext
from alpaplan.search.stopping import Interrupt, StopReason
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make

SCORE = Score(0.5, -1.0)


def one_model() -> tuple[PlacementProblem, Simulator]:
    problem = make.problem()
    trace = Trace(np.arange(10.0), np.zeros(10, np.int32), problem.model_names, 10.0)
    return problem, Simulator(problem, trace)


PROBLEM, SIMULATOR = one_model()


def context(seed: int = 0) -> SearchContext:
    """Return a context without a budget."""
    return SearchContext(PROBLEM, SIMULATOR, SIMULATOR, np.random.default_rng(seed))


@pytest.fixture(params=[None, 3])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """Return no workers, and some."""
    if request.param is None:
        yield None
        return
    with ThreadPoolExecutor(request.param) as threads:
        yield threads


@given(
    most=st.integers(1, 10_000),
    used=st.integers(0, 10_000),
    num_attempts=st.integers(1, 40),
    fraction=st.floats(0.01, 1),
)
def test_shares_are_equal_parts_of_what_is_left(
    most: int, used: int, num_attempts: int, fraction: float
) -> None:
    whole = replace(context(), max_evaluations=most, max_work=1000 * most)
    whole.num_evaluations, whole.work = min(used, most), 1000 * min(used, most)
    shares = [whole.share(num_attempts, fraction) for _ in range(num_attempts)]
    of_evaluations, of_work = shares[0].max_evaluations, shares[0].max_work
    assert of_evaluations is not None
    assert of_work is not None
    assert {share.max_evaluations for share in shares} == {of_evaluations}
    assert {share.max_work for share in shares} == {of_work}
    left = most - whole.num_evaluations
    # An attempt may always simulate once, else it had nothing to return.
    assert of_evaluations == 1 or of_evaluations * num_attempts <= left * fraction
    assert of_work == 1 or of_work * num_attempts <= 1000 * left * fraction
    assert (of_evaluations + 1) * num_attempts > left * fraction
    assert all(share.num_evaluations == share.work == 0 for share in shares)


def test_without_a_budget_shares_have_none_either() -> None:
    share = context().share(3)
    assert (share.max_evaluations, share.max_work) == (None, None)


def test_attempts_draw_independently_and_the_same_every_time() -> None:
    def draw(own: SearchContext, _: int) -> float:
        return float(own.rng.random())

    first, again = (context(4).map_attempts(draw, range(5)) for _ in range(2))
    assert first == again
    assert len(set(first)) == 5
    assert context(5).map_attempts(draw, range(5)) != first
    # More of one step's attempts do not change those before them.
    assert context(4).map_attempts(draw, range(7))[:5] == first


def test_results_keep_the_order_of_the_items(executor: Executor | None) -> None:
    def attempt(own: SearchContext, item: int) -> int:
        time.sleep(0.01 * (3 - item) if executor else 0.0)
        return 10 * item

    found = replace(context(), executor=executor).map_attempts(attempt, iter(range(4)))
    assert found == [0, 10, 20, 30]


def test_the_work_of_attempts_counts_for_the_whole(executor: Executor | None) -> None:
    whole = replace(context(), max_evaluations=100, executor=executor)

    def attempt(own: SearchContext, item: int) -> int | None:
        for _ in range(item):
            own.count(1000, SCORE)
        own.count(10)
        return own.max_evaluations

    assert whole.map_attempts(attempt, [1, 2, 3], fraction=0.6) == [20, 20, 20]
    assert whole.num_evaluations == 9
    assert whole.work == 6 * 1000 + 3 * 10 + 9 * EVALUATION_WORK
    assert whole.map_attempts(attempt, []) == []
    assert whole.num_evaluations == 9


def test_the_tightest_budget_is_the_used_part() -> None:
    own = replace(context(), max_evaluations=10, max_work=4 * (EVALUATION_WORK + 1000))
    assert own.used() == 0.0
    own.count(1000, SCORE)
    assert own.used() == 0.25
    assert replace(own, max_work=None).used() == 0.0
    for _ in range(3):
        assert not own.exhausted()
        own.count(1000, SCORE)
    assert own.used() == 1.0
    assert own.exhausted()
    assert own.stop_reason is None


def test_without_a_budget_nothing_is_used_up() -> None:
    own = context()
    for _ in range(100):
        own.count(10**6, SCORE)
    assert own.used() == 0.0
    assert not own.exhausted()


def test_a_stop_is_remembered_and_passed_on_to_the_whole() -> None:
    interrupt = Interrupt()
    whole = replace(context(), stop=interrupt)

    def attempt(own: SearchContext, item: int) -> bool:
        if item:
            interrupt.ask()
        return own.exhausted()

    assert whole.map_attempts(attempt, [0, 1]) == [False, True]
    assert whole.stop_reason is StopReason.INTERRUPT
    assert whole.exhausted()


def test_every_simulation_is_counted_and_told() -> None:
    told: list[tuple[int, Score | None]] = []
    own = replace(context(), on_evaluation=lambda work, score: told.append((work, score)))
    placement = Placement(np.zeros(1, np.int64), np.ones((1, 1), np.bool_))
    score, evaluation = own.evaluate(placement)
    assert score == Score(1.0, pytest.approx(-0.1))  # type: ignore[arg-type]
    assert evaluation.attained.tolist() == [10]
    assert (own.num_evaluations, own.work) == (1, 10 + EVALUATION_WORK)
    own.count(3)
    assert told == [(10 + EVALUATION_WORK, score), (3 + EVALUATION_WORK, None)]


def test_steps_log_what_was_simulated_since_the_last_one() -> None:
    own = context()
    own.count(1, SCORE)
    own.log("first", SCORE, "a note")
    own.count(1, SCORE)
    own.count(1)
    own.log("second", Score(0.7, -1.0))
    assert [(step.name, step.num_evaluations, step.notes) for step in own.steps] == [
        ("first", 1, ("a note",)),
        ("second", 2, ()),
    ]
    assert own.steps[1].best.attainment == 0.7
