"""Placement planner for serving many large deep-learning models on a GPU cluster.

``import alpaplan`` gives the pipeline of the command line to notebooks and programs: see
``alpaplan guide python``. Names are imported when they are first used, so that the command line
starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.library import (
        Plan,
        compare,
        load_inputs,
        load_plan,
        load_schedule,
        plan,
        simulate,
        write_plan,
    )
    from alpaplan.planning.plan import Planned
    from alpaplan.planning.runs import Simulation

__version__ = "0.3.0"

__all__ = [
    "Inputs",
    "Plan",
    "Planned",
    "Simulation",
    "compare",
    "load_inputs",
    "load_plan",
    "load_schedule",
    "plan",
    "simulate",
    "write_plan",
]

_MODULE_OF = {
    "Inputs": "alpaplan.planning.inputs",
    "Planned": "alpaplan.planning.plan",
    "Simulation": "alpaplan.planning.runs",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_MODULE_OF.get(name, "alpaplan.planning.library"))
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
