"""Limits along each axis: against brute force, the same wherever they run, and taken up again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpaplan.errors import AlpaplanError, AlpaplanWarning, SpecError
from alpaplan.files.document import load_document
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import draw_arrivals, plan, random_streams
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.axes import FACTOR_AXES, with_nodes
from alpaplan.planning.sizes.measure import Boundary, FactorRuns, find_boundary, unseen_of
from alpaplan.planning.sizes.results import AxisLimit, Sizes
from alpaplan.planning.sizes.size import size
from alpaplan.planning.tasks import local_runner
from alpaplan.specs.choices import SizeAxis
from alpaplan.specs.plan import PlanSpec
from tests import builders as make

SETTINGS = PlanSettings(max_evaluations=40)
GAMMA = {"process": "gamma", "rate_rps": 6.0, "cv": 3.0}


def inputs_of(*pools: dict[str, Any], models: Sequence[dict[str, Any]] | None = None) -> Inputs:
    """Return two bursty models that share two nodes of two devices."""
    both = [make.model("a", arrivals=GAMMA), make.model("b", arrivals=GAMMA)]
    return Inputs.of_specs(
        make.cluster(*(pools or [make.pool(count=2, devices_per_node=2)])),
        make.workload(*(models or both)),
        {"p": make.profile(weight_bytes=4 * make.GB)},
    )


def sizes_of(
    inputs: Inputs, *axes: SizeAxis, target: float = 0.9, jobs: int = 1, **more: Any
) -> Sizes:
    """Return limits by few evaluations."""
    methods = more.pop("methods", ("auto",))
    with local_runner(jobs, len(axes)) as runner:
        return size(inputs, axes, methods, SETTINGS, target, runner, **more)


@pytest.mark.parametrize("axis", sorted(FACTOR_AXES))
def test_what_is_unseen_at_a_factor_is_what_planning_there_leaves_unseen(axis: str) -> None:
    varied = FACTOR_AXES[axis].vary(inputs_of(), 1.5)
    arrivals = draw_arrivals(varied, random_streams(3)[0])
    for ours, theirs in zip(unseen_of(varied, 3), arrivals.unseen, strict=True):
        np.testing.assert_array_equal(ours.arrival_s, theirs.arrival_s)
        np.testing.assert_array_equal(ours.model, theirs.model)


def test_at_twice_the_rate_requests_come_in_half_the_time() -> None:
    inputs = inputs_of()
    planned = plan(inputs, SETTINGS).document
    runs = FactorRuns(inputs, "rate", 0).runs(planned, 2.0)
    twice = FACTOR_AXES["rate"].vary(inputs, 2.0)
    traces = unseen_of(twice, 0)
    assert runs.requests.tolist() == [trace.num_requests for trace in traces]
    stated = unseen_of(inputs, 0)
    np.testing.assert_allclose(traces[0].arrival_s, stated[0].arrival_s / 2, rtol=1e-12)


@pytest.mark.parametrize(
    ("axis", "limit"), [("rate", 1.7), ("rate", 0.31), ("cv", 3.3), ("slo", 0.62), ("slo", 2.9)]
)
def test_a_boundary_is_found_from_anywhere(axis: str, limit: float) -> None:
    for start in (0.02, 1.0, 40.0):
        asked: list[float] = []

        def holds(value: float, asked: list[float] = asked) -> bool:
            asked.append(value)
            return value >= limit if axis == "slo" else value <= limit

        found = find_boundary(holds, axis, (1 / 64, 64.0), start)
        assert found.value == pytest.approx(limit, rel=0.003)
        assert holds(found.value or 0.0)
        assert len(asked) < 40


def test_boundaries_that_do_not_exist() -> None:
    assert find_boundary(lambda _: False, "rate", (0.5, 2.0), 1.0) == Boundary(None)
    assert find_boundary(lambda _: True, "rate", (0.5, 2.0), 1.0) == Boundary(2.0, is_end=True)
    assert find_boundary(lambda _: True, "slo", (0.5, 2.0), 1.0) == Boundary(0.5, is_end=True)


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_limits_of_factors_are_where_the_best_plan_stops_to_keep_the_target() -> None:
    inputs = inputs_of()
    found = sizes_of(inputs, SizeAxis.RATE, SizeAxis.CV, SizeAxis.SLO)
    for limit in found.limits:
        assert limit.limit is not None
        assert limit.plan is not None
        assert limit.interval_95 is not None
        low, high = limit.interval_95
        assert low <= limit.limit <= high
        assert limit.attainment is not None
        assert limit.attainment >= 0.9
        # On the curve, each point is at least what any plan seen attains there.
        runs = FactorRuns(inputs, limit.axis, 0)
        for point in limit.points:
            attained = runs.runs(limit.plan, point.value).slo_attainment
            assert point.slo_attainment is not None
            assert point.slo_attainment >= attained
        harder = limit.limit * (0.99 if limit.axis == "slo" else 1.01)
        assert runs.runs(limit.plan, harder).slo_attainment < 0.9


@pytest.mark.slow
def test_the_same_wherever_it_runs_and_taken_up_from_a_folder(tmp_path: Path) -> None:
    axes = (SizeAxis.RATE, SizeAxis.NODES)
    here = sizes_of(inputs_of(), *axes, folder=tmp_path / "here")
    there = sizes_of(inputs_of(), *axes, jobs=2, folder=tmp_path / "there")
    names = sorted(str(path.relative_to(tmp_path / "here")) for path in files_in(tmp_path / "here"))
    assert {"points.jsonl", "rate-auto.yaml", "nodes-auto.yaml"} <= set(names)
    for name in names:
        ours, theirs = (tmp_path / where / name for where in ("here", "there"))
        assert ours.read_bytes() == theirs.read_bytes()
    told = Told()
    again = sizes_of(inputs_of(), *axes, folder=tmp_path / "here", listener=told)
    assert again.to_json_dict() == here.to_json_dict()
    assert len(there.limits) == 2
    assert {what for what, _ in told.heard} == {"planned", "ended"}  # nothing was planned again


class Told:
    """Keeps what a listener hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def begins(self, chain: str, what: str) -> None:
        """Keep it."""
        self.heard.append(("begins", chain))

    def planned(self, chain: str) -> None:
        """Keep it."""
        self.heard.append(("planned", chain))

    def ended(self, chain: str) -> None:
        """Keep it."""
        self.heard.append(("ended", chain))


@pytest.mark.usefixtures("short_runs")
def test_listeners_hear_of_every_plan_and_every_end() -> None:
    told = Told()
    (limit,) = sizes_of(inputs_of(), SizeAxis.NODES, listener=told).limits
    plans = [("begins", "nodes auto"), ("planned", "nodes auto")] * limit.plans_tried
    assert told.heard == [*plans, ("ended", "nodes auto")]


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_plans_of_other_inputs_are_not_taken_up(tmp_path: Path) -> None:
    first = sizes_of(inputs_of(), SizeAxis.NODES, folder=tmp_path)
    other = inputs_of(models=[make.model("a", arrivals=GAMMA | {"rate_rps": 7.0})])
    sizes_of(other, SizeAxis.NODES, folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "points.jsonl").read_text().splitlines()]
    planned = [line for line in lines if "sha256" in line]
    assert len({line["key"] for line in lines}) == len(lines)
    assert len(planned) > len(first.limits[0].points)


@pytest.mark.usefixtures("short_runs")
def test_plans_say_what_was_varied(tmp_path: Path) -> None:
    (limit,) = sizes_of(inputs_of(), SizeAxis.NODES, folder=tmp_path).limits
    fewer = [path for path in (tmp_path / "plans").iterdir() if "nodes-n-1" in path.name]
    assert fewer, limit
    made = load_document(fewer[0], PlanSpec).spec.provenance
    assert made is not None
    assert made.varied is not None
    assert made.varied.nodes == {"n": 1}


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_nodes_are_the_fewest() -> None:
    inputs = inputs_of()
    (limit,) = sizes_of(inputs, SizeAxis.NODES).limits
    attained = {}
    for count in (1, 2, 3):
        planned = plan(with_nodes(inputs, {"n": count}), SETTINGS)
        attained[count] = planned.prediction.slo_attainment
    fewest = min(count for count, found in attained.items() if found >= 0.9)
    assert limit.limit == fewest
    assert limit.nodes == {"n": fewest}
    assert limit.stated == 2


def test_a_range_of_nodes_is_not_left() -> None:
    pool = make.pool(devices_per_node=2) | {"count": {"min": 1, "max": 2}}
    (limit,) = sizes_of(inputs_of(pool), SizeAxis.NODES, target=0.9999999).limits
    assert limit.limit is None
    assert limit.stated is None
    assert limit.reason is not None
    assert "up to 2 nodes of n" in limit.reason


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_the_cheapest_mix_is_that_of_brute_force() -> None:
    pools = [
        make.pool("small", devices_per_node=1)
        | {"count": {"min": 0, "max": 3}, "cost_per_hour": 1},
        make.pool("large", devices_per_node=2)
        | {"count": {"min": 0, "max": 2}, "cost_per_hour": 3},
    ]
    inputs = inputs_of(*pools)
    (limit,) = sizes_of(inputs, SizeAxis.COST).limits
    costs = {}
    for small in range(4):
        for large in range(3):
            if small or large:
                nodes = {"small": small, "large": large}
                found = plan(with_nodes(inputs, nodes), SETTINGS).prediction.slo_attainment
                if found >= 0.9:
                    costs[small + 3 * large] = nodes
    assert limit.limit == min(costs)
    assert limit.nodes == costs[min(costs)]
    assert limit.plans_tried < 11


def test_costs_have_to_be_there() -> None:
    with pytest.raises(SpecError, match="cost_per_hour to size by cost, found none"):
        sizes_of(inputs_of(), SizeAxis.COST)


@pytest.mark.usefixtures("short_runs")
def test_a_pool_has_to_be_named_where_there_are_several() -> None:
    inputs = inputs_of(make.pool("x"), make.pool("y"))
    with pytest.raises(AlpaplanError, match=r"several node pools \(x, y\)"):
        sizes_of(inputs, SizeAxis.NODES)
    with pytest.raises(AlpaplanError, match="found 'z'"):
        sizes_of(inputs, SizeAxis.NODES, pool="z")
    (limit,) = sizes_of(inputs, SizeAxis.NODES, pool="y").limits
    assert limit.limit == 0


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_processes_without_a_cv_are_named_and_left() -> None:
    poisson = make.model("b", arrivals={"process": "poisson", "rate_rps": 3})
    mixed = inputs_of(models=[make.model("a", arrivals=GAMMA), poisson])
    with pytest.warns(AlpaplanWarning, match="1 models have no CV to scale and stay: b"):
        sizes_of(mixed, SizeAxis.CV)
    with pytest.raises(AlpaplanError, match="no arrivals of the workload have a CV"):
        sizes_of(inputs_of(models=[poisson]), SizeAxis.CV)


@pytest.mark.usefixtures("short_runs")
def test_objectives_that_no_device_meets_are_never_reached() -> None:
    impossible = make.model("b", slo_s=0.001, arrivals=GAMMA)
    inputs = inputs_of(models=[make.model("a", arrivals=GAMMA), impossible])
    (limit,) = sizes_of(inputs, SizeAxis.RATE).limits
    assert limit.limit is None
    assert limit.reason is not None
    assert "is not reached by any plan" in limit.reason
    assert as_json(limit)["confidence_interval_95"] is None


def as_json(limit: AxisLimit) -> dict[str, Any]:
    """Return the data for JSON, as JSON has it."""
    found: dict[str, Any] = json.loads(json.dumps(limit.to_json_dict(lambda _: None)))
    return found


def files_in(folder: Path) -> list[Path]:
    """Return all files in a folder and those in it."""
    return [path for path in folder.rglob("*") if path.is_file()]
