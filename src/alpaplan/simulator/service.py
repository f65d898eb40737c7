"""The protocol of what simulates one kind of service."""

from __future__ import annotations

from typing import Protocol

from alpaplan.problem import Placement
from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.group_state import GroupState


class Service(Protocol):
    """Simulates placements of models of one kind of service, on one trace.

    Each kind has a class that implements this in a file beside this one, and its loops in
    `kernels`. Parameters, results and errors are those of `alpaplan.simulator.Simulator`.
    """

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        ...

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        ...
