from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.csv_table import Chunk
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.logs.clock import Clock


def seconds(texts: list[str]) -> list[float]:
    issues = LineIssues(Path("log.csv"))
    found = Clock().read(Chunk(["time"], texts, range(2, 2 + len(texts)), issues), 0)
    issues.raise_any()
    return [float(one) for one in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.5", "0"], [1.5, 0.0]),
        (["2024-05-10 00:00:00.009930+00:00", "2024-05-10 00:00:01.009931+00:00"], [0, 1.000001]),
        (["2024-05-10T00:00:00Z", "2024-05-10T00:01:00.5Z"], [0, 60.5]),
        (["2024-05-10T01:00+01:00", "2024-05-10T00:00:01Z", "2024-05-10T00:00-01"], [0, 1, 3600]),
        (["2023-12-31 23:59:59.9999999", "2024-01-01 00:00:00.0000000"], [0, 1e-7]),
        (["2024-01-01 00:00:10", "2024-01-01 00:00:04"], [0, -6]),
    ],
)
def test_texts(texts: list[str], expected: list[float]) -> None:
    assert seconds(texts) == expected


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31))


@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from([" ", "T"]), st.booleans())
def test_against_the_standard_library(
    moments: list[datetime], separator: str, fractions: bool
) -> None:
    if not fractions:
        moments = [moment.replace(microsecond=0) for moment in moments]
    texts = [moment.isoformat(separator) for moment in moments]
    expected = [(moment - moments[0]) / timedelta(seconds=1) for moment in moments]
    assert seconds(texts) == pytest.approx(expected, rel=1e-15)
