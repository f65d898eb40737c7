"""What a plan did when real requests were sent, beside what was simulated on the same arrivals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator import LatencyStatistics
from alpaplan.simulator.engine_statistics import TokenTimes
from alpaplan.simulator.intervals import Interval, wilson_interval_95
from alpaplan.units import finite_or_none

Mode = Literal["stubs", "url"]
"""What answered: stubs behind the exported router, or a deployment."""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What became of one request; times are those of the trace, NaN where there is none.

    Parameters
    ----------
    attained
        Whether it was answered whole and within its objectives.
    status
        HTTP status; None without an answer.
    trouble
        What kind of miss it is, if not one by time.
    group
        Group that says it answered.
    is_wrong_group
        Whether that group does not hold the model.
    latency_s, ttft_s, tpot_s
        To the end, to the first token, and for each further one.
    """

    attained: bool
    status: int | None = None
    trouble: str | None = None
    group: str | None = None
    is_wrong_group: bool = False
    latency_s: float = math.nan
    ttft_s: float = math.nan
    tpot_s: float = math.nan


@dataclass(frozen=True)
class ModelVerification:
    """One model: `attained` of its requests measured, `simulated` in the simulation."""

    name: str
    requests: int
    attained: int
    simulated: int
    latency: LatencyStatistics
    simulated_latency: LatencyStatistics
    tokens: TokenTimes | None = None
    simulated_tokens: TokenTimes | None = None

    @property
    def interval_95(self) -> Interval | None:
        """Interval of the measured attainment; None without requests."""
        return wilson_interval_95(self.attained, self.requests) if self.requests else None


@dataclass(frozen=True)
class GroupVerification:
    """Requests that one group answered, and those that it has in the simulation."""

    name: str
    requests: int
    simulated: int


@dataclass(frozen=True)
class Verification:
    """One measurement beside its simulation.

    Parameters
    ----------
    mode
        What answered.
    scale
        By what all times were multiplied.
    requests, answered, attained, late
        Requests, those with any answer, those answered in time, and those answered well but late.
    statuses
        HTTP status -> answers.
    simulated
        Requests attained in the simulation.
    wrong_group
        Requests answered by a group that does not hold their model.
    generator_late_s : float64[requests]
        How much later than meant each request was sent.
    latency
        Of attained requests.
    models, groups
        Models in workload order, groups in plan order; groups only where answers name them.
    tolerance_points, required
        Largest difference to the simulation in points, and least attainment, if there are any.
    url, errors
        Of a deployment: where it is, and misses without an answer of status 200 by their kind.
    """

    mode: Mode
    scale: float
    requests: int
    answered: int
    statuses: Mapping[str, int]
    attained: int
    simulated: int
    wrong_group: int
    late: int
    generator_late_s: NDArray[np.float64]
    latency: LatencyStatistics
    models: tuple[ModelVerification, ...]
    groups: tuple[GroupVerification, ...] = ()
    tolerance_points: float | None = None
    required: float | None = None
    url: str | None = None
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def slo_attainment(self) -> float:
        """Measured fraction of all requests; NaN without requests."""
        return self.attained / self.requests if self.requests else math.nan

    @property
    def simulated_attainment(self) -> float:
        """The same in the simulation."""
        return self.simulated / self.requests if self.requests else math.nan

    @property
    def difference_points(self) -> float:
        """Measured attainment less the simulated one, in points of 0.01."""
        return 100 * (self.slo_attainment - self.simulated_attainment)

    @property
    def agrees(self) -> bool:
        """Whether all that was asked for holds; of stubs also that the router lost nothing."""
        holds = True
        if self.tolerance_points is not None:
            # Not above it by rounding alone; NaN does not agree.
            holds = abs(self.difference_points) <= self.tolerance_points + 1e-9
        if self.required is not None:
            holds = holds and self.slo_attainment >= self.required
        if self.mode == "stubs":
            holds = holds and self.answered == self.requests and self.wrong_group == 0
        return holds

    def generator_late_percentile_s(self, percentile: float) -> float:
        """Return a percentile of how late requests were sent; 0 if none was."""
        late_s = self.generator_late_s
        return float(np.percentile(late_s, percentile)) if late_s.size else 0.0

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "kind": "verification",
            "version": 1,
            "mode": self.mode,
            **({"url": self.url} if self.mode == "url" else {}),
            "scale": self.scale,
            "requests": self.requests,
            "answered": self.answered,
            "statuses": dict(self.statuses),
            **({"errors": dict(self.errors)} if self.mode == "url" else {}),
            "attained": self.attained,
            "slo_attainment": finite_or_none(self.slo_attainment),
            "simulated": {
                "attained": self.simulated,
                "slo_attainment": finite_or_none(self.simulated_attainment),
            },
            "difference_points": finite_or_none(self.difference_points),
            "tolerance_points": self.tolerance_points,
            "wrong_group": self.wrong_group,
            "late": self.late,
            "generator_late_s": {
                "p50": self.generator_late_percentile_s(50),
                "p99": self.generator_late_percentile_s(99),
                "max": self.generator_late_percentile_s(100),
            },
            "latency_s": self.latency.to_json_dict(),
            "models": [self._model_json(model) for model in self.models],
            **({"groups": [vars(group) for group in self.groups]} if self.groups else {}),
            "agrees": self.agrees,
        }

    def _model_json(self, model: ModelVerification) -> dict[str, Any]:
        counts = {
            "name": model.name,
            "requests": model.requests,
            "attained": model.attained,
            "simulated": model.simulated,
        }
        if self.mode == "stubs":
            return counts
        tokens = model.tokens
        return counts | {
            "interval_95": None if model.interval_95 is None else list(model.interval_95),
            "latency_s": model.latency.to_json_dict(),
            "simulated_latency_s": model.simulated_latency.to_json_dict(),
            "ttft_s": None if tokens is None else tokens.ttft.to_json_dict(),
            "tpot_s": None if tokens is None else tokens.tpot.to_json_dict(),
        }
