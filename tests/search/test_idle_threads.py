"""Threads that attempts share."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alpaplan.search.idle_threads import NO_THREADS, IdleThreads


def test_work_is_shared_by_as_many_threads_as_are_idle() -> None:
    with ThreadPoolExecutor(4) as helpers:
        idle = IdleThreads(4, helpers)
        with idle.attempt():
            for most, expected in ((8, 4), (2, 2), (1, 1)):
                together = threading.Barrier(expected)
                seen: list[tuple[int, int]] = []

                def work(part: int, num_parts: int) -> None:
                    together.wait(10)  # noqa: B023
                    seen.append((part, num_parts))  # noqa: B023

                assert idle.share(most, work) == expected
                assert sorted(seen) == [(part, expected) for part in range(expected)]
            with idle.attempt():
                together, seen = threading.Barrier(3), []
                assert idle.share(8, work) == 3


def test_without_other_threads_all_work_is_done_here() -> None:
    seen: list[tuple[int, int, str]] = []
    here = threading.current_thread().name

    def work(part: int, num_parts: int) -> None:
        seen.append((part, num_parts, threading.current_thread().name))

    for idle in (NO_THREADS, IdleThreads(3)):
        assert idle.share(8, work) == 1
    with ThreadPoolExecutor(1) as helpers:
        busy = IdleThreads(1, helpers)
        with busy.attempt():
            assert busy.share(8, work) == 1
    assert seen == [(0, 1, here)] * 3


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_any_part_is_raised_and_leaves_all_threads_idle(failing: int) -> None:
    def work(part: int, _num_parts: int) -> None:
        if part == failing:
            raise ValueError("no")

    with ThreadPoolExecutor(2) as helpers:
        idle = IdleThreads(2, helpers)
        for _ in range(3):
            with idle.attempt(), pytest.raises(ValueError, match="no"):
                idle.share(2, work)
        with idle.attempt():
            assert idle.share(2, lambda _part, _num_parts: None) == 2
