"""The comparison over a day is of what it says."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from alpaplan.planning.schedules.results import Figure
from alpaplan.search.schedules.judged import Attained
from tests.benchmarks.day import NUM_MODELS, inputs_of, loading_at, read_minutes, table


def test_functions_are_dealt_out_in_turn_with_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "minutes.csv.gz"
    rows = [f"f{number},{number},0" for number in range(NUM_MODELS + 1)]
    path.write_bytes(gzip.compress("\n".join(["function,minute_0,minute_1", *rows]).encode()))
    minutes = read_minutes(path)
    assert minutes[:3].tolist() == [[NUM_MODELS, 0], [1, 0], [2, 0]]
    models = inputs_of(minutes + 1, 12.0).workload.models
    trace = inputs_of(minutes + 1, 12.0).workload.sample(6000.0, 0)
    assert len(models) == NUM_MODELS
    assert trace.num_requests / 6000 == pytest.approx(12.0, rel=0.1)


def test_load_times_are_those_of_their_columns() -> None:
    problem = inputs_of(np.ones((NUM_MODELS, 2)), 1.0).problem
    assert loading_at(problem, "0 s").load_overhead_s == 0
    assert loading_at(problem, "0 s").pools[0].load_bandwidth_bytes_per_s == np.inf
    assert loading_at(problem, "2GB").load_overhead_s == 5
    assert loading_at(problem, "2GB").pools[0].load_bandwidth_bytes_per_s == 2e9


def test_the_table_has_a_column_for_each_load_time() -> None:
    found = [[Figure("one", "", "", Attained(200, 199), 1.0)] for _ in range(2)]
    lines = table(("0 s", "2GB"), found).splitlines()
    assert lines == [
        "| placement | 0 s | 2GB |",
        "| --- | --- | --- |",
        "| one | 99.50% | 99.50% |",
    ]
