"""Cases with batches: what batches of each size take, and the same for the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from alpaplan.problem import PlacementProblem
from alpaplan.problem.batching import BatchTable
from alpaplan.problem.service import batch_caps, simulated_batch_stages_s
from alpaplan.simulator import Replay
from tests.simulator import batching_oracle
from tests.simulator.cases import Case, make_case, random_case
from tests.simulator.strategies import SINGLES, listed


def batches_of(
    problem: PlacementProblem, sizes_of: Callable[[int, int], list[list[float]]]
) -> BatchTable:
    """Return the table of batches.

    Parameters
    ----------
    problem
        The problem without batches.
    sizes_of
        Returns the stage latencies of sizes 2, 3, ... for a shape and a profile.
    """
    num_shapes, num_profiles, most_stages = problem.stage_latency_s.shape
    rows: list[list[float]] = []
    largest = np.zeros((num_shapes, num_profiles), dtype=np.int64)
    first_row = np.zeros((num_shapes, num_profiles), dtype=np.int64)
    for shape in range(num_shapes):
        num_stages = int(problem.num_stages[shape])
        for profile in range(num_profiles):
            alone = problem.stage_latency_s[shape, profile, :num_stages].tolist()
            sizes = [alone, *sizes_of(shape, profile)]
            first_row[shape, profile] = len(rows)
            largest[shape, profile] = len(sizes)
            rows += [[*stages, *[0.0] * (most_stages - num_stages)] for stages in sizes]
    latency_s = np.array(rows).reshape(len(rows), most_stages)
    return BatchTable(largest, first_row, latency_s, np.zeros(latency_s.shape, dtype=np.int64))


def growing(case: Case, cap: int, fixed_part: float) -> Case:
    """Let batches take a fixed part of a request's latency, and the rest for each request."""
    problem = case.problem

    def sizes_of(shape: int, profile: int) -> list[list[float]]:
        alone = problem.stage_latency_s[shape, profile, : problem.num_stages[shape]]
        size = np.arange(2, cap + 1)[:, np.newaxis]
        factor = fixed_part + (1 - fixed_part) * size
        grown: list[list[float]] = (alone * factor).astype(np.float32).tolist()
        return grown

    return replace(case, problem=replace(problem, batches=batches_of(problem, sizes_of)))


def random_batched_case(
    rng: np.random.Generator, num_requests: int, *, stages: Sequence[int] = (1, 2, 4)
) -> Case:
    """Make a busy case in which some replicas have caps of their own."""
    case = growing(random_case(rng, num_requests, stages=stages, load=2.0), 6, 0.6)
    own = rng.integers(0, 8, case.placement.replicas.shape)
    return replace(case, placement=replace(case.placement, max_batch_size=own))


def oracle_fates(case: Case) -> list[batching_oracle.Fate]:
    """Ask the oracle."""
    problem, placement = case.problem, case.placement
    assert problem.batches is not None
    caps = batch_caps(problem, placement)
    latency_s = simulated_batch_stages_s(problem)
    groups = []
    for group, shape in enumerate(placement.shapes.tolist()):
        num_stages = int(problem.num_stages[shape])
        latencies = {}
        for model in np.flatnonzero(placement.replicas[group]).tolist():
            first = problem.batches.first_row[shape, problem.profile_of_model[model]]
            rows = latency_s[first : first + caps[group, model], :num_stages]
            latencies[model] = [tuple(row) for row in rows.tolist()]
        groups.append((num_stages, latencies))
    return batching_oracle.simulate(
        groups,
        list(zip(case.trace.arrival_s.tolist(), case.trace.model.tolist(), strict=True)),
        problem.slo_s.tolist(),
        problem.dispatch.value,
        problem.request_overhead_s,
    )


def batched_fates(replay: Replay) -> list[batching_oracle.Fate]:
    """Return a replay in the oracle's words."""
    assert replay.batch_size is not None
    return [
        (None if group < 0 else group, None if np.isnan(latency_s) else latency_s, size)
        for group, latency_s, size in zip(
            replay.group.tolist(),
            replay.latency_s.tolist(),
            replay.batch_size.tolist(),
            strict=True,
        )
    ]


TIMES = st.integers(1, 8).map(lambda eighths: eighths / 8)
"""Exact in binary, and few, so that times and clocks meet; no stage takes no time."""


@st.composite
def batched_cases(draw: st.DrawFn) -> Case:
    """Draw small problems full of ties, larger batches of which may be faster than smaller ones."""
    latencies = draw(st.sampled_from([TIMES, SINGLES]))
    gaps = draw(st.sampled_from([st.integers(0, 4).map(lambda n: n / 8), st.floats(0.0, 0.5)]))
    num_profiles = draw(st.integers(1, 3))
    stages = draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=3))
    num_models = draw(st.integers(1, 4))
    num_groups = draw(st.integers(1, 3))
    times_s = np.cumsum(draw(st.lists(gaps, max_size=40))).tolist()
    case = make_case(
        [[draw(listed(latencies, count)) for _ in range(num_profiles)] for count in stages],
        draw(listed(st.integers(0, len(stages) - 1), num_groups)),
        draw(listed(listed(st.sampled_from([True, True, False]), num_models), num_groups)),
        draw(listed(st.integers(4, 48).map(lambda eighths: eighths / 8), num_models)),
        [(time_s, draw(st.integers(0, num_models - 1))) for time_s in times_s],
        profile_of_model=draw(listed(st.integers(0, num_profiles - 1), num_models)),
        overhead_s=draw(st.sampled_from([0.0, 0.0, 0.125, 0.011])),
    )

    def sizes_of(shape: int, profile: int) -> list[list[float]]:
        return [draw(listed(latencies, stages[shape])) for _ in range(draw(st.integers(0, 4)))]

    batches = batches_of(case.problem, sizes_of)
    placement = case.placement
    if draw(st.booleans()):
        own = draw(listed(listed(st.integers(0, 5), num_models), num_groups))
        placement = replace(placement, max_batch_size=np.array(own, dtype=np.int64))
    return replace(case, problem=replace(case.problem, batches=batches), placement=placement)
