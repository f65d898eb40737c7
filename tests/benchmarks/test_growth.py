"""The table of how costs grow: times of parts within parts, and exponents."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks import growth
from tests.benchmarks.growth import PARTS, WHOLE, Cost, Watch, exponent, table


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read as Linux shows them")
def test_a_part_does_not_count_what_is_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times_s = iter([0.0, 1.0, 11.0, 13.0])
    monkeypatch.setattr(growth, "process_time", lambda: next(times_s))
    watch = Watch()
    with watch.part("outer"), watch.part("inner"):
        pass
    assert watch.costs["outer"].processor_s == 1 + 2
    assert watch.costs["inner"].processor_s == 10
    assert watch.costs["inner"].peak_bytes > 0


def test_costs_have_exponents() -> None:
    assert exponent(1.0, 16.0, 4.0) == 2
    names = [growth.READING, *(name for name, _, _ in PARTS), growth.OTHER, growth.WRITING, WHOLE]
    small = dict.fromkeys(names, Cost(1.0, 10**6))
    large = dict.fromkeys(names, Cost(4.0, 3 * 10**6))
    last = table((500, 2000), (small, large)).splitlines()[-1]
    assert last == "| whole | 1.00, 1 | 4.00, 3 | n^1.00 |"
