"""Arrival processes: what a workload document's ``arrivals`` mean, as samplers.

`process_of` is the one place where a spec becomes a process.
"""

from alpaplan.workload.arrivals.base import MAX_ARRIVALS, ArrivalProcess
from alpaplan.workload.arrivals.registry import process_of

__all__ = ["MAX_ARRIVALS", "ArrivalProcess", "process_of"]
