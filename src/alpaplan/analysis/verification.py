"""What a plan did when real requests were sent, beside what was simulated on the same arrivals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.simulator import LatencyStatistics, Replay
from alpaplan.simulator.engine_statistics import TokenStatistics
from alpaplan.simulator.intervals import Interval, wilson_interval_95
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace

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
    tokens: TokenStatistics | None = None
    simulated_tokens: TokenStatistics | None = None

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
        """Return what JSON gets; NaN becomes None."""
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


@dataclass(frozen=True)
class Request:
    """What a verification was asked for, beside the requests themselves.

    Parameters
    ----------
    mode, scale, tolerance_points, required, url
        As of `Verification`.
    """

    mode: Mode
    scale: float
    tolerance_points: float | None = None
    required: float | None = None
    url: str | None = None


def verification(
    asked: Request,
    trace: Trace,
    replay: Replay,
    group_names: Sequence[str],
    outcomes: Sequence[RequestOutcome | None],
    late_s: Sequence[float],
) -> Verification:
    """Put what was measured beside what was simulated.

    Parameters
    ----------
    asked
        What was asked for.
    trace, replay
        The requests, and their fates in the simulation.
    group_names
        Names of the groups of the simulated placement.
    outcomes
        Of each request; those that have none count in neither.
    late_s
        How much later than meant requests were sent.
    """
    has_outcome = np.array([outcome is not None for outcome in outcomes], dtype=np.bool_)
    found = [outcome for outcome in outcomes if outcome is not None]
    statuses = Counter(outcome.status for outcome in found if outcome.status is not None)
    errors = Counter(outcome.trouble for outcome in found if outcome.trouble is not None)
    compared = _Compared(trace, replay, has_outcome, found)
    return Verification(
        mode=asked.mode,
        scale=asked.scale,
        requests=len(found),
        answered=statuses.total(),
        statuses={str(status): number for status, number in sorted(statuses.items())},
        attained=sum(outcome.attained for outcome in found),
        simulated=int((~np.isnan(replay.latency_s) & has_outcome).sum()),
        wrong_group=sum(outcome.is_wrong_group for outcome in found),
        late=sum(_is_late(outcome) for outcome in found),
        generator_late_s=np.asarray(late_s, dtype=np.float64),
        latency=compared.latency(np.ones(len(found), dtype=np.bool_)),
        models=tuple(compared.model(m) for m in range(len(trace.model_names))),
        groups=compared.groups(group_names),
        tolerance_points=asked.tolerance_points,
        required=asked.required,
        url=asked.url,
        errors=dict(sorted(errors.items())),
    )


def shortest_objective_s(problem: PlacementProblem) -> float:
    """Return the shortest objective that requests sent too late would say something false about.

    That is on the whole latency or on the first token; what follows it does not hang on when a
    request was sent.
    """
    engines = problem.engines
    if engines is None:
        return float(problem.slo_s.min())
    is_llm = engines.is_llm[problem.profile_of_model]
    first_s = np.minimum(engines.slo_s, engines.ttft_s)
    return float(np.where(is_llm, first_s, problem.slo_s).min())


def _is_late(outcome: RequestOutcome) -> bool:
    return outcome.status == 200 and outcome.trouble is None and not outcome.attained


class _Compared:
    """Both sides of the requests that have an outcome, by model and by group."""

    def __init__(
        self,
        trace: Trace,
        replay: Replay,
        has_outcome: NDArray[np.bool_],
        found: Sequence[RequestOutcome],
    ) -> None:
        self._trace, self._replay = trace, replay
        self._has_outcome = has_outcome
        self._found = found
        self._model = trace.model[has_outcome]
        self._attained = np.array([outcome.attained for outcome in found], dtype=np.bool_)
        self._latency_s = self._times([outcome.latency_s for outcome in found])
        self._ttft_s = self._times([outcome.ttft_s for outcome in found])
        self._tpot_s = self._times([outcome.tpot_s for outcome in found])

    @staticmethod
    def _times(values: Sequence[float]) -> NDArray[np.float64]:
        return np.array(values, dtype=np.float64)

    def latency(self, own: NDArray[np.bool_]) -> LatencyStatistics:
        """Sum up the measured latencies of attained requests among some."""
        return LatencyStatistics.of(self._latency_s[own & self._attained])

    def model(self, m: int) -> ModelVerification:
        """Compare one model."""
        own = self._model == m
        simulated_own = self._has_outcome & (self._trace.model == m)
        simulated_s = self._replay.latency_s[simulated_own]
        simulated_s = simulated_s[~np.isnan(simulated_s)]
        has_tokens = own & ~np.isnan(self._ttft_s)
        engines = self._replay.engines
        is_llm = bool(has_tokens.any())
        return ModelVerification(
            name=self._trace.model_names[m],
            requests=int(own.sum()),
            attained=int((own & self._attained).sum()),
            simulated=int(simulated_s.size),
            latency=self.latency(own),
            simulated_latency=LatencyStatistics.of(simulated_s),
            tokens=TokenStatistics.of_times(self._ttft_s[has_tokens], self._tpot_s[has_tokens])
            if is_llm
            else None,
            simulated_tokens=TokenStatistics.of(engines, simulated_own)
            if is_llm and engines is not None
            else None,
        )

    def groups(self, names: Sequence[str]) -> tuple[GroupVerification, ...]:
        """Compare the groups, those included that only answers name; none if no answer does."""
        measured = Counter(outcome.group for outcome in self._found if outcome.group is not None)
        if not measured:
            return ()
        sent_to = self._replay.group[self._has_outcome]
        known = [
            GroupVerification(name, measured.pop(name, 0), int((sent_to == g).sum()))
            for g, name in enumerate(names)
        ]
        return (*known, *(GroupVerification(name, n, 0) for name, n in sorted(measured.items())))
