"""Token counts of logs: which columns have them, and that they stay with their requests."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpaplan.errors import InputError
from alpaplan.files.logs import sorting
from alpaplan.files.logs.token_columns import INPUT_COLUMNS, OUTPUT_COLUMNS
from alpaplan.workload.assignment import Listed
from alpaplan.workload.rescale import Scaling
from tests.files.logs.importing import import_files, imported, write

TokenRows = list[tuple[float, str, str, str]]


def imported_tokens(paths: list[Path], name: str, folder: Path, **options: Any) -> TokenRows:
    """Import a log, and return the rows of the trace with its token counts as they are written."""
    output = folder / "t.csv"
    assert import_files(paths, name, output, **options).has_tokens
    with output.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["arrival_s", "model", "input_tokens", "output_tokens"]
    return [(float(time), *rest) for time, *rest in rows]  # type: ignore[misc]


def test_azure_llm(tmp_path: Path) -> None:
    header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    code = write(tmp_path / "code.csv", f"{header}2023-11-16 18:15:47.6805900,4808,10\n")
    rows = "2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.6805900,396,0\n"
    chat = write(tmp_path / "chat.csv.gz", header + rows)
    assert imported_tokens([code, chat], "azure-llm", tmp_path) == [
        (0, "chat", "374", "44"),
        (1, "code", "4808", "10"),
        (4, "chat", "396", "1"),
    ]
    assert import_files([code, chat], "azure-llm", tmp_path / "t.csv").num_raised == 1


def test_mooncake(tmp_path: Path) -> None:
    text = (
        '{"timestamp": 500, "input_length": 9, "output_length": 5, "hash_ids": [0, 1]}\n'
        '{"timestamp": 250, "input_length": 6758, "output_length": 500, "hash_ids": []}\n'
    )
    path = write(tmp_path / "conversation.jsonl", text)
    assert imported_tokens([path], "mooncake", tmp_path) == [
        (0.25, "conversation", "6758", "500"),
        (0.5, "conversation", "9", "5"),
    ]


@pytest.mark.parametrize(
    "request_text",
    [
        '{"timestamp": 1.5, "model": "m", "data": {"input_tokens": 7, "output_tokens": 3}}',
        '{"timestamp": 1.5, "model": "m", "usage": {"prompt_tokens": 7, "completion_tokens": 3}}',
        '{"timestamp": 1.5, "model": "m", "input_tokens": "7", "output_tokens": 3.0}',
    ],
)
def test_json_lines(tmp_path: Path, request_text: str) -> None:
    path = write(tmp_path / "log.jsonl", f"{request_text}\n")
    assert imported_tokens([path], "jsonl", tmp_path) == [(1.5, "m", "7", "3")]


@pytest.mark.parametrize(
    ("header", "options"),
    [
        *((f"time,model,{name},output_tokens", {}) for name in INPUT_COLUMNS),
        *((f"time,model,input_tokens,{name}", {}) for name in OUTPUT_COLUMNS),
        ("Timestamp,Model,Request tokens,Response tokens", {}),
        ("time,model,in,out", {"input_column": "in", "output_column": "out"}),
        ("time,model,prompt_tokens,out", {"output_column": "out"}),
    ],
)
def test_any_csv(tmp_path: Path, header: str, options: dict[str, Any]) -> None:
    path = write(tmp_path / "log.csv", f"{header}\n2,b,5,6\n1,a,7,8\n")
    expected = [(1, "a", "7", "8"), (2, "b", "5", "6")]
    assert imported_tokens([path], "csv", tmp_path, **options) == expected


def test_requests_without_tokens_among_others(tmp_path: Path) -> None:
    text = "time,model,input_tokens,output_tokens\n1,embed,512,\n2,chat,7,8\n3,rerank,,\n"
    first = write(tmp_path / "a.csv", text)
    second = write(tmp_path / "b.csv", "time,model\n2.5,classify\n")
    assert imported_tokens([first, second], "csv", tmp_path) == [
        (1, "embed", "512", ""),
        (2, "chat", "7", "8"),
        (2.5, "classify", "", ""),
        (3, "rerank", "", ""),
    ]


def test_a_log_without_tokens_gives_a_trace_without(tmp_path: Path) -> None:
    # A single one of the two columns says nothing about an LLM.
    path = write(tmp_path / "log.csv", "time,model,input_tokens\n1,a,7\n")
    assert not import_files([path], "csv", tmp_path / "t.csv").has_tokens
    assert (tmp_path / "t.csv").read_text() == "arrival_s,model\n1.0,a\n"


@pytest.mark.parametrize(
    ("header", "options", "message"),
    [
        ("time,model,x", {"input_column": "in"}, "must have a column 'in', found 'time,model,x'"),
        ("time,model,in", {"input_column": "in"}, r"must have an output column \(output_tokens, "),
    ],
)
def test_columns_that_are_absent(
    tmp_path: Path, header: str, options: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "log.csv", f"{header}\n1,a,7\n")
    with pytest.raises(InputError, match=message):
        imported([path], "csv", tmp_path, **options)


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "1e8", "nan", "inf", "1_0"])
def test_what_is_no_count(tmp_path: Path, text: str) -> None:
    rows = f"time,model,input_tokens,output_tokens\n1,a,2,3\n2,a,{text},4\n"
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path)
    what = "must be a whole number from 0 to 10,000,000"
    assert list(caught.value.lines) == [f"{path}:3: input_tokens: {what}, found '{text}'"]


def numbered(folder: Path, num_requests: int, rng: np.random.Generator, digits: int = 3) -> Path:
    """Write a log whose token counts say which request they are of."""
    time_s = rng.random(num_requests) * 1200
    rows = "".join(
        f"{time:.{digits}f},m{row % 3},{row + 1},{3 * row + 2}\n" for row, time in enumerate(time_s)
    )
    return write(folder / "log.csv", f"time,model,input_tokens,output_tokens\n{rows}")


def requests_of(rows: TokenRows) -> list[tuple[str, int]]:
    """Return model and number of each request, checking that its parts belong together."""
    found = []
    for _, model, input_tokens, output_tokens in rows:
        row = int(input_tokens) - 1
        assert int(output_tokens) == 3 * row + 2
        assert model == f"m{row % 3}"
        found.append((model, row))
    return found


@pytest.mark.parametrize("options", [{}, {"start_s": 300.0, "end_s": 900.0}, {"digits": 0}])
def test_tokens_stay_with_their_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    # Sorted in runs, merged, cut and, where times are whole seconds, spread over ticks.
    monkeypatch.setattr(sorting, "RUN_BYTES", 2000)
    monkeypatch.setattr(sorting, "MIN_READ_RECORDS", 7)
    digits = options.pop("digits", 3)
    path = numbered(tmp_path, 3000, np.random.default_rng(1), digits)
    rows = imported_tokens([path], "csv", tmp_path, **options)
    numbers = [row for _, row in requests_of(rows)]
    assert len(set(numbers)) == len(numbers) == (3000 if not options else len(rows))
    assert len(numbers) > 1000


def test_tokens_of_functions_that_become_one_model(tmp_path: Path) -> None:
    text = "time,model,input_tokens,output_tokens\n1,f,1,2\n2,g,3,4\n3,h,5,6\n"
    path = write(tmp_path / "log.csv", text)
    rows = imported_tokens([path], "csv", tmp_path, assignment=Listed({"f": "a", "h": "a"}))
    assert rows == [(1, "a", "1", "2"), (3, "a", "5", "6")]


def test_arrivals_drawn_anew_have_tokens_of_their_model_and_window(tmp_path: Path) -> None:
    path = numbered(tmp_path, 3000, np.random.default_rng(2))
    scaling = Scaling(rate=2.0)
    rows = imported_tokens([path], "csv", tmp_path, scaling=scaling)
    assert len(requests_of(rows)) == pytest.approx(6000, rel=0.1)
    time_of = {}
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            time_of[int(row["input_tokens"]) - 1] = float(row["time"])
    for time_s, _, input_tokens, _ in rows:
        # The last window takes the rest.
        assert min(time_s // 600, 1) == min(time_of[int(input_tokens) - 1] // 600, 1)
    # Pairs are drawn uniformly: twice as many as there are, so that most come at least once.
    assert len({row for _, row in requests_of(rows)}) == pytest.approx(3000 * 0.865, rel=0.05)


def test_arrivals_do_not_depend_on_tokens(tmp_path: Path) -> None:
    path = numbered(tmp_path, 500, np.random.default_rng(3))
    lines = [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]
    bare = write(tmp_path / "bare.csv", "\n".join(lines) + "\n")
    scaling = Scaling(rate=2.0, cv=1.5)
    with_tokens = [row[:2] for row in imported_tokens([path], "csv", tmp_path, scaling=scaling)]
    assert imported([bare], "csv", tmp_path, scaling=scaling) == with_tokens
