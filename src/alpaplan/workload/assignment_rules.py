"""The rules that divide functions of a log among given models: a class and a line add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.workload.assignment import RoundRobin, Stripe

_MODULE = "alpaplan.workload.assignment"

ASSIGNMENT_RULES: Registry[type[RoundRobin] | type[Stripe]] = Registry(
    {
        "round-robin": Entry(f"{_MODULE}:RoundRobin", "deal functions out to the models in turn"),
        "stripe": Entry(f"{_MODULE}:Stripe", "give each model a block of consecutive functions"),
    },
    what="assignment rule",
)
"""Name -> rule."""
