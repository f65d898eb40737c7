"""Workers: wherever attempts run, the same comes out, and a stop reaches them."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.errors import AlpaplanWarning
from alpaplan.problem import PlacementProblem
from alpaplan.search import workers as workers_module
from alpaplan.search.attempt import Attempt, Watch
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Score
from alpaplan.search.methods import METHODS
from alpaplan.search.planner import PlanResult, solve
from alpaplan.search.search import Search
from alpaplan.search.stopping import Interrupt
from alpaplan.search.threads import num_startable
from alpaplan.search.workers import (
    ProcessWorkers,
    SerialWorkers,
    ThreadWorkers,
    Workers,
    processes,
    stop_flag,
    threads,
)
from alpaplan.specs.choices import StopReason
from alpaplan.workload.arrival_sets import ArrivalSets
from tests.search.conftest import served_models
from tests.solved import small_arrival_sets

SCORE = Score(0.5, -1.0)

WAIT_S = 20.0
"""Longest wait for a stop before a test fails."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers]:
    """Return two processes."""
    with processes(2) as workers:
        yield workers


@pytest.fixture(params=["serial", "threads", pytest.param("processes", marks=pytest.mark.slow)])
def workers(request: pytest.FixtureRequest, pool: Workers) -> Iterator[Workers]:
    """Return workers of every kind."""
    if request.param == "processes":
        yield pool
        return
    with threads(1 if request.param == "serial" else 3) as made:
        yield made


def late_if_early(attempt: Attempt, item: int) -> int:
    """Take longer the earlier the item is, and count as often as it says."""
    time.sleep(0.02 * (3 - item))
    for _ in range(item):
        attempt.count(1000, SCORE)
    return 10 * item


def until_stopped(attempt: Attempt, _: int) -> bool:
    """Go on until somebody says stop."""
    end_s = time.monotonic() + WAIT_S
    while not attempt.exhausted() and time.monotonic() < end_s:
        time.sleep(0.001)
    return attempt.stop_reason is not None


def fail(_attempt: Attempt, item: int) -> int:
    """Fail for one item."""
    if item == 1:
        raise LookupError("item 1")
    return item


def test_outcomes_keep_the_order_of_the_tasks(search: Search, workers: Workers) -> None:
    told: list[Usage] = []
    watch = Watch(on_evaluation=lambda used, _: told.append(used))
    whole = replace(search, workers=workers, watch=watch)
    assert whole.map_attempts(late_if_early, iter(range(4))) == [0, 10, 20, 30]
    assert whole.used == Usage(6, 6 * Usage.of_one(1000).work)
    assert sum(told, Usage()) == whole.used


def test_a_stop_reaches_attempts_that_run_and_those_that_wait(
    search: Search, workers: Workers
) -> None:
    asked_s = time.monotonic()

    def stop() -> StopReason | None:
        return StopReason.TIME_LIMIT if time.monotonic() > asked_s + 0.2 else None

    whole = replace(search, budget=Budget(), workers=workers, watch=Watch(stop))
    assert whole.map_attempts(until_stopped, range(5)) == [True] * 5
    assert whole.stop_reason is StopReason.TIME_LIMIT


def test_an_error_in_an_attempt_comes_out(search: Search, workers: Workers) -> None:
    with pytest.raises(LookupError, match="item 1"):
        replace(search, workers=workers).map_attempts(fail, range(4))


@pytest.fixture(scope="module")
def arrivals() -> ArrivalSets:
    return small_arrival_sets(served_models())


def planned(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    method: str,
    workers: Workers | None = None,
    jobs: int = 1,
) -> PlanResult:
    """Plan with a small budget."""
    return solve(
        problem,
        arrivals,
        method,
        rng=np.random.default_rng(1),
        max_evaluations=300,
        workers=workers,
        jobs=jobs,
    )


def all_numbers(result: PlanResult) -> str:
    """Return all that a result says, to the last digit."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return repr(result)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_plans_are_the_same_wherever_attempts_run(
    method: str, problem: PlacementProblem, arrivals: ArrivalSets, pool: Workers
) -> None:
    # Processes get pickles of all attempts, and so show that there are some.
    alone = all_numbers(planned(problem, arrivals, method))
    assert all_numbers(planned(problem, arrivals, method, jobs=2)) == alone
    assert all_numbers(planned(problem, arrivals, method, jobs=3)) == alone
    assert all_numbers(planned(problem, arrivals, method, workers=pool)) == alone


@pytest.mark.slow
def test_an_interrupted_search_in_processes_keeps_the_best_so_far(
    problem: PlacementProblem, arrivals: ArrivalSets, pool: Workers
) -> None:
    interrupt = Interrupt()
    told: list[Usage] = []

    def ask_soon(used: Usage, _: Score | None) -> None:
        told.append(used)
        if len(told) == 3:
            interrupt.ask()

    result = solve(
        problem,
        arrivals,
        "auto",
        rng=np.random.default_rng(1),
        stop=interrupt,
        workers=pool,
        on_evaluation=ask_soon,
    )
    assert result.stop_reason is StopReason.INTERRUPT
    assert result.best.placement.replicas.any()
    assert sum(told, Usage()).num_evaluations == result.num_evaluations


@pytest.mark.slow
def test_processes_can_also_be_somebody_elses(search: Search) -> None:
    with ProcessPoolExecutor(1) as executor:
        own = replace(search, workers=ProcessWorkers(executor))
        assert own.map_attempts(late_if_early, [3]) == [30]
        # They are not the search's to shut down.
        assert executor.submit(int).result() == 0


@pytest.mark.parametrize(
    ("allowed", "kind"), [(0, SerialWorkers), (1, SerialWorkers), (3, ThreadWorkers)]
)
def test_where_threads_are_limited_there_are_fewer(
    allowed: int, kind: type[Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = threading.Thread.start
    left = iter(range(allowed))

    def start(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        usual(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    message = f"the system allows only {allowed} of 8 threads"
    with pytest.warns(AlpaplanWarning, match=message), threads(8) as workers:
        assert isinstance(workers, kind)


def lanes_of(attempt: Attempt, item: int) -> int:
    """Share work with the threads that are idle, and return how many parts there were."""
    return attempt.idle.share(item, lambda _part, _num_parts: None)


@pytest.mark.parametrize(
    ("count", "allowed", "most"), [(4, 7, 4), (4, 6, 1), (2, 3, 1), (4, 1_000, 4)]
)
def test_idle_threads_help_where_there_are_enough(
    count: int, allowed: int, most: int, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "num_startable", lambda wanted: min(wanted, allowed))
    with threads(count) as them:
        own = replace(search, workers=them)
        assert own.map_attempts(lanes_of, [8]) == [most]


def test_threads_that_were_only_tried_are_gone() -> None:
    before = threading.active_count()
    assert num_startable(4) == 4
    assert threading.active_count() == before


def test_a_flag_is_seen_by_copies_and_says_stop_once_its_owner_is_gone() -> None:
    with stop_flag() as flag:
        sent = pickle.dumps(flag)
        copy = pickle.loads(sent)
        assert copy() is None
        flag.show(StopReason.TIME_LIMIT)
        assert copy() is StopReason.TIME_LIMIT
    assert pickle.loads(sent)() is StopReason.INTERRUPT
