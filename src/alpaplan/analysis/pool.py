"""What waits and objectives would be if all models shared all devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.analysis.queueing.breaking_point import breaking_utilization, servers_needed, wait_s
from alpaplan.analysis.queueing.waits import (
    Floats,
    md1_wait_s,
    merged_variability,
    mg1_wait_s,
    mixed_service,
)
from alpaplan.units import finite_or_none

QUANTILE = 0.99
"""Fraction of a model's requests that is to be in time (a fraction; 0.9 to 0.999): attainments
above 99% are what AlpaServe is evaluated by."""


@dataclass(frozen=True)
class Pool:
    """All models sharing all devices, as one queue before one pipeline without overhead.

    Parameters
    ----------
    num_devices
        Devices of the cluster.
    load_erlangs
        Devices that the workload keeps busy on average.
    service_s, service_scv
        Mean device-seconds of a request, and their squared coefficient of variation.
    variability
        What takes the place of ``ca**2 + cs**2``; see `merged_variability`.
    wait_m_d_1_s, wait_m_g_1_s, wait_mean_s, wait_quantile_s
        Mean wait if arrivals were Poisson and all requests alike, if they were Poisson, and as
        they are; and what 99% of the waits are below. Infinite if the cluster is overloaded.
    breaks_mean, breaks_quantile
        Largest utilization at which all objectives that can be met are, as for `DedicatedModel`.
    devices_mean, devices_quantile
        Devices with which they are.
    tightest
        The model that leaves the least time for waiting; None if none leaves any.
    """

    num_devices: int
    load_erlangs: float
    service_s: float
    service_scv: float
    variability: float
    wait_m_d_1_s: float
    wait_m_g_1_s: float
    wait_mean_s: float
    wait_quantile_s: float
    breaks_mean: float
    breaks_quantile: float
    devices_mean: float
    devices_quantile: float
    tightest: str | None

    @property
    def utilization(self) -> float:
        """Offered load over devices."""
        return self.load_erlangs / self.num_devices

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; what is infinite or not defined becomes None."""
        return {
            "devices": self.num_devices,
            "load_erlangs": self.load_erlangs,
            "utilization": self.utilization,
            "service_s": self.service_s,
            "service_scv": self.service_scv,
            "variability": finite_or_none(self.variability),
            "wait_s": {
                "m_d_1": finite_or_none(self.wait_m_d_1_s),
                "m_g_1": finite_or_none(self.wait_m_g_1_s),
                "allen_cunneen": finite_or_none(self.wait_mean_s),
                "p99": finite_or_none(self.wait_quantile_s),
            },
            "breaking_utilization": {
                "mean": finite_or_none(self.breaks_mean),
                "p99": finite_or_none(self.breaks_quantile),
            },
            "tightest_model": self.tightest,
            "devices_needed": {
                "mean": finite_or_none(self.devices_mean),
                "p99": finite_or_none(self.devices_quantile),
            },
        }


def shared_pool(
    model_names: tuple[str, ...],
    num_devices: int,
    rate_rps: Floats,
    dispersion: Floats,
    work_s: Floats,
    slack_s: Floats,
) -> Pool:
    """Merge all models' requests into one queue before all devices.

    Parameters
    ----------
    model_names
        The models, `M`.
    num_devices
        Devices of the cluster.
    rate_rps, dispersion : float64[M]
        Arrivals of each model; at least one has some.
    work_s : float64[M]
        Device-seconds that a request takes.
    slack_s : float64[M]
        Objective minus the latency of a request that does not wait.
    """
    asked_for = rate_rps > 0
    rates, work = rate_rps[asked_for], work_s[asked_for]
    mean_s, scv = mixed_service(rates, work)
    variability = merged_variability(rates, work, dispersion[asked_for])
    load = float(rates @ work)
    # An objective that cannot be met anyhow says nothing about the load.
    limiting_s = np.where(asked_for & (slack_s >= 0), slack_s, np.inf)
    tightest = int(limiting_s.argmin())
    some = bool(np.isfinite(limiting_s[tightest]))
    tightest_s = float(limiting_s[tightest]) if some else -1.0
    queue = (load / num_devices, mean_s / num_devices)
    needs = (tightest_s, mean_s, float(rates.sum()), variability)
    return Pool(
        num_devices=num_devices,
        load_erlangs=load,
        service_s=mean_s,
        service_scv=scv,
        variability=variability,
        wait_m_d_1_s=float(md1_wait_s(*queue)),
        wait_m_g_1_s=float(mg1_wait_s(*queue, scv)),
        wait_mean_s=float(wait_s(*queue, variability, None)),
        wait_quantile_s=float(wait_s(*queue, variability, QUANTILE)),
        breaks_mean=float(breaking_utilization(tightest_s, queue[1], variability)),
        breaks_quantile=float(breaking_utilization(tightest_s, queue[1], variability, QUANTILE)),
        devices_mean=float(servers_needed(*needs)),
        devices_quantile=float(servers_needed(*needs, QUANTILE)),
        tightest=model_names[tightest] if some else None,
    )
