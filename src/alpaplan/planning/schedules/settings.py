"""How to make a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import AlpaplanError
from alpaplan.files.trace_csv import TraceFile
from alpaplan.specs.choices import Effort
from alpaplan.specs.plan import Provenance
from alpaplan.units import format_seconds

MAX_WINDOWS = 10_000
"""Most windows (a count), so that a slip in a unit does not plan for weeks."""


def require_few_windows(num_windows: float, window_s: float) -> None:
    """Refuse more than `MAX_WINDOWS`.

    Raises
    ------
    AlpaplanError
        If there are more.
    """
    if num_windows > MAX_WINDOWS:
        found = f"{num_windows:,.0f} of {format_seconds(window_s)}"
        raise AlpaplanError(f"must be at most {MAX_WINDOWS:,} windows, found {found}")


@dataclass(frozen=True)
class ScheduleSettings:
    """What a schedule is to be made of.

    Parameters
    ----------
    method
        A name from the registry of methods for schedules.
    window_s
        Length of the windows, from time 0; None if they are listed.
    starts_s
        When listed windows start; the first is 0.
    foresight
        Whether `clockwork++` plans each window on the arrivals that it then brings.
    trace
        Requests of the inputs' models to plan for in place of the workload's, with their own times;
        None: the workload's.
    judged_by
        Requests that `auto` judges its schedule by; None: the recorded ones, whose rates and CVs
        it was planned on, or another sample.
    duration_s
        How much time to plan for; None: one period of the workload.
    target
        Attainment that each window is to have on as few devices as that takes; None: as much as
        can be had for `device_cost`.
    device_cost
        Requests that a device must attain in an hour to be worth its while.
    request_value
        What an attained request is worth, in the currency of the nodes' cost; None: costs are only
        looked at between equals.
    seed
        Of all samples and searches.
    effort
        How much to search for each plan.
    """

    method: str = "auto"
    window_s: float | None = None
    starts_s: tuple[float, ...] = ()
    foresight: bool = False
    trace: TraceFile | None = None
    judged_by: Path | None = None
    duration_s: float | None = None
    target: float | None = None
    device_cost: float = 0.0
    request_value: float | None = None
    seed: int = 0
    effort: Effort = Effort.LOW

    @classmethod
    def of_provenance(cls, made: Provenance) -> ScheduleSettings:
        """Return the settings that a schedule records; its trace is still to be read."""
        return cls(
            method=made.method,
            window_s=made.window_s,
            starts_s=made.starts_s or (),
            foresight=bool(made.foresight),
            duration_s=made.duration_s,
            target=made.target,
            device_cost=made.device_cost or 0.0,
            request_value=made.request_value,
            seed=made.seed,
            effort=made.effort or Effort.LOW,
        )
