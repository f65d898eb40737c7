"""Two plans to their diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from alpaplan.analysis.plan_diff import GroupChange, GroupDiff, ModelDiff, PlanDiff
from alpaplan.analysis.rollout import DeviceLoads, RolloutSettings, StepDiff, StepItem
from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.export.diff.attainment import Attainment, Attainments
from alpaplan.export.diff.building import build_fleet
from alpaplan.export.diff.deployed import DeployedPlan
from alpaplan.export.diff.fleet import Engine, Fleet, Origin
from alpaplan.export.diff.matching import change_of_unmatched
from alpaplan.export.diff.replay import Replayed, replay
from alpaplan.export.diff.search import find_steps
from alpaplan.planning.inputs import Inputs
from alpaplan.specs.plan import PlanSpec
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace

GROUPS_AT_ONCE = (None, 4, 2, 1)
"""How many groups change together (counts), as many as there is room for at first: the fewer, the
more steps there are, and the more serves in between."""


def diff_plans(
    old: DeployedPlan, new: DeployedPlan, inputs: Inputs, trace: Trace, settings: RolloutSettings
) -> PlanDiff:
    """Say what changes from one plan to another, and find the steps for it.

    Parameters
    ----------
    old, new
        The plans.
    inputs
        What the new one is for.
    trace
        Requests of the inputs' models, to simulate what is in use after each step.
    settings
        What the roll-out may do.

    Raises
    ------
    AlpaplanError
        If a model that may go down is in neither plan, or a node is in neither cluster.
    NoOrderError
        If no order of steps was found.
    """
    _require_known(settings.allow_outage, old, new)
    fleet = build_fleet(old, new, inputs)
    attainments = Attainments(fleet, trace)
    replayed = _rolled_out(fleet, attainments, settings)
    at_end = replayed.steps[-1].used if replayed.steps else replayed.before
    ends = attainments.of(replayed.before), attainments.of(at_end)
    return PlanDiff(
        old.sha256,
        new.sha256,
        settings,
        tuple(_groups(fleet, old.plan, new.plan)),
        tuple(_models(old, new, ends)),
        tuple(_device_loads(fleet)),
        tuple(_steps(fleet, replayed, attainments, old.plan, new.plan)),
        tuple(_down(fleet, replayed)),
    )


def _rolled_out(fleet: Fleet, attainments: Attainments, settings: RolloutSettings) -> Replayed:
    """Return steps that keep the floor on attainment, or those that come closest to it."""
    tried: list[tuple[float, Replayed]] = []
    floor = settings.floor.attainment
    for groups_at_once in (None,) if floor is None else GROUPS_AT_ONCE:
        steps = find_steps(fleet, settings.floor.copies, settings.allow_outage, groups_at_once)
        replayed = replay(fleet, steps, settings.pace, settings.allow_outage)
        if floor is None:
            return replayed
        least = min((attainments.of(taken.used).of_all for taken in replayed.steps), default=1.0)
        if not least < floor:
            return replayed
        tried.append((least, replayed))
    return max(tried, key=lambda each: each[0])[1]


def _require_known(names: Sequence[str], old: DeployedPlan, new: DeployedPlan) -> None:
    known = {*old.objectives, *new.objectives, *old.profiles, *new.profiles}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise AlpaplanError(f"a model that may go down must be in a plan, found {name!r}{hint}")


def _groups(fleet: Fleet, old: PlanSpec, new: PlanSpec) -> Iterator[GroupDiff]:
    of_slot: list[list[list[Engine]]] = [[[], [], []] for _ in fleet.pairs]
    for part, numbers in enumerate((fleet.staying, fleet.new, fleet.old)):
        for number in numbers:
            of_slot[fleet.engines[number].slot][part].append(fleet.engines[number])
    for slot, pair in enumerate(fleet.pairs):
        stay, load, unload = (
            tuple(e.model for e in sorted(engines, key=lambda e: e.position))
            for engines in of_slot[slot]
        )
        before = None if pair.old is None else old.groups[pair.old]
        after = None if pair.new is None else new.groups[pair.new]
        group = after or before
        if group is None:
            raise ValueError("a group must be of either plan")
        if before is None or after is None:
            change = change_of_unmatched(pair, old.groups, new.groups)
        else:
            change = GroupChange.CHANGED if load or unload else GroupChange.KEPT
        yield GroupDiff(
            None if before is None else before.name,
            None if after is None else after.name,
            change,
            tuple(old.groups[number].name for number in pair.overlaps),
            group.device,
            group.intra_op,
            group.inter_op,
            group.devices,
            stay,
            load,
            unload,
        )


def _models(
    old: DeployedPlan, new: DeployedPlan, ends: tuple[Attainment, Attainment]
) -> Iterator[ModelDiff]:
    for name in sorted({*old.objectives, *old.profiles, *new.objectives, *new.profiles}):
        slo = old.objectives.get(name), new.objectives.get(name)
        attained = (
            None if each is None else finite_or_none(end.of_model.get(name, float("nan")))
            for each, end in zip(slo, ends, strict=True)
        )
        before, after = attained
        groups = _names_of_groups(old.plan, name), _names_of_groups(new.plan, name)
        yield ModelDiff(name, slo, groups, (before, after))


def _names_of_groups(plan: PlanSpec, model: str) -> tuple[str, ...]:
    return tuple(
        group.name
        for group in plan.groups
        if any(replica.model == model for replica in group.replicas)
    )


def _device_loads(fleet: Fleet) -> Iterator[DeviceLoads]:
    loaded = np.zeros(len(fleet.devices), dtype=np.int64)
    for number in fleet.new:
        loaded[fleet.engines[number].devices] += fleet.engines[number].weights
    for (node, device), loaded_bytes in zip(fleet.devices, loaded.tolist(), strict=True):
        if loaded_bytes:
            yield DeviceLoads(node, device, loaded_bytes)


def _steps(
    fleet: Fleet, replayed: Replayed, attainments: Attainments, old: PlanSpec, new: PlanSpec
) -> Iterator[StepDiff]:
    def items(numbers: Sequence[int]) -> tuple[StepItem, ...]:
        engines = [fleet.engines[number] for number in numbers]
        groups = {Origin.OLD: old.groups, Origin.NEW: new.groups}
        return tuple(
            StepItem(e.origin.value, groups[e.origin][e.group].name, e.model, e.name)
            for e in engines
        )

    for number, taken in enumerate(replayed.steps, start=1):
        yield StepDiff(
            number,
            taken.step.do,
            items(taken.step.add),
            items(taken.step.remove),
            taken.loaded_bytes,
            taken.duration_s,
            taken.copies_min,
            taken.fullest_device,
            finite_or_none(attainments.of(taken.used).of_all),
        )


def _down(fleet: Fleet, replayed: Replayed) -> Iterator[str]:
    """Yield the models of both plans that are without a replica in use at some time."""
    states = [replayed.before, *(taken.used for taken in replayed.steps)]
    served = [{fleet.engines[engine].model for engine in used} for used in states]
    for model in fleet.served_in_both:
        if not all(model in each for each in served):
            yield model
