from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.units import (
    BYTE_UNITS,
    SECOND_UNITS,
    exact_bytes,
    format_bytes,
    format_count,
    format_seconds,
    format_value,
    parse_bytes,
    parse_number,
    parse_seconds,
)

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text("0123456789.eE+- GiBms_", max_size=12)
    | st.lists(st.integers(), max_size=3)
    | st.builds(pow, st.just(10), st.just(5000))
    | st.just("9" * 5000)
)


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [
        ("16GiB", 16 * 2**30),
        ("13.4GB", 13_400_000_000),
        (" 1.5 kB ", 1500),
        ("1KB", 1000),
        ("0.1B", 1),
        ("1e3MB", 10**9),
        (1.2, 2),
        (7, 7),
        ("2TiB", 2**41),
    ],
)
def test_bytes(text: object, num_bytes: int) -> None:
    assert parse_bytes(text) == num_bytes
    assert isinstance(parse_bytes(text), int)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("151ms", 0.151),
        ("10us", 1e-5),
        ("10 µs", 1e-5),
        ("5ns", 5e-9),
        ("2min", 120.0),
        ("1.5h", 5400.0),
        ("1d", 86400.0),
        ("3", 3.0),
        (0.1, 0.1),
        ("1e-3", 0.001),
    ],
)
def test_seconds(text: object, seconds: float) -> None:
    assert parse_seconds(text) == seconds  # exactly: read as decimal, rounded once


@pytest.mark.parametrize("value", [True, None, [], {}, "", "GB", "1 2", "1_0", "0x1", "nan", "inf"])
def test_no_quantity(value: object) -> None:
    for parse in (parse_bytes, parse_seconds, parse_number):
        with pytest.raises(ValueError, match=r"must be a number|unknown unit"):
            parse(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_have_to_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        parse_seconds(value)


def test_unknown_unit_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown unit 'gb' \(known: B, kB, KB, MB, GB,"):
        parse_bytes("16gb")
    with pytest.raises(ValueError, match=r"unknown unit 's' \(known: none here\)"):
        parse_number("5s")


@given(value=ANYTHING)
def test_only_value_errors(value: object) -> None:
    for parse in (parse_bytes, parse_seconds, parse_number):
        try:
            parse(value)
        except ValueError as error:
            message = str(error)
            assert len(message) < 300
    assert len(format_value(value)) < 400


@given(number=st.integers(0, 10**15), unit=st.sampled_from(sorted(BYTE_UNITS)))
def test_whole_bytes_are_exact(number: int, unit: str) -> None:
    assert parse_bytes(f"{number}{unit}") == number * BYTE_UNITS[unit]


@given(number=st.floats(0, 1e9), unit=st.sampled_from(sorted(SECOND_UNITS)))
def test_seconds_scale_with_the_unit(number: float, unit: str) -> None:
    assert parse_seconds(f"{number!r} {unit}") == pytest.approx(number * float(SECOND_UNITS[unit]))


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_plain_numbers_are_exact(number: float) -> None:
    assert parse_number(number) == number
    assert parse_number(repr(number)) == number


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (13.4e9, "13.4 GB"), (2**40, "1.1 TB"), (1500, "1.5 kB")],
)
def test_format_bytes(num_bytes: float, text: str) -> None:
    assert format_bytes(num_bytes) == text


def test_exact_bytes_can_be_compared_and_read() -> None:
    assert exact_bytes(13_400_000_001) == "13400000001 bytes (13.4 GB)"


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0 s"),
        (2e-5, "20 us"),
        (0.9996e-3, "1 ms"),
        (0.151, "151 ms"),
        (0.9999999, "1 s"),
        (1.98, "1.98 s"),
        (99.99, "100 s"),
        (1234.5, "1234 s"),
    ],
)
def test_format_seconds(duration_s: float, text: str) -> None:
    assert format_seconds(duration_s) == text
    assert format_seconds(math.nan) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ([1], "a list"),
        ({}, "a mapping"),
        (1.5, "1.5"),
        ("a\nb", r"'a\nb'"),
        pytest.param(10**5000, "a number too long to show", id="huge"),
        ("x" * 61, f"'{'x' * 60}'... (61 characters)"),
    ],
)
def test_format_value(value: object, text: str) -> None:
    assert format_value(value) == text


def test_counts_for_people() -> None:
    shown = [format_count(number, "model") for number in (0, 1, 2, 1234)]
    assert shown == ["0 models", "1 model", "2 models", "1,234 models"]
