"""Logs of one's own: units of time, one model, JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alpaplan.errors import InputError
from tests.files.logs.importing import import_files, imported, write

EPOCH_NS = 1_714_557_600_000_000_000  # 2024-05-01 10:00:00 UTC


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("given", [True, False])
def test_numbers_since_1970(tmp_path: Path, unit: str, given: bool) -> None:
    scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    begin = EPOCH_NS // scale
    late = begin + 20 * 10**9 // scale
    path = write(tmp_path / "log.csv", f"time,model\n{late},a\n{begin},b\n{late},c\n")
    options: dict[str, Any] = {"time_unit": unit} if given else {}
    assert imported([path], "csv", tmp_path, **options) == [(0, "b"), (20, "a"), (20, "c")]
    summary = import_files([path], "csv", tmp_path / "t.csv", start_s=10.0, **options)
    assert summary.begins == "2024-05-01 10:00:00 UTC"
    assert (summary.requests, summary.requests_before) == (2, 0)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1714557600.25", "1714557600.5", "1714557601.123456"], [0, 0.25, 0.873456]),
        (["1714557600000.125", "1714557600001.25", "1.7145576e12"], [0, 0.000125, 0.00125]),
        (["1714557600000000001", "1714557600000000003", "1714557600000000000"], [0, 1e-9, 3e-9]),
        (["100", "50", "1e9"], [50, 100, 1e9]),
    ],
)
def test_fractions_and_digits(tmp_path: Path, texts: list[str], expected: list[float]) -> None:
    rows = "".join(f"{text},m\n" for text in texts)
    path = write(tmp_path / "log.csv", f"time,model\n{rows}")
    assert [time for time, _ in imported([path], "csv", tmp_path)] == expected


def test_small_numbers_of_a_unit_keep_their_zero(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n1500,a\n250.5,b\n")
    rows = imported([path], "csv", tmp_path, time_unit="ms")
    assert rows == [(0.2505, "b"), (1.5, "a")]
    assert import_files([path], "csv", tmp_path / "t.csv", time_unit="ms").begins is None


def test_requests_of_one_model(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,tokens\n1,7\n2,8\n")
    assert imported([path], "csv", tmp_path, model="chat") == [(1, "chat"), (2, "chat")]
    # What looks like a column of models is none then.
    path = write(tmp_path / "log.csv", "time,name\n1,x\n2,y\n")
    assert imported([path], "csv", tmp_path, model="chat") == [(1, "chat"), (2, "chat")]


def test_json_lines(tmp_path: Path) -> None:
    text = (
        '{"timestamp": 2.5, "model": "a", "data": {"tokens": [1, 2]}}\n'
        '\n{"model": "b, \\ud83d\\ude00", "timestamp": "1", "more": null}\r\n'
    )
    path = write(tmp_path / "log.jsonl.gz", text)
    assert imported([path], "jsonl", tmp_path) == [(1, "b, \U0001f600"), (2.5, "a")]
    path = write(tmp_path / "log.jsonl", '{"id": 1, "at": "2024-05-01T10:00:00Z"}\n')
    rows = imported([path], "jsonl", tmp_path, time_column="at", model="m")
    assert rows == [(0, "m")]


def test_mooncake(tmp_path: Path) -> None:
    rest = '"input_length": 9, "output_length": 5, "hash_ids": [0, 1]'
    times_ms = (0, 27482, 3052)
    text = "".join(f'{{"timestamp": {time_ms}, {rest}}}\n' for time_ms in times_ms)
    path = write(tmp_path / "conversation.jsonl", text)
    rows = imported([path], "mooncake", tmp_path)
    assert [time for time, _ in rows] == [0, 3.052, 27.482]
    assert {name for _, name in rows} == {"conversation"}
    assert {name for _, name in imported([path], "mooncake", tmp_path, model="k")} == {"k"}
    with pytest.raises(InputError, match=r"must have a time column .*, found the keys 'when'"):
        imported([write(tmp_path / "w.jsonl", '{"when": 1}\n')], "mooncake", tmp_path)
