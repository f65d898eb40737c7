from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.errors import AlpaplanError, InputError
from alpaplan.files import csv_columns, text_blocks
from alpaplan.files.trace_csv import read_trace
from alpaplan.workload.rescale import Scaling
from tests.files.logs.importing import imported, write

WINDOWS = "client,window_start_s,rate_rps,iat_cv,dist,shape,scale\n"
INVOCATIONS = "app,func,end_timestamp,duration\n"
TOKENS = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
NOON, LATE, NEVER = "2023-11-16 12:00:00.68", "2023-11-16 25:00:00.68", "2023-02-30 12:00:00.68"
OLD = "1700-11-16 12:00:00.68"  # 323 years: more nanoseconds than 63 bits have
MS = "1700000000000"
DATE = "must be a date like '2023-11-16 18:15:46.68'"
TOKEN_COUNT = "must be a whole number from 0 to 10,000,000"
FAMILIES = "gamma, weibull, exponential"
MINUTES = "function,minute_0,minute_1\n"


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        (
            "azure-functions-2021",
            f"{INVOCATIONS}a,f,x,1\na,f,5,1\na,,5,1\na,f,nan,-1\na,f,1_0,1\na,f\n",
            [
                "2: end_timestamp: must be a number, found 'x'",
                "4: func: must not be empty, found nothing",
                "5: end_timestamp: must be a finite number, found 'nan'",
                "5: duration: must be at least 0, found '-1'",
                "6: end_timestamp: must be a number, found '1_0'",
                "7: must have 4 columns, found 2",
            ],
        ),
        (
            "azure-functions-2019",
            f"{MINUTES}f,1,2.5\nf,-1,2\n,1,1\nf,1_0,9999999999\n",
            [
                "2: minute_1: must be a whole number from 0 to 1,000,000,000, found '2.5'",
                "3: minute_0: must be a whole number from 0 to 1,000,000,000, found '-1'",
                "4: function: must not be empty, found nothing",
                "5: minute_0: must be a whole number from 0 to 1,000,000,000, found '1_0'",
                "5: minute_1: must be a whole number from 0 to 1,000,000,000, found '9999999999'",
            ],
        ),
        (
            "azure-llm",
            f"{TOKENS}{NOON},1,2\n{LATE},1,2\n5.0,1,2\n{NEVER},1,many\n2023-11-16,1,-2\n",
            [
                f"3: TIMESTAMP: {DATE}, found '{LATE}'",
                f"4: TIMESTAMP: {DATE}, found '5.0'",
                f"5: TIMESTAMP: {DATE}, found '{NEVER}'",
                f"5: GeneratedTokens: {TOKEN_COUNT}, found 'many'",
                f"6: TIMESTAMP: {DATE}, found '2023-11-16'",
                f"6: GeneratedTokens: {TOKEN_COUNT}, found '-2'",
            ],
        ),
        (
            "servegen-windows",
            f"{WINDOWS}a,0,-1,1,Gamma,1,1\na,0,1,0,gama,1,1\na,zero,1,1,Weibull,1,1\n",
            [
                "2: rate_rps: must be at least 0, found '-1'",
                "3: iat_cv: must be above 0, found '0'",
                f"3: dist: must be one of {FAMILIES}, found 'gama'; did you mean 'gamma'?",
                "4: window_start_s: must be a number, found 'zero'",
            ],
        ),
        ("csv", 'time,model\n1,a\n2,"b\n', ["3: not valid CSV: unexpected end of data"]),
        ("csv", 'time,model\n1,a\n2,"b" c\n', ["3: not valid CSV: ',' expected after '\"'"]),
        ("csv", f"time,model\n1,a\n{MS},a\n", [f"3: time: must be at most 1e+11, found '{MS}'"]),
        ("csv", f"time,model\n{MS},a\n5,a\n", ["3: time: must be at least 1e+12, found '5'"]),
        ("csv", f"time,model\n{MS},a\nx,a\n", ["3: time: must be a number, found 'x'"]),
        (
            "jsonl",
            (
                '{"time": 1, "model": "a"}\n{"time": "x", "model": "a"}\n\n[1]\n{"time": }\n'
                '{"time": 2}\n'
            ),
            [
                "2: time: must be a number, found 'x'",
                "4: must be a JSON object, found a list",
                "5: not valid JSON: Expecting value: line 1 column 10 (char 9)",
                "6: model: must not be empty, found nothing",
            ],
        ),
        ("csv", f"time,model\n{NOON},a\n{OLD},b\n", [f"3: time: {DATE}, found '{OLD}'"]),
        ("csv", "", ["1: must begin with a header, found an empty line or file"]),
        ("csv", "\n \n", ["1: must begin with a header, found an empty line or file"]),
    ],
)
def test_what_is_wrong(tmp_path: Path, name: str, text: str, messages: list[str]) -> None:
    path = write(tmp_path / "log.csv", text)
    with pytest.raises(InputError) as caught:
        imported([path], name, tmp_path)
    assert list(caught.value.lines) == [f"{path}:{message}" for message in messages]
    assert not (tmp_path / "imported.csv").exists()


HEADERS = {
    "azure-functions-2019": "function,minute_0,minute_1",
    "azure-functions-2021": "app,func,end_timestamp,duration",
    "azure-llm": "TIMESTAMP,ContextTokens,GeneratedTokens",
    "servegen-windows": "client,window_start_s,rate_rps,iat_cv,dist,shape,scale",
    "csv": "time,model,input_tokens,output_tokens",
}
NUMBERS = ["0", "1", "5.5", "1e3", "1e11", "1e308", "-1", "nan", "_"]
TEXTS = ["", "m", "Gamma", '"', '"a"', "é"]
DATES = ["2023-11-16 18:15:46", "2023-11-16T18:15:46.5+01:00", "9999-99-99 00:00:00"]
CELLS = st.sampled_from([*NUMBERS, *TEXTS, *DATES])


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(HEADERS)),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=4),
    tail=st.binary(max_size=12),
    packed=st.booleans(),
    cv=st.sampled_from([1.0, 2.0]),
)
def test_any_bytes_give_a_trace_or_an_error(
    scratch: Path, name: str, rows: list[list[str]], tail: bytes, packed: bool, cv: float
) -> None:
    width = HEADERS[name].count(",") + 1
    text = "\n".join([HEADERS[name], *(",".join((row * width)[:width]) for row in rows)])
    data = text.encode() + b"\n" + tail
    path = scratch / ("log.csv.gz" if packed else "log.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    try:
        found = imported([path], name, scratch, scaling=Scaling(cv=cv))
    except AlpaplanError:
        return
    assert all(0 <= time < np.inf and model for time, model in found)
    read_trace(scratch / "imported.csv")


def test_lines_are_counted_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{number},m" for number in range(500)]
    for line in (7, 8, 300, 450):
        rows[line - 2] = f"x{line},m"
    rows[90] = '90,"m"'
    path = write(tmp_path / "log.csv", "\r\n".join(["time,model", *rows]))
    expected = [f"{path}:{k}: time: must be a number, found 'x{k}'" for k in (7, 8, 300, 450)]
    for block_bytes in (16, 100, 1 << 19):
        monkeypatch.setattr(text_blocks, "BLOCK_BYTES", block_bytes)
        with pytest.raises(InputError) as caught:
            imported([path], "csv", tmp_path)
        assert list(caught.value.lines) == expected


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that each example of a property test writes to again."""
    return tmp_path_factory.mktemp("scratch")


def test_too_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_columns, "MAX_NAMES", 2)
    path = write(tmp_path / "log.csv", "time,model\n1,a\n1,b\n1,a\n1,c\n")
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path)
    what = "must have at most 2 different names of functions or models, found more"
    assert caught.value.lines == (f"{path}: {what}",)


def test_only_the_first_problems_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n" + "x,m\n" * 1500)
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path)
    assert len(caught.value.lines) == 21
    assert caught.value.lines[19] == f"{path}:21: time: must be a number, found 'x'"
    assert caught.value.lines[20] == f"{path}: and 1,480 more"


def test_all_files_are_looked_at(tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.csv", "time,model\nx,m\n")
    short = tmp_path / "short.csv.gz"
    short.write_bytes(gzip.compress(b"time,model\n" + b"1,m\n" * 9)[:-9])
    no_gzip = tmp_path / "plain.csv.gz"
    no_gzip.write_bytes(b"time,model\n1,m\n")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("time,model\n1,m\n2,m\u00fcll\n".encode("latin-1"))
    absent = tmp_path / "absent.csv"
    with pytest.raises(InputError) as caught:
        imported([bad, short, no_gzip, latin, absent, tmp_path], "csv", tmp_path)
    assert list(caught.value.lines) == [
        f"{bad}:2: time: must be a number, found 'x'",
        f"{short}: the compressed data ends too early",
        f"{no_gzip}: not valid gzip: not a gzipped file (b'ti')",
        f"{latin}:3: must be UTF-8 text, found byte 0xfc",
        f"{absent}: no such file or directory",
        f"{tmp_path}: is a directory, must be a file",
    ]


def test_damage_inside(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    data = bytearray(gzip.compress(b"time,model\n" + b"".join(b"%d,m\n" % k for k in range(9999))))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path)
    assert all(line.startswith(f"{path}:") for line in caught.value.lines)


@pytest.mark.parametrize("text", ["time,model\n", "time,model\n-1,m\n", "time,model\n90,m\n\n\n"])
def test_nothing_left(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "log.csv", text)
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path, end_s=60.0)
    what = "must have requests of assigned functions from its beginning to 60 s, found none"
    assert caught.value.lines == (f"{path}: {what}",)
    assert not (tmp_path / "imported.csv").exists()


def test_dates_after_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n5,m\n2023-11-16 18:15:46,m\n")
    with pytest.raises(InputError, match="3: time: must be a number, found '2023-11-16 18:15:46'"):
        imported([path], "csv", tmp_path)


def test_a_file_that_is_all_wrong_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 1 << 12)
    path = write(tmp_path / "log.csv", "time,model\n" + "x,m\n" * 100_000)
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path)
    *_, last = caught.value.lines
    assert re.fullmatch(r".*: and \d,\d{3} more; the rest of the file was not read", last)
