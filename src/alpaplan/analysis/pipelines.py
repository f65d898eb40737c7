"""Which profiled pipelines pay on a cluster: their overheads against what pooling repays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.analysis.queueing.pooling import (
    largest_alpha,
    largest_beta,
    paying_utilizations,
    pipeline_pays,
)
from alpaplan.analysis.queueing.waits import Floats
from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import shapes_with_room
from alpaplan.problem.service import pipeline_latency_s, slowest_stage_s
from alpaplan.units import finite_or_none


@dataclass(frozen=True)
class ProfiledPipeline:
    """A profiled pipeline against as many groups of one stage: AlpaServe's section 3.4.

    Parameters
    ----------
    profile, device, intra_op, num_stages
        Which one.
    alpha, beta
        Its overheads; see `alpaplan.analysis.queueing.pooling`.
    pays_poisson, pays
        Between which utilizations it pays if arrivals were Poisson, and as bursty as those of the
        profile's models are; None if at none, or if that is not known.
    pays_here
        Whether it does at the cluster's utilization; None if that is not known.
    """

    profile: str
    device: str
    intra_op: int
    num_stages: int
    alpha: float
    beta: float
    pays_poisson: tuple[float, float] | None
    pays: tuple[float, float] | None
    pays_here: bool | None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "profile": self.profile,
            "device": self.device,
            "intra_op": self.intra_op,
            "inter_op": self.num_stages,
            "alpha": self.alpha,
            "beta": self.beta,
            "paying_utilization_poisson": self.pays_poisson and list(self.pays_poisson),
            "paying_utilization": self.pays and list(self.pays),
            "pays_here": self.pays_here,
        }


@dataclass(frozen=True)
class Tolerance:
    """The largest overheads that pipelines of one length repay at the cluster's utilization.

    `alpha_poisson` and `beta` are the paper's; `alpha` is for arrivals as bursty as these, NaN if
    that is not known.
    """

    num_stages: int
    alpha_poisson: float
    alpha: float
    beta: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; what is not defined becomes None."""
        return {
            "inter_op": self.num_stages,
            "largest_alpha_poisson": self.alpha_poisson,
            "largest_alpha": finite_or_none(self.alpha),
            "largest_beta": self.beta,
        }


def profiled_pipelines(
    problem: PlacementProblem, utilization: float, rate_rps: Floats, dispersion: Floats
) -> tuple[ProfiledPipeline, ...]:
    """Compare every profiled pipeline with groups of one stage, by profile, device and stages.

    The latter are the groups of the smallest `intra_op` that has room for the model, and the
    pipelines those whose stages are as wide. Profiles that fit no group of one stage are left out:
    they need a pipeline anyway.

    Parameters
    ----------
    problem
        The problem.
    utilization
        Of the cluster.
    rate_rps, dispersion : float64[M]
        Arrivals of the models. Those of a profile count together, weighted with their rates.
    """
    room = shapes_with_room(problem)
    whole_s, slowest_s = pipeline_latency_s(problem), slowest_stage_s(problem)
    found: dict[tuple[int, str, int, int], ProfiledPipeline] = {}
    for p, profile in enumerate(problem.profile_names):
        own = (problem.profile_of_model == p) & (rate_rps > 0)
        burstiness = math.nan
        if own.any():
            burstiness = float(np.average(dispersion[own], weights=rate_rps[own]))
        for single, shape in _pipelines_beside_single(problem, room[:, p]):
            num_stages = int(problem.num_stages[shape])
            alone_s = float(whole_s[single, p])
            alpha = float(whole_s[shape, p]) / alone_s
            beta = num_stages * float(slowest_s[shape, p]) / alone_s
            device = problem.pools[problem.shapes[shape].pool].device
            intra_op = problem.shapes[shape].intra_op
            pays, pays_here = None, None
            if math.isfinite(burstiness):
                pays = paying_utilizations(num_stages, alpha, beta, burstiness)
                pays_here = bool(pipeline_pays(utilization, num_stages, alpha, beta, burstiness))
            # Pools of the same devices have the same pipelines.
            found[p, device, intra_op, num_stages] = ProfiledPipeline(
                profile=profile,
                device=device,
                intra_op=intra_op,
                num_stages=num_stages,
                alpha=alpha,
                beta=beta,
                pays_poisson=paying_utilizations(num_stages, alpha, beta),
                pays=pays,
                pays_here=pays_here,
            )
    return tuple(found.values())


def tolerances(
    pipelines: Sequence[ProfiledPipeline], utilization: float, dispersion: float
) -> tuple[Tolerance, ...]:
    """Return the largest overheads for each number of stages that is profiled.

    Parameters
    ----------
    pipelines
        The profiled ones.
    utilization
        Of the cluster; there are no such overheads from 1 on.
    dispersion
        Of all arrivals; NaN if not known.
    """
    if not utilization < 1:
        return ()
    return tuple(
        Tolerance(
            num_stages,
            float(largest_alpha(utilization, num_stages)),
            float(largest_alpha(utilization, num_stages, dispersion)),
            float(largest_beta(utilization, num_stages)),
        )
        for num_stages in sorted({pipeline.num_stages for pipeline in pipelines})
    )


def _pipelines_beside_single(
    problem: PlacementProblem, room: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> Iterator[tuple[int, int]]:
    """Yield (shape of one stage, shape of a pipeline as wide) of one profile, for every pool."""
    for pool in range(len(problem.pools)):
        here = [h for h, shape in enumerate(problem.shapes) if shape.pool == pool and room[h]]
        singles = [h for h in here if problem.num_stages[h] == 1]
        if not singles:
            continue
        single = min(singles, key=lambda h: problem.shapes[h].intra_op)
        width = problem.shapes[single].intra_op
        for h in here:
            if problem.shapes[h].intra_op == width and problem.num_stages[h] > 1:
                yield single, h
