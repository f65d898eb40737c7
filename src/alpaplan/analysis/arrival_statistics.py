"""What queueing formulas need to know of each model's arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alpaplan.problem import PlacementProblem
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.workload import ServedModel
from alpaplan.units import finite_or_none
from alpaplan.workload.arrival_sets import recorded_trace
from alpaplan.workload.arrivals import process_of
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.trace import Trace

ArrivalSource = Literal["process", "busiest window", "recorded"]
"""Where numbers about arrivals come from."""


@dataclass(frozen=True)
class ArrivalMoments:
    """Arrivals of one model.

    Parameters
    ----------
    rate_rps
        Requests per second.
    cv
        Standard deviation over mean of the gaps.
    dispersion
        Variance over mean of counts: of a process in ever longer windows, of recorded arrivals
        in windows as long as the objective.
    source
        ``"process"``, ``"busiest window"`` of a piecewise one, or ``"recorded"``.
    """

    rate_rps: float
    cv: float
    dispersion: float
    source: ArrivalSource

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; what is infinite or not defined becomes None."""
        return {
            "rate_rps": self.rate_rps,
            "cv": finite_or_none(self.cv),
            "dispersion": finite_or_none(self.dispersion),
            "source": self.source,
        }


def arrival_statistics(
    problem: PlacementProblem, models: Sequence[ServedModel], recorded: Mapping[str, Trace]
) -> tuple[ArrivalMoments, ...]:
    """Return the arrivals of every model: by formula of a process, measured of a recording.

    A piecewise process counts with the window of the highest rate, where objectives are hardest
    to keep.

    Raises
    ------
    SpecError
        If recorded arrivals say nothing about a rate.
    """
    measured = None
    if recorded:
        measured = measure_demand(problem, recorded_trace(models, recorded))
    found = []
    for index, model in enumerate(models):
        if isinstance(model.arrivals, TraceArrivals) and measured is not None:
            found.append(
                ArrivalMoments(
                    float(measured.rate_rps[index]),
                    float(measured.cv[index]),
                    float(measured.dispersion[index]),
                    "recorded",
                )
            )
        else:
            found.append(_of_process(model))
    return tuple(found)


def _of_process(model: ServedModel) -> ArrivalMoments:
    process = process_of(model.arrivals)
    if not isinstance(process, Piecewise):
        return ArrivalMoments(process.rate_rps, process.cv, process.dispersion, "process")
    windows = [window for window in process.processes if window is not None]
    busiest = max(windows, key=lambda window: window.rate_rps)
    return ArrivalMoments(busiest.rate_rps, busiest.cv, busiest.dispersion, "busiest window")
