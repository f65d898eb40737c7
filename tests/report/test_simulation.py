"""The tables of a simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.report.simulation import simulation_tables
from alpaplan.simulator import SimulationSummary, Simulator
from alpaplan.simulator.statistics import summarize
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.report.text import lines_of, rows_of


@pytest.fixture
def problem() -> PlacementProblem:
    return make.problem([make.model("m"), make.model("n"), make.model("idle")])


def summary(
    problem: PlacementProblem, times_s: list[float], model: list[int], duration_s: float = 10.0
) -> SimulationSummary:
    """Simulate one device for the first model, and one for the first and the last."""
    replicas = np.array([[True, False, False], [True, False, True]])
    placement = Placement(np.zeros(2, dtype=np.int64), replicas)
    models = np.array(model, dtype=np.int32)
    trace = Trace(np.array(times_s), models, problem.model_names, duration_s)
    replay = Simulator(problem, trace).replay(placement)
    return summarize(problem, placement, trace, replay, ["first", "second"])


def test_every_number_by_hand(problem: PlacementProblem) -> None:
    # Of 22 requests at once each device serves ten within 1 s, and the first
    # of two equal queues refuses the rest; nobody serves n.
    found = lines_of(simulation_tables(summary(problem, [0.0] * 22 + [9.0], [0] * 22 + [1])))
    assert found[0] == "SLO attainment 86.96%: 20 of 23 requests"
    assert found[1] == (
        "goodput 2 requests/s, latency mean 550 ms, p50 550 ms, p90 910 ms, p99 1 s"
    )
    assert rows_of(found, "Groups") == [
        ["first", "12", "10", "10.0%"],
        ["second", "10", "10", "10.0%"],
    ]
    assert rows_of(found, "Models") == [
        ["m", "22", "20", "90.91%", "550 ms", "550 ms", "910 ms", "1 s"],
        ["n", "1", "0", "0.00%", "-", "-", "-", "-"],
        ["idle", "0", "0", "-", "-", "-", "-", "-"],
    ]


def test_batches_are_shown_where_there_can_be_any() -> None:
    profiles = [make.profile("p", batch_sizes=(1, 8)), make.profile("q", batch_sizes=(1, 8))]
    names = [make.model("m", "p"), make.model("n", "q")]
    problem = make.problem(names, profiles, make.cluster(max_batch_size=8))
    model = np.array([0] * 8 + [1], dtype=np.int32)
    trace = Trace(np.zeros(9), model, problem.model_names, 1.0)
    placement = Placement(np.zeros(1, dtype=np.int64), np.array([[True, True]]))
    replay = Simulator(problem, trace).replay(placement)
    sizes = np.array([1, 2, 2, 5, 5, 5, 5, 5, 0], dtype=np.int32)
    latency_s = np.where(sizes > 0, 0.5, np.nan)
    attained = np.array([8, 0])
    replay = replace(
        replay,
        evaluation=replace(replay.evaluation, attained=attained),
        latency_s=latency_s,
        batch_size=sizes,
    )
    found = summarize(problem, placement, trace, replay)
    shown = lines_of(simulation_tables(found))
    title = "Batches: mean size, and share of requests by size"
    assert rows_of(shown, title) == [
        ["m", "3.75", "12.5%", "25.0%", "0.0%", "62.5%"],
        ["n", "-", "-", "-", "-", "-"],
    ]
    assert found.models[0].to_json_dict()["batch_size"] == {
        "mean": 3.75,
        "histogram": {"1": 1, "2": 2, "5": 5},
    }
    assert found.models[1].to_json_dict()["batch_size"] == {"mean": None, "histogram": {}}


def test_without_requests_there_is_nothing_to_say(problem: PlacementProblem) -> None:
    found = lines_of(simulation_tables(summary(problem, [], [])))
    assert found[0] == "SLO attainment -: 0 of 0 requests"
    assert rows_of(found, "Models")[0] == ["m", "0", "0", "-", "-", "-", "-", "-"]


def test_a_single_instant_has_no_goodput(problem: PlacementProblem) -> None:
    found = lines_of(simulation_tables(summary(problem, [5.0], [0], duration_s=0.0)))
    assert found[1].startswith("goodput - requests/s, latency mean 100 ms")


def test_large_counts_are_grouped(problem: PlacementProblem) -> None:
    found = lines_of(simulation_tables(summary(problem, [0.0] * 1200, [1] * 1200)))
    assert found[0] == "SLO attainment 0.00%: 0 of 1,200 requests"
    assert rows_of(found, "Models")[1][1] == "1,200"
