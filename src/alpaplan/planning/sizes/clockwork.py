"""What AlpaServe's baseline clockwork++ attains at a point: planned on what it is judged by."""

from __future__ import annotations

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.rounding import rounded
from alpaplan.planning.schedules.settings import require_few_windows
from alpaplan.planning.sizes.measure import unseen_of
from alpaplan.planning.sizes.steps import Variation
from alpaplan.planning.tasks import Surroundings
from alpaplan.search.schedules.clockwork import SingleDevices, clockwork
from alpaplan.search.schedules.judged import Attained, attained_by_windows
from alpaplan.search.schedules.windows import windows_of_arrivals
from alpaplan.simulator.intervals import mean_interval_95
from alpaplan.specs.prediction import Prediction


def foresee(
    inputs: Inputs, seed: int, window_s: float, variation: Variation, _: Surroundings
) -> Prediction | None:
    """Measure clockwork++ as it was published on the unseen arrivals of varied inputs.

    Each window is planned on its own arrivals, begins with idle groups, and loads in no time
    (design/CLOCKWORK.md): more than anything that is deployed can attain by replicas on single
    devices. None: no model runs on a single device.

    Raises
    ------
    AlpaplanError
        If there are too many windows.
    """
    varied = variation.of(inputs)
    problem = varied.problem
    if not SingleDevices.of(problem).devices:
        return None
    found: list[Attained] = []
    length_s = 0.0
    for trace in unseen_of(varied, seed):
        length_s += trace.duration_s
        if not trace.num_requests:
            continue
        windows = windows_of_arrivals(trace, window_s)
        require_few_windows(len(windows), window_s)
        schedule = clockwork(problem, trace, window_s)
        found.append(attained_by_windows(problem, schedule, trace, windows))
    if not found:
        raise AlpaplanError("clockwork++ needs arrivals to plan on, found none")
    attained = sum(each.attained for each in found)
    low, high = mean_interval_95(np.array([each.slo_attainment for each in found]))
    return Prediction(
        slo_attainment=rounded(attained / sum(each.requests for each in found)),
        confidence_interval_95=(rounded(low), rounded(high)),
        goodput_rps=rounded(attained / length_s),
    )
