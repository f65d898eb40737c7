"""Logs of whole seconds: requests are spread over them before anything else is done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from alpaplan.files.logs import sorting
from alpaplan.workload.arrivals.renewal import Poisson
from alpaplan.workload.rescale import Scaling
from tests.files.logs.importing import Rows, import_files, imported, write
from tests.workload.statistics import Floats


def seconds(rate_rps: float = 20.0, duration_s: float = 300.0) -> Floats:
    return np.floor(Poisson(rate_rps).sample(duration_s, np.random.default_rng(3)))


def log_of(folder: Path, times_s: Floats, start_s: float = 0.0) -> Path:
    rows = "".join(f"{t + start_s:.9g},{'fg'[i % 2]}\n" for i, t in enumerate(times_s))
    return write(folder / "log.csv", "time,model\n" + rows)


def cv(rows: Rows) -> float:
    gaps = np.diff([time for time, _ in rows])
    return float(gaps.std() / gaps.mean())


@pytest.mark.parametrize("run_bytes", [1 << 24, 1 << 12])
def test_requests_are_spread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_bytes: int
) -> None:
    monkeypatch.setattr(sorting, "RUN_BYTES", run_bytes)
    monkeypatch.setattr(sorting, "MIN_READ_RECORDS", 16)
    monkeypatch.setattr(sorting, "MERGE_BYTES", run_bytes)
    times_s = seconds()
    path = log_of(tmp_path, times_s)
    rows = imported([path], "csv", tmp_path)
    assert cv(rows) == pytest.approx(1, abs=0.05)
    recorded = zip(times_s.tolist(), "fg" * times_s.size, strict=False)
    assert Counter((int(time), name) for time, name in rows) == Counter(recorded)


def test_what_is_said_and_kept(tmp_path: Path) -> None:
    path = log_of(tmp_path, seconds())
    ticks = import_files([path], "csv", tmp_path / "t.csv").ticks
    assert ticks is not None
    assert ticks.lengths_s == (1.0,)
    kept = import_files([path], "csv", tmp_path / "k.csv", as_recorded=True).ticks
    assert kept is not None
    assert (tmp_path / "k.csv").read_text() == path.read_text().replace(
        "time,", "arrival_s,"
    ).replace(",f", ".0,f").replace(",g", ".0,g")
    exact = log_of(tmp_path, Poisson(20.0).sample(60.0, np.random.default_rng(4)))
    assert import_files([exact], "csv", tmp_path / "t.csv").ticks is None


@pytest.mark.parametrize("scaling", [Scaling(rate=2.0), Scaling(time=3.0), Scaling(cv=1.5)])
def test_they_are_spread_before_they_are_scaled(tmp_path: Path, scaling: Scaling) -> None:
    rows = imported([log_of(tmp_path, seconds())], "csv", tmp_path, scaling=scaling)
    assert cv(rows) == pytest.approx(scaling.cv, rel=0.2)


def test_dates_in_whole_seconds_and_a_part_of_them(tmp_path: Path) -> None:
    stamps = (np.datetime64("2024-05-01T10:00:00") + seconds().astype("timedelta64[s]")).astype(str)
    path = write(tmp_path / "log.csv", "time,model\n" + "".join(f"{t},m\n" for t in stamps))
    rows = imported([path], "csv", tmp_path, start_s=100.0, end_s=200.0)
    assert cv(rows) == pytest.approx(1, abs=0.1)
    assert 0 <= rows[0][0] < 1
    assert 99 <= rows[-1][0] < 100


def test_a_tick_that_the_end_cuts(tmp_path: Path) -> None:
    rows = imported([log_of(tmp_path, seconds())], "csv", tmp_path, end_s=100.5)
    assert 100 < rows[-1][0] < 100.5
