"""Open-loop load."""

from __future__ import annotations

import asyncio
import resource
import signal

import numpy as np
import pytest

from alpaplan.verification.client import Client, Server
from alpaplan.verification.load import send_all

NOBODY = Client(Server("127.0.0.1", 1))


@pytest.mark.slow
def test_requests_are_sent_at_their_times_whatever_is_open() -> None:
    sent_s: list[float] = []

    async def send(number: int) -> int:
        sent_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.5)
        return number

    times_s = np.array([1e9, 1e9, 1e9 + 0.1, 1e9 + 0.2])
    load = send_all(times_s, NOBODY, send)
    assert load.results == [0, 1, 2, 3]
    assert len(load.late_s) == 4
    gaps_s = np.diff(sent_s)
    # None waits for the one before, which takes half a second; a busy machine may be late.
    assert gaps_s.sum() < 0.45
    assert gaps_s.sum() >= 0.19 - max(load.late_s)


def test_ctrl_c_leaves_what_has_come_by_then() -> None:
    before = signal.getsignal(signal.SIGINT)

    async def send(number: int) -> int:
        if number == 2:
            signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0 if number < 2 else 60)
        return number

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        load = send_all(np.array([0.0, 0.0, 0.1, 60.0]), NOBODY, send)
    finally:
        signal.signal(signal.SIGINT, before)
    assert load.was_interrupted
    assert load.results == [0, 1, None, None]
    assert load.num_open == 1


def test_limits_of_the_process_are_as_before() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def send(number: int) -> int:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return soft if soft == hard else -1

    load = send_all(np.zeros(1), NOBODY, send)
    assert load.results == [before[1]]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
