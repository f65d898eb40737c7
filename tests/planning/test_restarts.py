"""Independent searches: the best is kept, wherever they run, and Ctrl-C keeps what is done."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from alpaplan.planning.plan import plan, random_streams
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.tasks import Surroundings, Task, TaskRunner, local_runner
from tests.planning.sizes.test_sizes import inputs_of

SETTINGS = PlanSettings(max_evaluations=20, restarts=3, jobs=1)


def test_the_streams_of_other_searches_disturb_none() -> None:
    alone = [rng.random() for rng in random_streams(5)]
    assert [rng.random() for rng in random_streams(5, 4)][:2] == alone


@pytest.mark.slow
def test_more_searches_try_more_and_say_so() -> None:
    one = plan(inputs_of(), replace(SETTINGS, restarts=1))
    three = plan(inputs_of(), SETTINGS)
    assert three.document.provenance is not None
    assert three.document.provenance.restarts == 3
    assert one.document.provenance is not None
    assert one.document.provenance.restarts is None
    assert len(three.result.tried) > len(one.result.tried)
    assert three.result.num_evaluations > one.result.num_evaluations
    assert three.result.tried[three.result.chosen].placement.key()


@pytest.mark.slow
def test_the_same_plan_in_processes_and_here() -> None:
    here = plan(inputs_of(), SETTINGS).document
    with local_runner(2, 3) as runner:
        assert plan(inputs_of(), SETTINGS, runner=runner).document == here


class _Interrupted(Executor):
    """Runs one task; Ctrl-C comes during the next one."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def double(number: int, _: Surroundings) -> int:
    """Return twice a number."""
    return 2 * number


def test_ctrl_c_keeps_what_is_done() -> None:
    tasks = [Task(f"{number}", double, (number,)) for number in (1, 2, 3)]
    assert TaskRunner(_Interrupted(), None).finished(tasks) == [2]
    planned = plan(inputs_of(), SETTINGS, runner=TaskRunner(_Interrupted(), None))
    assert planned.document.groups
