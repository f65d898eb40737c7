"""Why pooling devices pays, or does not, on one cluster for one workload: queueing theory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.analysis.arrival_statistics import (
    ArrivalMoments,
    ArrivalSource,
    arrival_statistics,
)
from alpaplan.analysis.pipelines import (
    ProfiledPipeline,
    Tolerance,
    profiled_pipelines,
    tolerances,
)
from alpaplan.analysis.pool import QUANTILE, Pool, shared_pool
from alpaplan.analysis.queueing.breaking_point import breaking_utilization, servers_needed
from alpaplan.analysis.queueing.waits import Floats
from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import shapes_with_room
from alpaplan.problem.service import (
    device_seconds,
    idle_latency_s,
    pipeline_latency_s,
    slowest_stage_s,
)
from alpaplan.specs.workload import ServedModel
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class DedicatedModel:
    """One model with devices of its own, each group of them in its smallest configuration.

    Parameters
    ----------
    name, profile, slo_s, arrivals
        The model.
    device, intra_op, inter_op
        The configuration of the fewest devices that has room for it, the fastest of equal ones.
    latency_s
        Of a request that does not wait, overheads included.
    service_s
        How long a request keeps such a group from starting others: its slowest stage.
    load_erlangs
        Devices that its requests keep busy on average.
    breaks_poisson, breaks_mean, breaks_quantile
        Largest utilization at which the mean latency is within the objective if arrivals were
        Poisson (M/D/1), and as they are (Allen-Cunneen), and at which 99% of the requests are.
        NaN if gaps have no variance.
    devices_mean, devices_quantile
        Devices of its own with which the mean latency, and 99% of the requests, are within the
        objective; NaN if no number suffices.
    """

    name: str
    profile: str
    slo_s: float
    arrivals: ArrivalMoments
    device: str
    intra_op: int
    inter_op: int
    latency_s: float
    service_s: float
    load_erlangs: float
    breaks_poisson: float
    breaks_mean: float
    breaks_quantile: float
    devices_mean: float
    devices_quantile: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; what is not defined becomes None."""
        return {
            "name": self.name,
            "profile": self.profile,
            "slo_s": self.slo_s,
            "arrivals": self.arrivals.to_json_dict(),
            "smallest_config": {
                "device": self.device,
                "intra_op": self.intra_op,
                "inter_op": self.inter_op,
                "latency_s": self.latency_s,
                "service_s": self.service_s,
            },
            "load_erlangs": self.load_erlangs,
            "breaking_utilization": {
                "mean_poisson": finite_or_none(self.breaks_poisson),
                "mean": finite_or_none(self.breaks_mean),
                "p99": finite_or_none(self.breaks_quantile),
            },
            "devices_alone": {
                "mean": finite_or_none(self.devices_mean),
                "p99": finite_or_none(self.devices_quantile),
            },
        }


@dataclass(frozen=True)
class SharingAnalysis:
    """What queueing theory says of a workload on a cluster.

    `dispersion` is that of all arrivals together, the mean of the models' weighted with their
    rates; NaN if one of them has none.
    """

    pool: Pool
    models: tuple[DedicatedModel, ...]
    pipelines: tuple[ProfiledPipeline, ...]
    tolerances: tuple[Tolerance, ...]
    dispersion: float

    @property
    def too_slow(self) -> tuple[str, ...]:
        """Models that are late even if they do not wait."""
        return tuple(model.name for model in self.models if model.latency_s > model.slo_s)

    @property
    def beyond_formulas(self) -> tuple[str, ...]:
        """Models whose gaps between arrivals have no variance."""
        return tuple(
            model.name for model in self.models if not math.isfinite(model.arrivals.dispersion)
        )

    @property
    def devices_apart(self) -> float | None:
        """Devices of models that all have their own, for 99% in time; None if none can have it.

        Models that no number of devices suffices for are left out.
        """
        known = [x.devices_quantile for x in self.models if not math.isnan(x.devices_quantile)]
        return sum(known) if known else None

    @property
    def num_left_out(self) -> int:
        """How many models `devices_apart` leaves out."""
        return sum(math.isnan(model.devices_quantile) for model in self.models)

    def counted_by(self, source: ArrivalSource) -> tuple[str, ...]:
        """Return the models whose arrivals are known from a source."""
        return tuple(model.name for model in self.models if model.arrivals.source == source)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "pool": self.pool.to_json_dict(),
            "models": [model.to_json_dict() for model in self.models],
            "dispersion": finite_or_none(self.dispersion),
            "pipelines": [pipeline.to_json_dict() for pipeline in self.pipelines],
            "tolerable_overheads": [tolerance.to_json_dict() for tolerance in self.tolerances],
        }


def analyze_sharing(
    problem: PlacementProblem, models: Sequence[ServedModel], recorded: Mapping[str, Trace]
) -> SharingAnalysis:
    """Put a workload's numbers into the formulas.

    Parameters
    ----------
    problem
        The problem, of which every model fits somewhere.
    models, recorded
        The workload's models, and model name -> trace of those with recorded arrivals.

    Raises
    ------
    SpecError
        If recorded arrivals say nothing about a rate.
    """
    arrivals = arrival_statistics(problem, models, recorded)
    shape = smallest_shapes(problem)
    rate_rps = np.array([each.rate_rps for each in arrivals])
    dispersion = np.array([each.dispersion for each in arrivals])
    alone = _dedicated_models(problem, arrivals, shape, rate_rps, dispersion)
    num_devices = sum(each.num_devices for each in problem.pools)
    slack_s = np.array([model.slo_s - model.latency_s for model in alone])
    work_s = device_seconds(problem)[shape, problem.profile_of_model]
    pool = shared_pool(problem.model_names, num_devices, rate_rps, dispersion, work_s, slack_s)
    asked_for = rate_rps > 0
    merged = float(np.average(dispersion[asked_for], weights=rate_rps[asked_for]))
    merged = merged if math.isfinite(merged) else math.nan
    pipelines = profiled_pipelines(problem, pool.utilization, rate_rps, dispersion)
    return SharingAnalysis(
        pool, alone, pipelines, tolerances(pipelines, pool.utilization, merged), merged
    )


def smallest_shapes(problem: PlacementProblem) -> NDArray[np.int64]:
    """Return the shape of the fewest devices that has room for each model, ``int64[M]``.

    The fastest of equal ones; every model has to fit somewhere.
    """
    num_devices = np.array([shape.num_devices for shape in problem.shapes])
    latency_s = pipeline_latency_s(problem)
    # Sorted by devices, then by latency; the first with room.
    order = np.lexsort((latency_s, np.broadcast_to(num_devices[:, np.newaxis], latency_s.shape)), 0)
    room = np.take_along_axis(shapes_with_room(problem), order, axis=0)
    first = room.argmax(axis=0)
    smallest = order[first, np.arange(first.size)]
    return np.asarray(smallest[problem.profile_of_model], dtype=np.int64)


def _dedicated_models(
    problem: PlacementProblem,
    arrivals: Sequence[ArrivalMoments],
    shape: NDArray[np.int64],
    rate_rps: Floats,
    dispersion: Floats,
) -> tuple[DedicatedModel, ...]:
    latency_s = idle_latency_s(problem)[shape, problem.profile_of_model]
    service_s = slowest_stage_s(problem)[shape, problem.profile_of_model]
    slack_s = problem.slo_s - latency_s
    groups = [problem.shapes[h] for h in shape]
    group_devices = np.array([group.num_devices for group in groups])
    columns = {
        "latency_s": latency_s,
        "service_s": service_s,
        "load_erlangs": rate_rps * device_seconds(problem)[shape, problem.profile_of_model],
        "breaks_poisson": breaking_utilization(slack_s, service_s, 1.0),
        "breaks_mean": breaking_utilization(slack_s, service_s, dispersion),
        "breaks_quantile": breaking_utilization(slack_s, service_s, dispersion, QUANTILE),
        "devices_mean": group_devices * servers_needed(slack_s, service_s, rate_rps, dispersion),
        "devices_quantile": group_devices
        * servers_needed(slack_s, service_s, rate_rps, dispersion, QUANTILE),
    }
    return tuple(
        DedicatedModel(
            name=name,
            profile=problem.profile_names[problem.profile_of_model[m]],
            slo_s=float(problem.slo_s[m]),
            arrivals=arrivals[m],
            device=problem.pools[groups[m].pool].device,
            intra_op=groups[m].intra_op,
            inter_op=groups[m].inter_op,
            **{key: float(column[m]) for key, column in columns.items()},
        )
        for m, name in enumerate(problem.model_names)
    )
