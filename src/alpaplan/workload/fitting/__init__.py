"""Fitting arrival processes to recorded requests: the inverse of `alpaplan.workload.arrivals`."""

from alpaplan.workload.fitting.registry import LAWS, fit_observation
from alpaplan.workload.fitting.trace_fit import ModelFit, fit_trace

__all__ = ["LAWS", "ModelFit", "fit_observation", "fit_trace"]
