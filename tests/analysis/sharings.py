"""Analyses of small workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alpaplan.analysis.sharing import SharingAnalysis, analyze_sharing
from alpaplan.problem.build import build_problem
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.workload.trace import Trace
from tests import builders as make

ONE_DEVICE = make.profile()

"""0.1 s on one device; pipelines of two and four stages without overhead."""


def analysis_of(
    *models: Mapping[str, object],
    profiles: tuple[ModelProfileSpec, ...] = (ONE_DEVICE,),
    on: ClusterSpec | None = None,
    recorded: Mapping[str, Trace] | None = None,
) -> SharingAnalysis:
    workload = make.workload(*models)
    by_name = {profile.name: profile for profile in profiles}
    problem = build_problem(on or make.cluster(), workload, by_name)
    return analyze_sharing(problem, workload.served_models(), recorded or {})


def gamma(rate_rps: float, cv: float) -> dict[str, object]:
    return {"process": "gamma", "rate_rps": rate_rps, "cv": cv}


def profile_of(*configs: tuple[int, list[float]], weight_bytes: int = 4 * make.GB) -> Any:
    """Return a profile of pipelines of (intra_op, stage latencies)."""
    return ModelProfileSpec.model_validate(
        {
            "kind": "model-profile",
            "version": 1,
            "name": "p",
            "configs": [
                {
                    "device": "gpu",
                    "intra_op": intra_op,
                    "inter_op": len(stages_s),
                    "stage_weight_bytes": [weight_bytes // (intra_op * len(stages_s))]
                    * len(stages_s),
                    "stage_latency_s": {1: stages_s},
                }
                for intra_op, stages_s in configs
            ],
        }
    )
