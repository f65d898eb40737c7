"""Option values: what is read, and what is said of what cannot be."""

from __future__ import annotations

import re
from typing import Any

import click
import pytest

from alpaplan.cli.quantities import Bytes, Counts, Number, Seconds, WholeNumber


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Seconds(), "2min", 120.0),
        (Seconds(), "0.5", 0.5),
        (Seconds(zero=True), "0", 0.0),
        (Bytes(), "13GiB", 13 * 2**30),
        (Counts(), "4,1, 2,2", (1, 2, 4)),
        (Counts(), "8", (8,)),
        (Number(0, 1), "1", 1.0),
        (Number(0, 1), "0", 0.0),
        (Number(0, 1), "1e-3", 0.001),
        (WholeNumber(), " 12 ", 12),
        (WholeNumber(0, 1), 0, 0),
    ],
)
def test_values_that_are_read(kind: click.ParamType[Any], text: str, expected: object) -> None:
    assert kind.convert(text, None, None) == expected


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Seconds(), "soon", "must be a number or text like '151ms', found 'soon'"),
        (Seconds(), "0s", "must be above 0, found '0s'"),
        (Seconds(zero=True), "-1", "must be at least 0, found '-1'"),
        (Seconds(), "1e99", "must be at most"),
        (Seconds(), "1e-320", "must be at least 1 ns, found '1e-320'"),
        (Seconds(zero=True), "0.5ns", "must be 0 or at least 1 ns, found '0.5ns'"),
        (Bytes(), "0", "must be above 0 and at most 1e+18, found '0'"),
        (Bytes(), "1 gig", "unknown unit 'gig'"),
        (Bytes(), "1e99", "and at most 1e+18"),
        (Counts(), "", "must be whole numbers like 1,2,4, found ''"),
        (Counts(), "1,two", "must be whole numbers like 1,2,4, found '1,two'"),
        (Counts(), "1_0", "must be whole numbers like 1,2,4, found '1_0'"),
        (Counts(), "\u0662", "must be whole numbers like 1,2,4, found '\u0662'"),
        (Counts(), "0,1", "must be from 1 to 1,000,000, found '0,1'"),
        (Number(0, 1), "nan", "must be a number, found 'nan'"),
        (Number(0, 1), "inf", "must be a number, found 'inf'"),
        (Number(0, 1), "1.5", "must be from 0 to 1, found '1.5'"),
        (Number(0, 1e6, above=True), "0", "must be above 0 and at most 1,000,000, found '0'"),
        (WholeNumber(2, 1000), "1", "must be from 2 to 1,000, found '1'"),
        (WholeNumber(), "1.5", "must be a whole number, found '1.5'"),
        (WholeNumber(), "9" * 5000, "must be a whole number, found '999"),
        (Counts(), "9" * 30, "must be from 1 to 1,000,000"),
    ],
)
def test_values_that_are_refused(kind: click.ParamType[Any], text: str, message: str) -> None:
    with pytest.raises(click.BadParameter, match=re.escape(message)):
        kind.convert(text, None, None)
