from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.errors import AlpaplanError, InputError
from alpaplan.files import text_blocks
from alpaplan.files.logs import sorting
from alpaplan.workload.arrivals.renewal import Gamma
from alpaplan.workload.assignment import Listed, RoundRobin, Stripe
from alpaplan.workload.rescale import Scaling
from tests.files.logs.importing import import_files, imported, write
from tests.files.logs.peak_memory import peak_mib
from tests.workload.statistics import assert_mean

REQUESTS = "time,model\n5,f\n1,g\n2,h\n3,g\n4,i\n"


def csv_of(times: NDArray[np.float64], model: str = "m") -> str:
    return "time,model\n" + "".join(f"{time!r},{model}\n" for time in times.tolist())


def test_summary(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n-1,f\n1,g\n2,h\n3,g\n4.5,i\n")
    output = tmp_path / "t.csv.gz"
    summary = import_files([path], "csv", output, assignment=Listed({"g": "a", "h": "b", "x": "c"}))
    assert (summary.requests, summary.num_models, summary.num_silent_models) == (3, 2, 1)
    assert summary.duration_s == 2.0
    assert (summary.num_left_out, summary.requests_left_out) == (1, 1)
    assert summary.requests_before == 1


def test_functions_are_assigned_in_order_of_appearance(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", REQUESTS)
    rows = imported([path], "csv", tmp_path, assignment=RoundRobin(("a", "b")))
    assert rows == [(1, "b"), (2, "a"), (3, "b"), (4, "b"), (5, "a")]
    rows = imported([path], "csv", tmp_path, assignment=Stripe(("a", "b")))
    assert rows == [(1, "a"), (2, "b"), (3, "a"), (4, "b"), (5, "a")]
    # Without f, which has no request before 5, the others move up.
    rows = imported([path], "csv", tmp_path, assignment=RoundRobin(("a", "b")), end_s=5.0)
    assert rows == [(1, "a"), (2, "b"), (3, "a"), (4, "a")]


def test_part_and_speed(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", REQUESTS)
    rows = imported([path], "csv", tmp_path, start_s=2.0, end_s=5.0, scaling=Scaling(time=4.0))
    assert rows == [(0, "h"), (0.25, "g"), (0.5, "i")]


def test_equal_times_keep_the_order_of_the_log(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "time,model\n2,a\n1,b\n")
    second = write(tmp_path / "b.csv", "time,model\n1,c\n2,d\n1,e\n")
    rows = imported([first, second], "csv", tmp_path)
    assert rows == [(1, "b"), (1, "c"), (1, "e"), (2, "a"), (2, "d")]


@pytest.mark.parametrize("name", ["csv", "azure-functions-2019"])
@pytest.mark.parametrize("scaling", [Scaling(), Scaling(1.5, 2.0)])
def test_neither_chunks_nor_runs_leave_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, scaling: Scaling
) -> None:
    rng = np.random.default_rng(0)
    if name == "csv":
        rows = zip(rng.random(3000) * 2000, rng.integers(0, 5, 3000), strict=True)
        text = "time,model\n" + "".join(f"{time:.3f},m{model}\n" for time, model in rows)
    else:
        minutes = ",".join(f"minute_{minute}" for minute in range(30))
        text = f"function,{minutes}\n" + "".join(
            f"f{row},{','.join(map(str, rng.poisson(3, 30)))}\n" for row in range(20)
        )
    path = write(tmp_path / "log.csv", text)
    output = tmp_path / "t.csv.gz"
    import_files([path], name, output, scaling=scaling)
    whole = output.read_bytes()
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 500)
    monkeypatch.setattr(sorting, "RUN_BYTES", 2000)
    monkeypatch.setattr(sorting, "MERGE_BYTES", 2000)
    monkeypatch.setattr(sorting, "MIN_READ_RECORDS", 7)
    monkeypatch.setattr(sorting, "MAX_READ_RECORDS", 50)
    import_files([path], name, output, scaling=scaling)
    assert output.read_bytes() == whole
    import_files([path], name, output, seed=1, scaling=scaling)
    assert (output.read_bytes() == whole) == (name == "csv" and scaling.keeps_arrivals)


def test_scaled_requests(tmp_path: Path) -> None:
    # Busy in the first ten minutes, quiet in the next: windows follow the load.
    rng = np.random.default_rng(4)
    busy, quiet = Gamma(4.0, 2.0).sample(600.0, rng), Gamma(0.5, 2.0).sample(600.0, rng)
    path = write(tmp_path / "log.csv", csv_of(np.concatenate([busy, 600 + quiet])))
    counts: list[tuple[int, int]] = []
    for seed in range(40):
        rows = imported([path], "csv", tmp_path, seed, end_s=1200.0, scaling=Scaling(rate=0.5))
        early = sum(time < 600 for time, _ in rows)
        counts.append((early, len(rows) - early))
    assert_mean([early for early, _ in counts], busy.size / 2)
    assert_mean([late for _, late in counts], quiet.size / 2)


def test_scaled_windows_reach_to_the_last_request(tmp_path: Path) -> None:
    # 100 s at windows of 40 s: two of them, the second one 60 s long.
    times = np.arange(0.0, 100.5, 0.5)
    path = write(tmp_path / "log.csv", csv_of(times))
    rows = imported([path], "csv", tmp_path, window_s=40.0, scaling=Scaling(rate=4.0))
    assert len(rows) == pytest.approx(4 * times.size, abs=8)
    assert rows[-1][0] == pytest.approx(100.0, abs=0.5)
    assert np.diff([time for time, _ in rows]).max() < 0.6


@pytest.mark.parametrize("window_s", [None, 120.0])
def test_scaled_counts(tmp_path: Path, window_s: float | None) -> None:
    path = write(tmp_path / "log.csv", "function,minute_0,minute_1,minute_2\nf,400,0,100\n")
    counts = []
    for seed in range(60):
        rows = imported(
            [path], "azure-functions-2019", tmp_path, seed,
            window_s=window_s, scaling=Scaling(rate=3.0, cv=2.0),
        )  # fmt: skip
        counts.append(Counter(int(time // 60) for time, _ in rows))
    expected = [1200, 0, 300] if window_s is None else [600, 600, 300]
    for minute, number in enumerate(expected):
        if number:
            assert_mean([count[minute] for count in counts], number)
        else:
            assert all(minute not in count for count in counts)


def test_a_single_instant_cannot_be_scaled(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n5,m\n5,m\n")
    with pytest.raises(AlpaplanError, match="must span some time to be scaled"):
        imported([path], "csv", tmp_path, start_s=5.0, scaling=Scaling(rate=2.0))


def test_what_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: no folder"):
        import_files([tmp_path / "unread.csv"], "csv", tmp_path / "absent" / "t.csv")


def test_an_old_trace_stays_if_the_new_one_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "time,model\n5,m\nx,m\n")
    output = tmp_path / "t.csv"
    output.write_text("old")
    with pytest.raises(InputError):
        import_files([path], "csv", output)
    assert output.read_text() == "old"
    assert {one.name for one in tmp_path.iterdir()} == {"log.csv", "t.csv"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_log(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    rng = np.random.default_rng(0)
    peaks = []
    for num_requests in (150_000, 600_000):
        # The worst order: every run reaches over the whole time.
        times = rng.integers(0, 10**6, num_requests).tolist()
        text = "time,model\n" + "".join(f"{time},m{time % 9}\n" for time in times)
        path = write(tmp_path / "log.csv", text)
        peaks.append(peak_mib(path, tmp_path / "t.csv", "csv", run_bytes=1 << 19))
    # In memory, the 450,000 more rows would take 50 MiB as texts and 5 MiB as records.
    assert peaks[1] < peaks[0] + 4, peaks


def test_windows_are_counted_of_logs_that_do_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "RUN_BYTES", 64)
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 256)
    rows = "".join(f"{600 * window},1,1,Gamma,1,1\n" for window in range(50))
    path = write(tmp_path / "chunk-0-trace.csv", rows)
    summary = import_files([path], "servegen-windows", tmp_path / "t.csv")
    assert summary.windows == (50, 600.0)
