"""Problems, placements and traces for simulator tests, and the same for the oracle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpaplan.problem import DevicePool, GroupShape, Placement, PlacementProblem
from alpaplan.simulator import Replay, Simulator
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator import oracle

RULES = tuple(Dispatch)
COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
"""Without compilation the kernel is some hundred times slower, and tests take less."""


@dataclass(frozen=True)
class Case:
    """What one simulation is made of."""

    problem: PlacementProblem
    placement: Placement
    trace: Trace

    def replay(self) -> Replay:
        return Simulator(self.problem, self.trace).replay(self.placement)

    def ruled_by(self, dispatch: Dispatch) -> Case:
        return replace(self, problem=replace(self.problem, dispatch=dispatch))

    def fates(self) -> list[oracle.Fate]:
        """Ask the oracle."""
        problem, placement = self.problem, self.placement
        groups = []
        for shape, replicas in zip(placement.shapes, placement.replicas, strict=True):
            num_stages = int(problem.num_stages[shape])
            latencies = problem.stage_latency_s[shape, problem.profile_of_model, :num_stages]
            groups.append(
                (
                    num_stages,
                    {int(m): tuple(map(float, latencies[m])) for m in np.flatnonzero(replicas)},
                )
            )
        return oracle.simulate(
            groups,
            list(zip(self.trace.arrival_s.tolist(), self.trace.model.tolist(), strict=True)),
            problem.slo_s.tolist(),
            problem.dispatch.value,
            problem.request_overhead_s,
        )


def fates(replay: Replay) -> list[oracle.Fate]:
    """Return a replay in the oracle's words."""
    return [
        (None if group < 0 else group, None if np.isnan(latency_s) else latency_s)
        for group, latency_s in zip(replay.group.tolist(), replay.latency_s.tolist(), strict=True)
    ]


def make_case(
    latency_s: Sequence[Sequence[Sequence[float]]],
    shapes: Sequence[int],
    replicas: Sequence[Sequence[bool]],
    slo_s: Sequence[float],
    arrivals: Sequence[tuple[float, int]],
    *,
    profile_of_model: Sequence[int] | None = None,
    dispatch: Dispatch = Dispatch.EARLIEST_FINISH,
    overhead_s: float = 0.0,
    duration_s: float | None = None,
) -> Case:
    """Make a case from `latency_s[shape][profile][stage]` and `arrivals` of (time, model)."""
    num_profiles = len(latency_s[0])
    num_stages = [len(profiles[0]) for profiles in latency_s]
    padded = np.zeros((len(latency_s), num_profiles, max(num_stages)))
    for shape, profiles in enumerate(latency_s):
        padded[shape, :, : num_stages[shape]] = profiles
    names = tuple(f"m{m}" for m in range(len(slo_s)))
    problem = PlacementProblem(
        model_names=names,
        profile_names=tuple(f"p{p}" for p in range(num_profiles)),
        profile_of_model=np.array(
            range(len(slo_s)) if profile_of_model is None else profile_of_model, dtype=np.int64
        ),
        slo_s=np.array(slo_s, dtype=np.float64),
        model_weight=np.ones(len(slo_s)),
        pools=(DevicePool("n", "gpu", 64, 8, 1),),
        shapes=tuple(GroupShape(0, 1, stages) for stages in num_stages),
        num_stages=np.array(num_stages, dtype=np.int64),
        supported=np.ones((len(latency_s), num_profiles), dtype=np.bool_),
        stage_latency_s=padded,
        stage_weight_bytes=np.zeros(padded.shape, dtype=np.int64),
        stage_activation_bytes=np.zeros(padded.shape, dtype=np.int64),
        dispatch=dispatch,
        request_overhead_s=overhead_s,
    )
    placement = Placement(
        np.array(shapes, dtype=np.int64),
        np.array(replicas, dtype=np.bool_).reshape(len(shapes), len(slo_s)),
    )
    times_s = np.array([time_s for time_s, _ in arrivals], dtype=np.float64)
    if duration_s is None:
        duration_s = float(times_s[-1] - times_s[0]) if arrivals else 0.0
    model = np.array([model for _, model in arrivals], dtype=np.int32)
    return Case(problem, placement, Trace(times_s, model, names, duration_s))


def one_server(
    stage_latency_s: Sequence[float], slo_s: float, times_s: Sequence[float], **more: float
) -> Case:
    """Make a case of one model on one group."""
    arrivals = [(time_s, 0) for time_s in times_s]
    return make_case([[stage_latency_s]], [0], [[True]], [slo_s], arrivals, **more)  # type: ignore[arg-type]


def random_case(
    rng: np.random.Generator,
    num_requests: int,
    *,
    num_models: int = 12,
    num_groups: int = 5,
    stages: Sequence[int] = (1, 2, 4),
    load: float = 1.2,
) -> Case:
    """Make a busy case with bursts: some requests are rejected, and one model has no replica."""
    work_s = rng.uniform(0.05, 0.4, num_models).astype(np.float32)
    latency_s = [
        [list(map(float, np.float32(work / count) * np.ones(count, np.float32))) for work in work_s]
        for count in stages
    ]
    replicas = rng.random((num_groups, num_models)) < 0.5
    replicas[:, 0] = False
    gaps_s = rng.gamma(1 / 9, 9 * float(work_s.mean()) / (load * num_groups), num_requests)
    times_s = np.cumsum(gaps_s).tolist()
    model = rng.integers(0, num_models, num_requests).tolist()
    return make_case(
        latency_s,
        rng.integers(0, len(stages), num_groups).tolist(),
        replicas.tolist(),
        (5 * work_s.astype(np.float64)).tolist(),
        list(zip(times_s, model, strict=True)),
        overhead_s=0.011,
    )
