"""The table of all kernels: which loop simulates a kind of service under a dispatch rule."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from alpaplan.simulator.kernels import batched, fixed, schedules
from alpaplan.simulator.kernels.compiling import compiled
from alpaplan.specs.choices import Dispatch


class ServiceKind(StrEnum):
    """How a group serves requests, which determines when they finish."""

    FIXED = "fixed"
    """Each request by itself, in a time that depends on its model and the group's shape."""
    BATCHED = "batched"
    """Requests of a model in batches, in a time that also depends on the batch size."""
    SCHEDULED = "scheduled"
    """In batches, which may be of one request, on placements that change."""


KERNELS: dict[tuple[ServiceKind, Dispatch], Callable[..., Any]] = {
    (ServiceKind.FIXED, Dispatch.EARLIEST_FINISH): fixed.earliest_finish,
    (ServiceKind.FIXED, Dispatch.SHORTEST_QUEUE): fixed.shortest_queue,
    (ServiceKind.BATCHED, Dispatch.EARLIEST_FINISH): batched.earliest_finish,
    (ServiceKind.BATCHED, Dispatch.SHORTEST_QUEUE): batched.shortest_queue,
    (ServiceKind.SCHEDULED, Dispatch.EARLIEST_FINISH): schedules.earliest_finish,
    (ServiceKind.SCHEDULED, Dispatch.SHORTEST_QUEUE): schedules.shortest_queue,
}
"""The loops as plain functions; `kernel` compiles them as they are used."""


def kernel(service: ServiceKind, dispatch: Dispatch) -> Callable[..., Any]:
    """Return the compiled loop of a kind of service under a dispatch rule."""
    return compiled(KERNELS[service, dispatch])
