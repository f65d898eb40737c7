"""The search methods by name. One file here and one line below add a method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Registry

if TYPE_CHECKING:
    from alpaplan.search.methods.method import Method

METHODS: Registry[Method] = Registry(
    {
        "auto": "alpaplan.search.methods.auto:AUTO",
        "greedy": "alpaplan.search.methods.greedy:GREEDY",
        "beam": "alpaplan.search.methods.beam:BEAM",
        "selective-replication": "alpaplan.search.methods.selective_replication:REPLICATION",
        "round-robin": "alpaplan.search.methods.round_robin:ROUND_ROBIN",
        "ilp": "alpaplan.search.methods.ilp:ILP",
    },
    what="search method",
)
"""Name -> method. Listing the names imports none of them."""

DEFAULT_METHOD = "auto"
"""What plans are made by unless somebody asks for another method."""
