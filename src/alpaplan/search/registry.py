"""The search methods by name. One file and one line here add a method."""

from __future__ import annotations

from collections.abc import Callable

from alpaplan.search.auto import auto
from alpaplan.search.baselines import round_robin, selective_replication
from alpaplan.search.beam import beam
from alpaplan.search.candidate import Candidate
from alpaplan.search.context import SearchContext
from alpaplan.search.effort import Effort, work_of
from alpaplan.search.greedy import greedy
from alpaplan.search.ilp import ilp

Method = Callable[[SearchContext], list[Candidate]]
"""Finds placements: everything it tried, in the order it tried it."""

METHODS: dict[str, Method] = {
    "auto": auto,
    "greedy": greedy,
    "beam": beam,
    "selective-replication": selective_replication,
    "round-robin": round_robin,
    "ilp": ilp,
}

_ENDLESS = frozenset({"auto"})
"""Methods that go on for as long as they may. The others end by themselves, and cut short they
would not be the baselines that they are."""


def max_work_of(method: str, effort: Effort, num_models: int) -> int | None:
    """Return a method's budget in simulated requests; None for those that end by themselves."""
    return work_of(effort, num_models) if method in _ENDLESS else None
