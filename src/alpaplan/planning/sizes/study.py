"""What all chains of a sizing share: inputs, settings, the target, and plans that are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.kept import Kept
from alpaplan.planning.sizes.steps import Goal, Variation, find_plan
from alpaplan.planning.tasks import Chain, Task
from alpaplan.specs.plan import PlanSpec

Listener = Callable[[str], None]
"""Told in words what is done next, and with no words that it is done."""


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
        Told how it goes on.
    """

    inputs: Inputs
    settings: PlanSettings
    target: float
    kept: Kept
    listener: Listener

    @cached_property
    def movable(self) -> Inputs:
        """The inputs as they are sent with tasks."""
        return self.inputs.movable()

    @property
    def goal(self) -> Goal:
        """What plans are judged by."""
        return Goal(self.settings.seed, self.target)

    def report(self, what: str) -> None:
        """Say what is planned next."""
        self.listener(what)

    def done(self) -> None:
        """Say that a plan is there."""
        self.listener("")

    def plan(self, variation: Variation, method: str, reasons: list[str]) -> Chain[PlanSpec | None]:
        """Plan for varied inputs, or take up the plan of an earlier run.

        Parameters
        ----------
        variation, method
            What to plan, and how.
        reasons
            Gets the reason if there is no plan.
        """
        settings = replace(self.settings, method=method)
        if variation.factor == 1:  # one plan for all axes
            variation = replace(variation, axis=None)
        earlier = self.kept.find(variation, settings)
        if earlier is not None:
            found = earlier
        else:
            key = f"plan {method} {variation.words}"
            (found,) = yield (Task(key, find_plan, (self.movable, settings, variation)),)
            found = self.kept.keep(variation, settings, found)
        if found.plan is None:
            reasons.append(found.reason or "there is no plan")
        return found.plan
