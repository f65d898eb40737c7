"""Simulations of the shipped profiles are as good as the guide says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.estimate_errors import summary
from tests.benchmarks.measured_engines import (
    HOST_STEP_S,
    Load,
    fit_host_s,
    load_needed_profiles,
    markdown,
    points_of,
    predict,
    read_loads,
)

HOST_S = {"0.11.2": 0.0, "0.12.0": 2.1e-3, "0.15.1": 0.0, "0.18.0": 0.2e-3}
"""What the command fits, as the guide has it."""

LOAD = Load("Qwen/Qwen3-32B", "0.12.0", 2, 1024, 128, 8, 1.0, 0.2, 0.02)


def test_medians_of_all_points_are_within_the_goals(shared_cases: Path) -> None:
    points = points_of(read_loads(shared_cases), load_needed_profiles(), HOST_S)
    assert len(points) == 110
    assert summary(ttft for ttft, _ in points).median_absolute < 0.3
    assert summary(tpot for _, tpot in points).median_absolute < 0.05
    assert markdown(points).splitlines()[2].startswith("| all |  | 110 | 4.")


def test_finds_the_host_time_that_predictions_were_made_with() -> None:
    profiles = load_needed_profiles()
    host_s = 7 * HOST_STEP_S
    loads = [replace(LOAD, num_clients=clients) for clients in (1, 8)]
    made = [
        replace(load, tpot_s=predict(load, profiles[load.model], host_s).tpot_s) for load in loads
    ]
    assert fit_host_s(made, profiles) == pytest.approx(host_s)


def test_the_host_adds_its_time_to_each_iteration() -> None:
    profile = load_needed_profiles()[LOAD.model]
    alone = replace(LOAD, num_clients=1)
    without, with_host = (predict(alone, profile, host_s) for host_s in (0.0, 1e-3))
    assert with_host.tpot_s - without.tpot_s == pytest.approx(1e-3, abs=1e-6)
    assert with_host.ttft_s - without.ttft_s == pytest.approx(1e-3, abs=1e-6)
