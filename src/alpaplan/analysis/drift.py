"""Attainment over time, and where it is below what the plan predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alpaplan.simulator import Replay, WindowStatistics, window_statistics
from alpaplan.simulator.intervals import shorter_run_factor
from alpaplan.specs.prediction import Prediction
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class Drift:
    """One simulation by windows of time, beside the plan's prediction.

    Parameters
    ----------
    window_s
        Length of the windows; the last may be shorter.
    windows
        In the order of time.
    at_least
        Least attainment to expect in each window; None if the plan does not predict it.
    """

    window_s: float
    windows: tuple[WindowStatistics, ...]
    at_least: tuple[float, ...] | None

    @property
    def missed(self) -> tuple[float, ...]:
        """Fraction of the requests of each window that was not attained; 0 if there were none."""
        return tuple(
            1 - window.slo_attainment if window.requests else 0.0 for window in self.windows
        )

    @property
    def below(self) -> tuple[int, ...]:
        """Indices of the windows with less attainment than is to be expected."""
        if self.at_least is None:
            return ()
        return tuple(
            index
            for index, (window, limit) in enumerate(zip(self.windows, self.at_least, strict=True))
            if window.slo_attainment < limit
        )

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON: the windows, and how many are below the prediction."""
        compared = None
        if self.at_least is not None:
            first = self.windows[self.below[0]].start_s if self.below else None
            compared = {
                "slo_attainment_at_least": self.at_least[0],
                "windows_below": len(self.below),
                "first_below_s": first,
            }
        return {
            "windows": [window.to_json_dict() for window in self.windows],
            "prediction": compared,
        }


def drift_of(trace: Trace, replay: Replay, window_s: float, prediction: Prediction | None) -> Drift:
    """Sum up a simulation by windows.

    Parameters
    ----------
    trace, replay, window_s
        As for `window_statistics`.
    prediction
        The plan's, if it has one.
    """
    windows = window_statistics(trace, replay, window_s)
    limits = [least_expected(prediction, window.end_s - window.start_s) for window in windows]
    known = tuple(limit for limit in limits if limit is not None)
    return Drift(window_s, windows, known if len(known) == len(limits) else None)


def least_expected(prediction: Prediction | None, window_s: float) -> float | None:
    """Return the lower end of the 95% prediction interval for a window of some length.

    The plan's interval is that of a run of ``run_s`` seconds. A shorter window varies more, by
    `shorter_run_factor`. A longer one is taken to vary no less than a run.

    Parameters
    ----------
    prediction
        The plan's; None if it has none.
    window_s
        Length of the window.

    Returns
    -------
    float or None
        A fraction; None if the plan has no such interval.
    """
    if prediction is None or prediction.prediction_interval_95 is None:
        return None
    mean, low = prediction.slo_attainment, prediction.prediction_interval_95[0]
    arrivals = prediction.arrivals
    if arrivals is None or not 0 < window_s < arrivals.run_s:
        return low
    widened = shorter_run_factor(arrivals.run_s / window_s, arrivals.runs)
    return max(0.0, mean - (mean - low) * widened)
