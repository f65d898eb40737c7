"""Short texts for numbers, names and devices."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.report.text import (
    attained,
    device_ranges,
    name_ranges,
    number_ranges,
    percent,
    some_names,
    some_ranges,
)
from alpaplan.specs.plan import NodeDevices

names = st.lists(
    st.one_of(
        st.from_regex(r"[ab-]{0,2}[0-9]{1,3}", fullmatch=True),
        st.from_regex(r"[ab-]{1,2}", fullmatch=True),
        st.tuples(st.sampled_from(["a", "a-", "b1-"]), st.integers(8, 12)).map(
            lambda parts: f"{parts[0]}{parts[1]}"
        ),
    ),
    max_size=12,
)


def expanded(text: str) -> list[str]:
    """Return the names that a text of ranges stands for."""
    found: list[str] = []
    for part in text.split():
        match = re.fullmatch(r"(.*?)(\d+)\.\.(\d+)", part)
        if match is None:
            found.append(part)
        else:
            stem, first, last = match.groups()
            found += [f"{stem}{number}" for number in range(int(first), int(last) + 1)]
    return found


@pytest.mark.parametrize(
    ("given_names", "text"),
    [
        ([], ""),
        (["m0", "m1", "m2", "x"], "m0..2 x"),
        (["m0", "m1", "n2", "n3"], "m0..1 n2..3"),
        (["m0", "m2", "m3"], "m0 m2..3"),
        (["m9", "m10", "m11"], "m9..11"),
        (["m1", "m0"], "m1 m0"),
        (["m08", "m09", "m10", "m11"], "m08 m09 m10..11"),
        (["ft-0", "ft-1", "ft"], "ft-0..1 ft"),
        (["7", "8"], "7..8"),
        (["qwen3-8b", "qwen3-9b"], "qwen3-8b qwen3-9b"),
    ],
)
def test_runs_of_names(given_names: list[str], text: str) -> None:
    assert name_ranges(given_names) == text


@given(names)
def test_ranges_of_names_expand_to_the_names(given_names: list[str]) -> None:
    assert expanded(name_ranges(given_names)) == given_names


@given(st.integers(0, 50), st.integers(2, 20))
def test_a_run_of_names_is_one_range(first: int, count: int) -> None:
    run = [f"m{number}" for number in range(first, first + count)]
    assert name_ranges(run) == f"m{first}..{first + count - 1}"


def test_only_some_of_many_names() -> None:
    assert some_names(["m0", "m1", "m2"], 3) == "m0..2"
    assert some_names([f"m{index}" for index in range(1500)], 3) == "m0..2 and 1,497 more"


@given(st.lists(st.integers(0, 20), max_size=12))
def test_ranges_of_numbers_expand_to_the_numbers(numbers: list[int]) -> None:
    found: list[int] = []
    for part in filter(None, number_ranges(numbers).split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    assert found == numbers


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([0, 1, 2, 5], "0-2,5"), ([4, 0, 1], "4,0-1"), ([1, 1], "1,1")],
)
def test_runs_of_numbers(numbers: list[int], text: str) -> None:
    assert number_ranges(numbers) == text


def test_devices_by_node() -> None:
    nodes = [NodeDevices(node=f"p3-{i}", devices=(0, 1, 2, 3)) for i in range(4)]
    assert device_ranges([]) == ""
    assert device_ranges(nodes[:1]) == "p3-0[0-3]"
    assert device_ranges([NodeDevices(node="x-0", devices=(1, 5, 6))]) == "x-0[1,5-6]"
    assert device_ranges(nodes[:3]) == "p3-0[0-3] p3-1[0-3] p3-2[0-3]"
    assert device_ranges(nodes) == "p3-0[0-3] .. p3-3[0-3] (4 nodes)"


@pytest.mark.parametrize(
    ("fraction", "digits", "text"),
    [
        (0.98765, 2, "98.77%"),
        (0.98765, 0, "99%"),
        (1.0, 2, "100.00%"),
        (0.0, 1, "0.0%"),
        (None, 2, "-"),
        (math.nan, 2, "-"),
    ],
)
def test_percent(fraction: float | None, digits: int, text: str) -> None:
    assert percent(fraction, digits) == text


@pytest.mark.parametrize(
    ("fraction", "requests", "text"),
    [
        (None, 100, "-"),
        (0.98765, 100, "98.77%"),
        (0.99994, 1_000_000, "99.99%"),
        (0.999996, 1_000_000, "4 missed"),
        (0.999996, None, "99.9996%"),
        (1.0, 1_000_000, "100.00%"),
    ],
)
def test_few_misses_are_a_number(fraction: float | None, requests: int | None, text: str) -> None:
    assert attained(fraction, requests) == text


def test_some_ranges_count_the_names_of_the_others() -> None:
    names = ["a0", "a1", "a2", "b", "c4", "c5", "d"]
    assert some_ranges(names, 2) == "a0..2 b and 3 more"
    assert some_ranges(names, 4) == "a0..2 b c4..5 d"
