"""Arrival processes: what a workload document's ``arrivals`` mean, as samplers.

`process_of` is the one place where a spec becomes a process.
"""

from alpaplan.workload.arrivals.base import MAX_ARRIVALS, ArrivalProcess
from alpaplan.workload.arrivals.bent import bent_process_of
from alpaplan.workload.arrivals.registry import process_of

__all__ = ["MAX_ARRIVALS", "ArrivalProcess", "bent_process_of", "process_of"]
