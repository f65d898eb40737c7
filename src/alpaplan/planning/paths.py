"""Where inputs lie: as the user says, else as a plan's provenance says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from alpaplan.errors import AlpaplanError

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.specs.schedule import PlanOrSchedule


class MissingInputError(AlpaplanError):
    """An input that neither the user nor a plan names.

    Parameters
    ----------
    roles
        Which: ``"cluster"``, ``"workload"``.
    """

    def __init__(self, roles: tuple[str, ...]) -> None:
        self.roles = roles
        super().__init__(f"no {' and no '.join(roles)} is given, and no plan says where to find it")


@dataclass(frozen=True)
class InputPaths:
    """The files that a plan is made from; None where not known.

    Parameters
    ----------
    cluster, workload
        Documents.
    profiles
        Folder of model profiles; None: the shipped ones.
    trace
        Arrivals of all models in place of the workload's; None: the workload's.
    as_recorded
        Keep times that were recorded in long ticks.
    """

    cluster: Path | None = None
    workload: Path | None = None
    profiles: Path | None = None
    trace: Path | None = None
    as_recorded: bool = field(default=False, kw_only=True)

    def given(self) -> tuple[Path | None, ...]:
        """Return all of them, None for those that are not known."""
        return self.cluster, self.workload, self.profiles, self.trace

    def or_those_of(self, plan: Document[PlanOrSchedule]) -> InputPaths:
        """Fill in what is not given from the provenance of a plan or a schedule, relative to it.

        A trace that took the place of the workload's arrivals does so again, unless another
        workload is given; that of a schedule, whose windows are of the trace's own times, has to
        be read as `ScheduleSettings.trace`. What was planned on as recorded stays so.
        """
        made = plan.spec.provenance
        base = plan.path.parent
        found = {
            record.role: base / record.path
            for record in (made.inputs if made else ())
            if record.path is not None
        }
        trace = self.trace
        if made is not None and not made.is_of_schedule:
            trace = self.trace_or_that_of(plan)
        return InputPaths(
            self.cluster or found.get("cluster"),
            self.workload or found.get("workload"),
            self.profiles or (found["profile"].parent if "profile" in found else None),
            trace,
            as_recorded=self.as_recorded or bool(made and made.as_recorded),
        )

    def trace_or_that_of(self, plan: Document[PlanOrSchedule]) -> Path | None:
        """Return the trace, or that of the provenance unless another workload is given."""
        made = plan.spec.provenance
        if self.trace or self.workload or made is None or made.trace is None:
            return self.trace
        return plan.path.parent / made.trace

    def required(self) -> tuple[Path, Path]:
        """Return the paths of the cluster and the workload.

        Raises
        ------
        MissingInputError
            If one of them is not known.
        """
        if self.cluster is None or self.workload is None:
            documents = {"cluster": self.cluster, "workload": self.workload}
            raise MissingInputError(tuple(role for role, path in documents.items() if path is None))
        return self.cluster, self.workload
