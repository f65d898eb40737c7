"""A simulation by windows, and a prediction to compare it with."""

from __future__ import annotations

from typing import Any

from alpaplan.analysis.drift import Drift, drift_of
from alpaplan.specs.prediction import Prediction
from tests.simulator.cases import one_server

ARRIVALS = {"source": "sampled", "runs": 10, "run_s": 1000.0, "requests": 10_000}


def prediction(**more: Any) -> Prediction:
    return Prediction.model_validate(
        {"slo_attainment": 0.9, "prediction_interval_95": (0.8, 1.0), "arrivals": ARRIVALS} | more
    )


def drift(predicted: Prediction | None, window_s: float = 10.0) -> Drift:
    """Serve ten alone in the first window, two of four at once in the next, none, one."""
    times_s = [0.5 * n for n in range(10)] + [10.0] * 4 + [30.0]
    case = one_server([0.25], 0.5, times_s, duration_s=40.0)
    return drift_of(case.trace, case.replay(), window_s, predicted)
