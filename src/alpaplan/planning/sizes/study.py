"""What all chains of a sizing share: inputs, settings, the target, and plans that are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.kept import Kept
from alpaplan.planning.sizes.steps import Goal, Variation, find_plan
from alpaplan.planning.tasks import Chain, Task
from alpaplan.specs.plan import PlanSpec

Result = TypeVar("Result")


class Listener(Protocol):
    """Hears of the progress of chains, by name."""

    def begins(self, chain: str, what: str) -> None:
        """Hear in words what a chain plans next."""

    def planned(self, chain: str) -> None:
        """Hear that a plan of a chain is there: made, or of an earlier run."""

    def ended(self, chain: str) -> None:
        """Hear that a chain needs no more plans, and all else is done too."""


@dataclass(frozen=True)
class Study:
    """What all chains of a sizing share.

    Parameters
    ----------
    inputs, settings
        What is planned, and how; the method of the settings is not used.
    target
        Attainment to keep.
    kept
        Plans of earlier runs, and where those of this one go.
    listener
        Told how it goes on; None: nobody.
    chain
        Name of the chain that has this study.
    """

    inputs: Inputs
    settings: PlanSettings
    target: float
    kept: Kept
    listener: Listener | None = None
    chain: str = ""

    @cached_property
    def movable(self) -> Inputs:
        """The inputs as they are sent with tasks."""
        return self.inputs.movable()

    @property
    def goal(self) -> Goal:
        """What plans are judged by."""
        return Goal(self.settings.seed, self.target)

    def named(self, chain: str) -> Study:
        """Return the study of one chain."""
        return replace(self, chain=chain)

    def heard(self, chain: Chain[Result]) -> Chain[Result]:
        """Go through the study's chain, and say when it has ended."""
        result = yield from chain
        if self.listener is not None:
            self.listener.ended(self.chain)
        return result

    def point(self, task: Task, what: str) -> Chain[Any]:
        """Run the task that makes a point, and tell that in words."""
        if self.listener is not None:
            self.listener.begins(self.chain, what)
        (found,) = yield (task,)
        if self.listener is not None:
            self.listener.planned(self.chain)
        return found

    def plan(
        self, variation: Variation, method: str, reasons: list[str], what: str
    ) -> Chain[PlanSpec | None]:
        """Plan for varied inputs, or take up the plan of an earlier run.

        Parameters
        ----------
        variation, method
            What to plan, and how.
        reasons
            Gets the reason if there is no plan.
        what
            What that is in words.
        """
        settings = replace(self.settings, method=method)
        if variation.factor == 1:  # one plan for all axes
            variation = replace(variation, axis=None)
        earlier = self.kept.find(variation, settings)
        if earlier is not None:
            found = earlier
            if self.listener is not None:
                self.listener.planned(self.chain)
        else:
            key = f"plan {method} {variation.words}"
            task = Task(key, find_plan, (self.movable, settings, variation))
            found = yield from self.point(task, what)
            found = self.kept.keep(variation, settings, found)
        if found.plan is None:
            reasons.append(found.reason or "there is no plan")
        return found.plan
