from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.line_issues import MAX_SHOWN_LINES
from alpaplan.files.trace_csv import read_trace
from alpaplan.files.trace_tokens import require_tokens

TOKENS = "arrival_s,model,input_tokens,output_tokens\n"
COUNT = "must be a whole number from 1 to 10,000,000 in rows of LLMs"


def issues_of(folder: Path, text: str, *llms: str) -> list[str]:
    path = folder / "t.csv"
    path.write_text(text)
    try:
        require_tokens(read_trace(path), llms)
    except InputError as error:
        return [line.removeprefix(f"{path}:") for line in error.lines]
    return []


def test_rows_of_llms_have_token_counts_and_other_rows_anything(tmp_path: Path) -> None:
    text = f"{TOKENS}1,a,7,10000000\n2,b,,\n3,b,x,-1\n5e9,b,,\n"
    assert issues_of(tmp_path, text, "a", "absent") == []
    assert issues_of(tmp_path, "arrival_s,model\n1,b\n", "a") == []


@pytest.mark.parametrize("cell", ["x", "0", "-1", "1.5", "10000001", "1_0"])
def test_what_is_no_count(tmp_path: Path, cell: str) -> None:
    text = f"{TOKENS}1,b,{cell},\n2,a,{cell},3\n3,a,7,{cell}\n4,a,7,\n"
    assert issues_of(tmp_path, text, "a") == [
        f"3: input_tokens: {COUNT}, found {cell!r}",
        f"4: output_tokens: {COUNT}, found {cell!r}",
        f"5: output_tokens: {COUNT}, found nothing",
    ]


def test_traces_without_columns_of_tokens(tmp_path: Path) -> None:
    columns = "arrival_s,model,input_tokens,output_tokens"
    message = f"1: must begin with {columns!r}, since 'a' is an LLM, found 'arrival_s,model'"
    assert issues_of(tmp_path, "arrival_s,model\n1,b\n2,a\n", "a") == [message]


def test_times_that_nanoseconds_cannot_say(tmp_path: Path) -> None:
    text = f"{TOKENS}4e9,a,1,1\n4000000000.25,a,1,1\n"
    what = "arrival_s: must be at most 4,000,000,000 in rows of LLMs, found 4000000000.25"
    assert issues_of(tmp_path, text, "a") == [f"3: {what}"]


def test_only_the_first_are_shown(tmp_path: Path) -> None:
    found = issues_of(tmp_path, TOKENS + "1,a,,5\n" * 3000, "a")
    assert found[:-1] == [
        f"{row + 2}: input_tokens: {COUNT}, found nothing" for row in range(MAX_SHOWN_LINES)
    ]
    assert found[-1].endswith(f"and {3000 - MAX_SHOWN_LINES:,} more")


def test_a_check_of_a_trace_alone_takes_other_cells_for_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(
        "arrival_s,model,input_tokens,output_tokens\n"
        "0.1,a,xx,5\n0.2,b,,\n0.3,c,0,10000001\n0.4,a,7,10000000\n"
    )
    assert read_trace(path).trace.num_requests == 4
    with pytest.raises(InputError) as caught:
        read_trace(path, only_counts=True)
    what = "must be empty or a whole number from 1 to 10,000,000"
    assert list(caught.value.lines) == [
        f"{path}:2: input_tokens: {what}, found 'xx'",
        f"{path}:4: input_tokens: {what}, found '0'",
        f"{path}:4: output_tokens: {what}, found '10000001'",
    ]
