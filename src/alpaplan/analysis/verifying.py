"""Putting what was measured beside what is simulated, request by request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.analysis.verification import (
    GroupVerification,
    Mode,
    ModelVerification,
    RequestOutcome,
    Verification,
)
from alpaplan.problem import PlacementProblem
from alpaplan.simulator import LatencyStatistics, Replay
from alpaplan.simulator.engine_statistics import TokenTimes
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class VerificationSettings:
    """What a verification was asked for, beside the requests themselves.

    Parameters
    ----------
    mode, scale, tolerance_points, required, url
        See `Verification`.
    """

    mode: Mode
    scale: float
    tolerance_points: float | None = None
    required: float | None = None
    url: str | None = None


def compare_with_simulation(
    asked: VerificationSettings,
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
    first_s = np.minimum(engines.slo_s, engines.ttft_s)
    return float(np.where(problem.model_is_llm, first_s, problem.slo_s).min())


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
            tokens=TokenTimes.of_times(self._ttft_s[has_tokens], self._tpot_s[has_tokens])
            if is_llm
            else None,
            simulated_tokens=TokenTimes.of(engines, simulated_own)
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
