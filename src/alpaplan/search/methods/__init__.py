"""The search methods by name. One file here and one line below add a method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.search.methods.method import Method

METHODS: Registry[Method] = Registry(
    {
        "auto": Entry(
            "alpaplan.search.methods.auto:AUTO",
            "quick placements on many group partitions, then local improvement of the best",
        ),
        "greedy": Entry(
            "alpaplan.search.methods.greedy:GREEDY",
            "AlpaServe's fast greedy selection of replicas on every partition into equal groups",
        ),
        "beam": Entry(
            "alpaplan.search.methods.beam:BEAM",
            "AlpaServe's beam search on the best partitions that greedy finds",
        ),
        "selective-replication": Entry(
            "alpaplan.search.methods.selective_replication:REPLICATION",
            "greedy replicas on single devices, without model parallelism",
        ),
        "round-robin": Entry(
            "alpaplan.search.methods.round_robin:ROUND_ROBIN",
            "models dealt out in turn to equal groups",
        ),
        "dedicated": Entry(
            "alpaplan.search.methods.dedicated:DEDICATED",
            "each model on groups of its own, on the fewest devices, in proportion to its load",
        ),
        "ilp": Entry(
            "alpaplan.search.methods.ilp:ILP",
            "AlpaServe's integer program for replicas, on single devices and the best equal groups",
        ),
    },
    what="search method",
)
"""Name -> method. Listing the names imports none of them."""

DEFAULT_METHOD = "auto"
"""The method for those who ask for none."""
