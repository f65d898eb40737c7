from __future__ import annotations

import csv
import gzip
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpaplan.errors import AlpaplanError, InputError
from alpaplan.files.logs.registry import LOG_FORMATS
from alpaplan.workload.rescale import Scaling
from tests.files.logs.importing import import_files, imported, read_rows, write
from tests.workload.statistics import assert_mean

CSV_FORMATS = [name for name in LOG_FORMATS if name not in ("csv", "jsonl", "mooncake")]


@pytest.mark.parametrize("published", [True, False])
def test_counts_a_minute_of_consecutive_days(tmp_path: Path, published: bool) -> None:
    days = [{"f": [2, 0, 3], "g": [0, 1, 0]}, {"h": [4, 0, 0], "f": [0, 0, 1]}]
    paths = []
    for day, counts in enumerate(days):
        if published:
            lines = ["HashOwner,HashApp,HashFunction,Trigger,1,2,3"]
            lines += [f"o,a,{name},http,{','.join(map(str, row))}" for name, row in counts.items()]
        else:
            lines = ["function,minute_0,minute_1,minute_2"]
            lines += [f"{name},{','.join(map(str, row))}" for name, row in counts.items()]
        paths.append(write(tmp_path / f"d{day}.csv", "\n".join(lines) + "\n"))
    rows = imported(paths, "azure-functions-2019", tmp_path)
    assert Counter((int(time // 60), name) for time, name in rows) == {
        (0, "f"): 2, (1, "g"): 1, (2, "f"): 3, (3, "h"): 4, (5, "f"): 1,
    }  # fmt: skip
    assert len({time for time, _ in rows}) == len(rows)


def test_counts_lie_uniformly_in_their_minute(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "function,minute_0,minute_1\nf,0,20000\n")
    times = np.array([time for time, _ in imported([path], "azure-functions-2019", tmp_path)])
    assert ((times >= 60) & (times < 120)).all()
    assert_mean(times, 90.0)
    assert_mean((times - 90.0) ** 2, 300.0)


def test_a_function_twice_on_one_day(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "function,minute_0\nf,2\nf,3\n")
    assert len(imported([path], "azure-functions-2019", tmp_path)) == 5


def test_counts_of_a_part(tmp_path: Path) -> None:
    text = "function,minute_0,minute_1,minute_2,minute_3\nf,500,1000,1000,7\n"
    path = write(tmp_path / "d.csv", text)
    rows = imported([path], "azure-functions-2019", tmp_path, start_s=90.0, end_s=180.0)
    minutes = Counter(time < 30 for time, _ in rows)
    assert minutes[False] == 1000
    # Half of the minute that the cut goes through: binomial.
    assert abs(minutes[True] - 500) < 4 * math.sqrt(250)


def test_invocations_by_end_and_duration(tmp_path: Path) -> None:
    text = "app,func,end_timestamp,duration\na,f,5,4.5\na,g,6,0.25\nb,f,7.125,6.5\na,f,8,9\n"
    path = write(tmp_path / "log.csv.gz", text)
    rows = imported([path], "azure-functions-2021", tmp_path)
    # Only f is in two apps, and a function of one is none of the other.
    assert rows == [(0.5, "a/f"), (0.625, "b/f"), (5.75, "g")]


def test_invocations_by_arrival(tmp_path: Path) -> None:
    text = "timestamp_s,function_or_model,duration_s\n1.5,f,10\n2,g,0.5\n"
    path = write(tmp_path / "log.csv", text)
    assert imported([path], "azure-functions-2021", tmp_path) == [(1.5, "f"), (2.0, "g")]


def test_services_by_file_with_dates(tmp_path: Path) -> None:
    header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    code = write(tmp_path / "code.csv.gz", f"{header}2023-11-16 18:15:47.6805900,4808,10\n")
    chat = write(
        tmp_path / "chat.csv",
        f"{header}2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n",
    )
    expected = [(0.0, "chat"), (1.0, "code"), (4.314579, "chat")]
    assert imported([code, chat], "azure-llm", tmp_path) == expected
    rows = imported([code, chat], "azure-llm", tmp_path, start_s=0.5, end_s=4.0)
    assert rows == [(0.5, "code")]


def test_requests_of_services_by_name(tmp_path: Path) -> None:
    text = "timestamp_s,function_or_model,input_tokens,output_tokens\n0.5,conv,374,44\n1,code,3,4\n"
    path = write(tmp_path / "log.csv", text)
    assert imported([path], "azure-llm", tmp_path) == [(0.5, "conv"), (1.0, "code")]


WINDOWS = "client,window_start_s,rate_rps,iat_cv,dist,shape,scale\n"


@pytest.mark.parametrize("dist", ["Gamma", "Weibull", "exponential"])
def test_windows_of_rates(tmp_path: Path, dist: str) -> None:
    # The second client has no window from 300 on; windows are 300 s long, as the starts say.
    text = f"{WINDOWS}a,0,4,2,{dist},1,1\nb,0,2,1.5,{dist},1,1\na,300,8,2,{dist},1,1\n"
    path = write(tmp_path / "w.csv", text)
    found: dict[tuple[str, int], list[float]] = {("a", 0): [], ("b", 0): [], ("a", 1): []}
    gaps: list[float] = []
    for seed in range(24):
        rows = imported([path], "servegen-windows", tmp_path, seed)
        counts = Counter((name, int(time // 300)) for time, name in rows)
        for key, numbers in found.items():
            numbers.append(counts[key])
        gap_s = np.diff([time for time, name in rows if name == "a" and time < 300])
        gaps.append(float(np.std(gap_s) / np.mean(gap_s)))
    assert_mean(found["a", 0], 1200)
    assert_mean(found["b", 0], 600)
    assert_mean(found["a", 1], 2400)
    cv = 1.0 if dist == "exponential" else 2.0
    assert np.mean(gaps) == pytest.approx(cv, rel=0.04)


def test_length_of_a_single_window(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", f"{WINDOWS}a,1200,5,1,Gamma,1,1\n")
    times = [time for time, _ in imported([path], "servegen-windows", tmp_path)]
    assert 1200 <= times[0] < 1220
    assert 1780 < times[-1] < 1800
    short = imported([path], "servegen-windows", tmp_path, window_s=60.0)
    assert max(short)[0] < 1260


def test_published_windows_of_a_client_in_each_file(tmp_path: Path) -> None:
    first = "0,2,2,Gamma,0.25,2.6\n600,0,0,,0,0\n1200,1,1.5,Weibull,0.7,1.6\n"
    second = "0,0,0,,0,0\n600,0,nan,,nan,nan\n1200,3,1,Exponential,1,1\n"
    paths = []
    for folder, name, text in (
        ("week", "chunk-0-trace.csv", first),
        ("week", "chunk-1-trace.csv", second),
        ("other", "chunk-1-trace.csv", second),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        paths.append(write(tmp_path / folder / name, text))
    summary = import_files(paths, "servegen-windows", tmp_path / "t.csv")
    assert summary.windows == (3, 600.0)
    found = Counter((name, int(time // 600)) for time, name in read_rows(tmp_path / "t.csv"))
    assert set(found) == {
        ("chunk-0", 0), ("chunk-0", 2), ("week/chunk-1", 2), ("other/chunk-1", 2)
    }  # fmt: skip
    assert 1600 < found["week/chunk-1", 2] < 2000


@pytest.mark.parametrize(
    ("starts_s", "window_s", "length_s"),
    [((0, 1200, 3000), None, 600), ((0, 600), None, 600), ((0, 1200), 300, 300), ((0,), None, 600)],
)
def test_length_of_windows_without_the_silent_ones(
    tmp_path: Path, starts_s: tuple[float, ...], window_s: float | None, length_s: float
) -> None:
    text = WINDOWS + "".join(f"c,{start_s},1,1,Gamma,1,1\n" for start_s in starts_s)
    path = write(tmp_path / "w.csv", text)
    summary = import_files([path], "servegen-windows", tmp_path / "t.csv", window_s=window_s)
    assert summary.windows == (len(starts_s), length_s)


def test_windows_must_not_overlap(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", f"{WINDOWS}a,0,5,1,Gamma,1,1\na,60,5,1,Gamma,1,1\n")
    with pytest.raises(AlpaplanError, match="--window must be at most 60 s"):
        imported([path], "servegen-windows", tmp_path, window_s=61.0)


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("arrival_s,x,model", {}),
        ("Timestamp,x,Service", {}),
        ("t,x,who", {"time_column": "t", "model_column": "who"}),
        ("t,x,model", {"time_column": "t"}),
    ],
)
def test_any_csv(tmp_path: Path, header: str, options: dict[str, Any]) -> None:
    path = write(tmp_path / "log.csv", f'{header}\n3,"a,b",m\n1e0,2,"n"\n\n3,1,o\n')
    assert imported([path], "csv", tmp_path, **options) == [(1.0, "n"), (3.0, "m"), (3.0, "o")]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("when,model\n", {}, "must have a time column (arrival_s, timestamp_s, timestamp, time,"),
        ("time,who\n", {}, "found 'time,who'; name it with --model-column"),
        ("time,who\n", {"model_column": "whom"}, "found 'time,who'; did you mean 'who'?"),
    ],
)
def test_columns_that_are_not_there(
    tmp_path: Path, text: str, options: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "log.csv", text)
    with pytest.raises(InputError) as caught:
        imported([path], "csv", tmp_path, **options)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}:1: must have a ")
    assert message in line


@pytest.mark.parametrize("name", CSV_FORMATS)
def test_another_header(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "log.csv", "what,is,this\n1,2,3\n")
    with pytest.raises(InputError) as caught:
        imported([path], name, tmp_path)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}:1: must begin with '")
    assert line.endswith("found 'what,is,this'")


def test_minutes_that_are_not_consecutive(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "function,minute_0,minute_2\nf,1,2\n")
    with pytest.raises(InputError, match="found 'function,minute_0,minute_2'"):
        imported([path], "azure-functions-2019", tmp_path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("dev_azure_llm_2023.csv.gz", "azure-llm"),
        ("dev_maf2_2021_head.csv.gz", "azure-functions-2021"),
        ("dev_azure_llm_2023.csv.gz", "csv"),
    ],
)
def test_real_requests(shared_cases: Path, tmp_path: Path, file: str, name: str) -> None:
    path = shared_cases / "traces" / file
    with gzip.open(path, "rt") as stream:
        expected = [
            (float(row["timestamp_s"]), row["function_or_model"]) for row in csv.DictReader(stream)
        ]
    assert imported([path], name, tmp_path) == sorted(expected, key=lambda row: row[0])


def test_real_counts(shared_cases: Path, tmp_path: Path) -> None:
    path = shared_cases / "traces" / "dev_maf1_2019_day.csv.gz"
    with gzip.open(path, "rt") as stream:
        expected = {
            (minute, row["function"]): int(row[f"minute_{minute}"])
            for row in csv.DictReader(stream)
            for minute in range(600, 605)
            if int(row[f"minute_{minute}"])
        }
    rows = imported([path], "azure-functions-2019", tmp_path, start_s=36_000.0, end_s=36_300.0)
    assert Counter((600 + int(time // 60), name) for time, name in rows) == expected


@pytest.mark.slow
def test_real_windows(shared_cases: Path, tmp_path: Path) -> None:
    path = shared_cases / "traces" / "dev_servegen_windows_week1.csv.gz"
    with gzip.open(path, "rt") as stream:
        rates = {
            row["client"]: float(row["rate_rps"])
            for row in csv.DictReader(stream)
            if row["window_start_s"] == "484800" and float(row["rate_rps"]) < 100
        }
    scaling = Scaling(rate=0.05)
    rows = imported(
        [path], "servegen-windows", tmp_path, start_s=484_800.0, end_s=485_400.0, scaling=scaling
    )
    counts = Counter(name for _, name in rows)
    total = sum(counts[name] for name in rates)
    assert total == pytest.approx(600 * 0.05 * sum(rates.values()), rel=0.05)
