"""The bound on attainment: no placement surpasses it, and where it is exact it says so."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.files.trace_csv import read_trace
from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.memory import placement_fits
from alpaplan.search.bounds.bound import attainment_bound
from alpaplan.search.bounds.pooled_capacity import least_lost_weight
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import BoundLimit, Dispatch
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB

ONE_DEVICE = make.cluster(make.pool(devices_per_node=1))
SHAPES = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2))


def arrivals(problem: PlacementProblem, *requests: tuple[float, int]) -> Trace:
    times_s = np.array([time_s for time_s, _ in requests])
    model = np.array([model for _, model in requests], dtype=np.int32)
    return Trace(times_s, model, problem.model_names, 10.0)


def random_profile(rng: np.random.Generator, name: str, devices: Sequence[str]) -> ModelProfileSpec:
    """Return a profile with losses to parallelism, for some of the device types."""
    configs = []
    for device in rng.permutation(devices)[: rng.integers(1, len(devices) + 1)]:
        listed = [shape for shape in SHAPES if rng.random() < 0.7] or [(1, 1)]
        part = make.profile(
            name,
            latency_s=float(rng.uniform(0.05, 0.4)),
            weight_bytes=int(rng.integers(1, 12)) * GB,
            shapes=listed,
            device=str(device),
            activation_bytes=int(rng.integers(0, 2)) * GB,
        )
        for config in part.fixed_configs:
            spread = rng.uniform(0.8, 1.4, config.inter_op)
            stages_s = tuple(
                x * float(y) for x, y in zip(config.stage_latency_s[1], spread, strict=True)
            )
            configs.append(config.model_copy(update={"stage_latency_s": {1: stages_s}}))
    return part.model_copy(update={"configs": tuple(configs)})


def random_problem(rng: np.random.Generator, start_s: float) -> tuple[PlacementProblem, Trace]:
    """Return some overloaded models on a cluster of up to two device types."""
    num_models, num_pools = int(rng.integers(1, 5)), int(rng.integers(1, 3))
    devices = [f"gpu{i}" for i in range(num_pools)]
    cluster = make.cluster(
        *(
            make.pool(f"n{i}", 1 + i, int(rng.choice([1, 2, 4])), int(rng.integers(6, 16)) * GB, d)
            for i, d in enumerate(devices)
        ),
        request_overhead_s=float(rng.choice([0.0, 0.011])),
        stage_overhead=float(rng.choice([0.0, 0.05])),
    )
    profiles = [random_profile(rng, f"p{i}", devices) for i in range(num_models)]
    weights = rng.uniform(0.5, 3, num_models) if rng.random() < 0.5 else np.ones(num_models)
    models = [
        make.model(f"m{i}", f"p{i}", slo_s=float(rng.uniform(0.05, 2)), weight=float(weights[i]))
        for i in range(num_models)
    ]
    problem = make.problem(models, profiles, cluster)
    num_requests = int(rng.integers(1, 120))
    gaps_s = rng.gamma(0.2, 5 * rng.uniform(0.01, 0.2), num_requests)
    times_s = start_s + np.cumsum(gaps_s)
    model = rng.integers(0, num_models, num_requests).astype(np.int32)
    return problem, Trace(times_s, model, problem.model_names, float(gaps_s.sum()))


def random_placement(rng: np.random.Generator, problem: PlacementProblem) -> Placement:
    """Fill the cluster with groups at random, and each with replicas as long as they fit."""
    shapes: list[int] = []
    for shape in rng.permutation(np.repeat(np.arange(len(problem.shapes)), 6)).tolist():
        if assign_devices(problem, [*shapes, shape]) is not None:
            shapes.append(shape)
    replicas = np.zeros((len(shapes), problem.num_models), dtype=np.bool_)
    for cell in rng.permutation(replicas.size).tolist():
        replicas.flat[cell] = True
        if not placement_fits(problem, Placement(np.array(shapes), replicas.copy())):
            replicas.flat[cell] = False
    return Placement(np.array(shapes, dtype=np.int64), replicas)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 1.7e9]))
def test_no_simulation_of_any_placement_surpasses_it(seed: int, start_s: float) -> None:
    rng = np.random.default_rng(seed)
    problem, trace = random_problem(rng, start_s)
    bound = attainment_bound(problem, trace)
    assert bound.bound == min(bound.objective, bound.memory, bound.capacity)
    assert 0 <= bound.bound <= 1
    for rule in Dispatch:
        ruled = dataclasses.replace(problem, dispatch=rule)
        assert attainment_bound(ruled, trace) == bound
        simulator = Simulator(ruled, trace)
        for _ in range(4):
            evaluation = simulator.evaluate(random_placement(rng, problem))
            attained = evaluation.weighted_attainment(problem.model_weight)
            assert attained <= bound.bound * (1 + 1e-12)


def all_placements(problem: PlacementProblem) -> Iterator[Placement]:
    """Yield every placement on two devices of one node that fits."""
    ones = [h for h, shape in enumerate(problem.shapes) if shape.num_devices == 1]
    twos = [h for h, shape in enumerate(problem.shapes) if shape.num_devices == 2]
    for shapes in [(h, k) for h in ones for k in ones] + [(h,) for h in twos]:
        for bits in itertools.product([False, True], repeat=len(shapes) * problem.num_models):
            replicas = np.array(bits, dtype=np.bool_).reshape(len(shapes), -1)
            placement = Placement(np.array(shapes, dtype=np.int64), replicas)
            if placement_fits(problem, placement):
                yield placement


def best_with_foresight(problem: PlacementProblem, placement: Placement, trace: Trace) -> int:
    """Return the most requests attained if each goes to any group with its model, or to none."""

    def most(request: int, clocks: tuple[tuple[float, ...], ...]) -> int:
        if request == trace.num_requests:
            return 0
        arrival_s, model = float(trace.arrival_s[request]), int(trace.model[request])
        best = most(request + 1, clocks)
        for group in np.flatnonzero(placement.replicas[:, model]).tolist():
            shape = int(placement.shapes[group])
            latency_s = problem.stage_latency_s[shape, problem.profile_of_model[model]]
            ends, end_s = [], arrival_s
            for stage, free_s in enumerate(clocks[group]):
                end_s = max(end_s, free_s) + float(latency_s[stage])
                ends.append(end_s)
            if end_s + problem.request_overhead_s - arrival_s <= problem.slo_s[model]:
                after = (*clocks[:group], tuple(ends), *clocks[group + 1 :])
                best = max(best, 1 + most(request + 1, after))
        return best

    return most(0, tuple((-math.inf,) * int(problem.num_stages[h]) for h in placement.shapes))


@pytest.mark.parametrize("seed", range(8))
def test_brute_force_with_foresight_does_not_surpass_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    models = [make.model(f"m{i}", f"p{i}", slo_s=float(rng.uniform(0.3, 0.8))) for i in range(2)]
    profiles = [
        make.profile(
            f"p{i}",
            latency_s=float(rng.uniform(0.1, 0.4)),
            weight_bytes=int(rng.integers(3, 12)) * GB,
            shapes=[(1, 1), (1, 2), (2, 1)],
        )
        for i in range(2)
    ]
    problem = make.problem(models, profiles, make.cluster(make.pool(devices_per_node=2)))
    times_s = np.sort(rng.uniform(0, 0.5, 7)).tolist()
    trace = arrivals(problem, *zip(times_s, rng.integers(0, 2, 7).tolist(), strict=True))
    best = max(best_with_foresight(problem, p, trace) for p in all_placements(problem))
    assert best <= round(attainment_bound(problem, trace).bound * 7)


def test_without_contention_everything_may_be_attained() -> None:
    problem = make.problem(on=ONE_DEVICE)
    bound = attainment_bound(problem, arrivals(problem, (0.0, 0), (1.0, 0), (1.05, 0)))
    assert (bound.bound, bound.limit) == (1.0, None)


@pytest.mark.parametrize("surplus", [1, 2, 10])
def test_requests_too_many_for_one_device_are_lost_exactly(surplus: int) -> None:
    problem = make.problem(on=ONE_DEVICE)  # ten requests of 0.1 s within 1 s
    bound = attainment_bound(problem, arrivals(problem, *[(5.0, 0)] * (10 + surplus)))
    assert bound.bound == pytest.approx(10 / (10 + surplus), rel=1e-12)


def test_long_requests_are_lost_first_and_by_their_weight() -> None:
    profiles = [make.profile("short", 0.1, GB), make.profile("long", 0.5, GB)]

    def bound(weight: float) -> float:
        models = [make.model("a", "short"), make.model("b", "long", weight=weight)]
        problem = make.problem(models, profiles, ONE_DEVICE)
        trace = arrivals(problem, *[(0.0, 0)] * 10, *[(0.0, 1)] * 2)
        return attainment_bound(problem, trace).bound

    assert bound(1.0) == pytest.approx(10 / 12)
    assert bound(10.0) == pytest.approx(20 / 30, rel=1e-5)


def test_models_too_slow_for_their_objective_count_nothing() -> None:
    models = [make.model("a"), make.model("b", slo_s=0.01)]
    problem = make.problem(models)
    bound = attainment_bound(problem, arrivals(problem, (0.0, 0), (1.0, 1), (2.0, 1), (3.0, 1)))
    assert (bound.bound, bound.limit) == (0.25, BoundLimit.OBJECTIVE)


def test_models_that_do_not_fit_side_by_side_count_as_far_as_they_fit() -> None:
    models = [make.model("a"), make.model("b"), make.model("c")]
    problem = make.problem(models, on=ONE_DEVICE)  # 4 GB each, of 10 GB
    trace = arrivals(problem, *[(float(k), k % 3) for k in range(12)])
    bound = attainment_bound(problem, trace)
    assert (bound.bound, bound.limit) == (10 / 12, BoundLimit.MEMORY)


def test_a_model_without_room_is_lost_to_memory() -> None:
    problem = make.problem([make.model()], [make.profile(weight_bytes=500 * GB)])
    bound = attainment_bound(problem, arrivals(problem, (0.0, 0)))
    assert (bound.bound, bound.limit) == (0.0, BoundLimit.MEMORY)


def test_one_replica_attains_no_more_than_alone() -> None:
    # Bursts of 20 at once: one device does 10 of them in time, two do all, unless the second
    # one has no room beside another model.
    cluster = make.cluster(make.pool(devices_per_node=1, count=2, memory=5 * GB))
    profiles = [make.profile(weight_bytes=4 * GB, shapes=[(1, 1)])]
    problem = make.problem([make.model()], profiles, cluster)
    assert attainment_bound(problem, arrivals(problem, *[(0.0, 0)] * 20)).bound == 1.0
    problem = make.problem([make.model("a"), make.model("b")], profiles, cluster)
    trace = arrivals(problem, *[(0.0, 0)] * 20, *[(5.0, 1)] * 10)
    bound = attainment_bound(problem, trace)
    # Two and a half replicas of 4 GB in 10 GB, each worth 10 requests.
    assert bound.bound == pytest.approx(25 / 30)
    assert bound.limit is BoundLimit.MEMORY


def test_it_never_falls_with_more_devices() -> None:
    rng = np.random.default_rng(0)
    models = [make.model(f"m{i}", slo_s=0.3 + 0.1 * i) for i in range(4)]
    bounds = []
    times_s = np.cumsum(rng.gamma(0.1, 0.3, 400)).tolist()
    wanted = rng.integers(0, 4, 400).tolist()
    for count in range(1, 6):
        problem = make.problem(models, on=make.cluster(make.pool(count=count, devices_per_node=1)))
        trace = arrivals(problem, *zip(times_s, wanted, strict=True))
        bounds.append(attainment_bound(problem, trace).bound)
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]


def test_devices_of_each_type_count_for_what_they_are_good_at() -> None:
    # In 1 s, one does 10 requests and the other 5; at equal prices it would look like 10 each.
    slow = make.profile("p", 0.2, GB, [(1, 1)], device="x")
    fast = make.profile("p", 0.1, GB, [(1, 1)], device="y")
    mixed = slow.model_copy(update={"configs": (*slow.configs, *fast.configs)})
    cluster = make.cluster(
        make.pool("slow", devices_per_node=1, device="x"),
        make.pool("fast", devices_per_node=1, device="y"),
    )
    problem = make.problem([make.model()], [mixed], cluster)
    bound = attainment_bound(problem, arrivals(problem, *[(0.0, 0)] * 20))
    assert bound.capacity == pytest.approx(15 / 20)


def test_without_requests_that_count_there_is_no_bound() -> None:
    problem = make.problem()
    assert math.isnan(attainment_bound(problem, arrivals(problem)).bound)


def test_the_trace_must_be_of_the_problems_models() -> None:
    trace = dataclasses.replace(arrivals(make.problem(), (0.0, 0)), model_names=("other",))
    with pytest.raises(ValueError, match="for_models"):
        attainment_bound(make.problem(), trace)


def test_telling_fewer_values_apart_only_loosens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.5, 3, 30).tolist()
    models = [make.model(f"m{i}", weight=weight) for i, weight in enumerate(weights)]
    problem = make.problem(models)
    trace = arrivals(problem, *zip(np.sort(rng.random(300)), rng.integers(0, 30, 300), strict=True))
    device_s = np.full((len(problem.shapes), 30), 0.1)
    losses = []
    for levels in (2, 5, 30):
        monkeypatch.setattr("alpaplan.search.bounds.pooled_capacity.MAX_LEVELS", levels)
        losses.append(least_lost_weight(problem, trace, device_s, problem.slo_s))
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]


@pytest.mark.parametrize("number", range(1, 11))
def test_published_planners_stay_below_it(shared_cases: Path, number: int) -> None:
    folder = shared_cases / "quality" / f"plan-{number:02}"
    paths = InputPaths(folder / "cluster.yaml", folder / "workload.yaml", folder / "profiles")
    problem = load_inputs(paths).problem
    trace = read_trace(folder / "test.csv.gz").trace.for_models(problem.model_names)
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    best = max(policy["test_slo_attainment"] for policy in reference["policies"].values())
    assert best <= attainment_bound(problem, trace).bound


def batch_profile(rng: np.random.Generator, name: str) -> ModelProfileSpec:
    """Return a profile whose stages gain from batches, or do not, each in its own way."""
    sizes = (1, 2, 4)
    part = make.profile(
        name,
        latency_s=float(rng.uniform(0.1, 0.4)),
        weight_bytes=int(rng.integers(3, 12)) * GB,
        shapes=[(1, 1), (1, 2), (2, 1)],
    )
    configs = []
    for config in part.configs:
        assert isinstance(config, ProfiledConfig)
        (single_s,) = config.stage_latency_s.values()
        grown = {
            size: tuple(x * float(rng.uniform(0.8, size)) for x in single_s) for size in sizes[1:]
        }
        update = {"stage_latency_s": {1: single_s} | grown, "stage_activation_bytes": None}
        configs.append(config.model_copy(update=update))
    return part.model_copy(update={"configs": tuple(configs)})


def best_with_batches(problem: PlacementProblem, placement: Placement, trace: Trace) -> int:
    """Return the most requests attained in any batches of one model, on any groups with it.

    Batches start when somebody likes, in any order, and take whatever requests of their model:
    more than the rules allow.
    """
    table = problem.batches
    assert table is not None

    def end_s(group: int, clock: tuple[float, ...], batch: tuple[int, ...]) -> tuple[float, ...]:
        model = int(trace.model[batch[0]])
        shape, profile = int(placement.shapes[group]), int(problem.profile_of_model[model])
        latency_s = table.stage_latency_s[table.first_row[shape, profile] + len(batch) - 1]
        ends, now_s = [], float(trace.arrival_s[list(batch)].max())
        for stage, free_s in enumerate(clock):
            now_s = max(now_s, free_s) + float(latency_s[stage])
            ends.append(now_s)
        in_time = now_s - trace.arrival_s[list(batch)] <= problem.slo_s[model]
        return tuple(ends) if in_time.all() else ()

    def most(left: tuple[int, ...], clocks: tuple[tuple[float, ...], ...]) -> int:
        best = 0
        for size in (1, 2, 3):
            for batch in itertools.combinations(left, size):
                models = {int(trace.model[request]) for request in batch}
                if len(models) > 1:
                    continue
                for group in np.flatnonzero(placement.replicas[:, models.pop()]).tolist():
                    ends = end_s(group, clocks[group], batch)
                    if ends:
                        rest = tuple(request for request in left if request not in batch)
                        after = (*clocks[:group], ends, *clocks[group + 1 :])
                        best = max(best, size + most(rest, after))
        return best

    clocks = tuple((-math.inf,) * int(problem.num_stages[h]) for h in placement.shapes)
    return most(tuple(range(trace.num_requests)), clocks)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_brute_force_with_batches_does_not_surpass_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    models = [make.model(f"m{i}", f"p{i}", slo_s=float(rng.uniform(0.3, 0.8))) for i in range(2)]
    profiles = [batch_profile(rng, f"p{i}") for i in range(2)]
    on = make.cluster(make.pool(devices_per_node=2), max_batch_size=3)
    problem = make.problem(models, profiles, on)
    times_s = np.sort(rng.uniform(0, 0.3, 5)).tolist()
    trace = arrivals(problem, *zip(times_s, rng.integers(0, 2, 5).tolist(), strict=True))
    best = max(best_with_batches(problem, p, trace) for p in all_placements(problem))
    assert best <= round(attainment_bound(problem, trace).bound * 5)


def test_it_knows_the_largest_throughput_of_any_batch_in_time() -> None:
    # A batch of n takes (n + 1) / 2 times 0.1 s: within 1 s one device does 7 in 0.4 s, 7 in 0.4 s
    # and more in the rest, each request of a batch of seven in 0.4 / 7 s.
    profiles = [make.profile(batch_sizes=(1, 7), shapes=[(1, 1)])]
    one_device = make.cluster(make.pool(devices_per_node=1), max_batch_size=7)

    def bound(slo_s: float) -> int:
        problem = make.problem([make.model(slo_s=slo_s)], profiles, one_device)
        trace = arrivals(problem, *[(5.0, 0)] * 40)
        return round(attainment_bound(problem, trace).bound * 40)

    assert bound(1.0) == math.floor(1.0 / (0.4 / 7))
    assert bound(0.25) == math.floor(0.25 / (0.25 / 4))  # batches of four at most
    assert bound(0.1) == 1
    assert bound(0.05) == 0
