"""The method `auto` with one ingredient switched off, by replacing names of its modules.

A name is replaced where it is used, which for imported ones is not where it is defined.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from unittest.mock import patch

from alpaplan.problem import PlacementProblem
from alpaplan.search import improve, moves, raced_walk
from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.methods import auto
from alpaplan.search.moves import MOVES
from alpaplan.search.partition import GroupPartition
from alpaplan.workload import arrival_sets


@dataclass(frozen=True)
class Variant:
    """The method with some names of its modules replaced.

    Parameters
    ----------
    name
        The variant in words.
    replaced
        Module, name there, and what takes its place.
    """

    name: str
    replaced: tuple[tuple[ModuleType, str, object], ...] = ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Replace the names while the context lasts, in this process."""
        with ExitStack() as stack:
            for module, name, value in self.replaced:
                stack.enter_context(patch.object(module, name, value))
            yield


COMPLETE = Variant("complete")


def all_variants() -> list[Variant]:
    """Return the complete method, and one variant for each ingredient that it is without."""
    return [
        COMPLETE,
        Variant("without proposals", ((auto, "PROPOSALS", 0),)),
        Variant(
            "without equal partitions",
            ((auto, "uniform_partitions", _no_partitions), (auto, "best_of", _best_if_any)),
        ),
        Variant("without racing", ((raced_walk, "POINTS", ()),)),
        Variant("training on one run", ((arrival_sets, "TRAINING_RUNS", 1),)),
        Variant(
            "without annealing",
            ((improve, "FIRST_TEMPERATURE", 0.0), (improve, "LAST_TEMPERATURE", 0.0)),
        ),
        Variant("one start", ((auto, "STARTS", 1),)),
        Variant("without deciding samples", ((arrival_sets, "DECIDING_SAMPLES", 0),)),
        Variant("without improvement", ((auto, "improve", _no_improvement),)),
        *(_without_move(name) for name in MOVES),
    ]


def _without_move(name: str) -> Variant:
    rest = 1 - MOVES[name][1]
    rescaled = {
        other: (number, 0.0 if other == name else share / rest)
        for other, (number, share) in MOVES.items()
    }
    return Variant(f"without {name}", ((moves, "MOVES", rescaled),))


def _no_partitions(_: PlacementProblem) -> list[GroupPartition]:
    return []


def _best_if_any(candidates: list[Candidate]) -> Candidate | _Nothing:
    """Let the method log its first step, which has no candidates then."""
    return best_of(candidates) if candidates else _Nothing()


def _no_improvement(*_: object) -> list[Candidate]:
    return []


class _Nothing:
    """Stands where a step found no candidate."""

    score = None
