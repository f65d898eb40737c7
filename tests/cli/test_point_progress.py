"""What a terminal shows of sizes and sweeps: points to come, and how long they take."""

from __future__ import annotations

import re

import pytest

from alpaplan.cli import point_progress
from alpaplan.cli.point_progress import Points
from tests.cli.terminal import shown_on


class Clock:
    """Stands for `time.monotonic`."""

    now_s = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the progress."""
    clock = Clock()
    monkeypatch.setattr(point_progress, "time", clock)
    return clock


def test_a_chain_has_another_point_to_come_until_it_ends(clock: Clock) -> None:
    points = Points(num_chains=2, usual_points=3)
    assert points.to_come == 6
    for done in range(1, 6):
        points.begins("rate", f"x {done}")
        points.planned("rate")
        assert (points.done, points.to_come) == (done, 3 + max(1, 3 - done))
    points.ended("rate")
    assert points.to_come == 3
    points.ended("nodes")
    assert points.to_come == 0
    assert points.what == ""


def test_the_time_left_is_that_of_the_points_made_so_far(clock: Clock) -> None:
    points = Points(num_chains=4, usual_points=1)
    assert points.left_s() is None
    points.planned("a")  # of an earlier run
    assert points.left_s() is None
    points.begins("b", "b")
    clock.now_s += 10
    points.planned("b")
    assert points.left_s() == 40  # each chain has another one to come until it ends
    points.ended("a")
    points.ended("b")
    points.begins("c", "c")
    assert points.left_s() == 20
    clock.now_s += 4
    assert points.left_s() == 16


def test_points_side_by_side_take_less(clock: Clock) -> None:
    points = Points(num_chains=4, usual_points=1)
    for chain in "ab":
        points.begins(chain, chain)
    clock.now_s += 10
    for chain in "ab":
        points.planned(chain)
        points.ended(chain)
    assert points.left_s() == 10


def test_the_terminal_shows_what_is_planned_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    stderr = shown_on(monkeypatch, width=100)
    with point_progress.point_progress(None, 2, 3, enabled=True) as points:
        points.begins("rate", "rate x 1")
        clock.now_s += 10
        points.planned("rate")
        points.begins("rate", "rate x 1.1")
    last = [line for line in re.split("[\r\n]", stderr.getvalue()) if "points" in line][-1]
    assert "1 of about 6 points" in last
    assert "planning rate x 1.1" in last
