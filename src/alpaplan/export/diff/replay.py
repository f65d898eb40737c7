"""Steps taken one after the other: what runs, how full devices are, and how long it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.analysis.rollout import Action, Pace
from alpaplan.export.diff.fleet import Fleet
from alpaplan.export.diff.steps import Step


@dataclass(frozen=True)
class TakenStep:
    """A step and the state after it.

    Parameters
    ----------
    step
        What is done.
    used
        Engines that the router uses.
    loaded_bytes
        Weights loaded, of all devices.
    duration_s
        How long it takes.
    copies_min
        Fewest replicas in use of a model that has to be served; None if none has to.
    fullest_device
        Largest held part of a device's memory.
    """

    step: Step
    used: frozenset[int]
    loaded_bytes: int
    duration_s: float
    copies_min: int | None
    fullest_device: float


@dataclass(frozen=True)
class Replayed:
    """All steps, and what is used before the first."""

    before: frozenset[int]
    steps: tuple[TakenStep, ...]


def replay(fleet: Fleet, steps: Sequence[Step], pace: Pace, outage: Collection[str]) -> Replayed:
    """Take the steps, and make sure that each keeps the rules.

    Parameters
    ----------
    fleet
        What runs.
    steps
        What is done.
    pace
        How long steps take.
    outage
        Models that may go down.

    Raises
    ------
    RuntimeError
        If a step breaks a rule: a mistake of the search for them.
    """
    served = [model for model in fleet.served_in_both if model not in outage]
    running = {*fleet.staying, *fleet.old}
    used = frozenset(running)
    before = used
    taken: list[TakenStep] = []
    for step in steps:
        if step.do is Action.LOAD:
            running |= {*step.add}
        elif step.do is Action.UNLOAD:
            running -= {*step.remove}
        else:
            used = used - {*step.remove} | {*step.add}
        copies = Counter(fleet.engines[engine].model for engine in used)
        memory = fleet.memory(sorted(running))
        copies_min = min((copies[model] for model in served), default=None)
        if copies_min == 0 or memory.overfull().size or not _is_sound(fleet, running, used):
            raise RuntimeError(f"step {len(taken) + 1} of a roll-out breaks its own rules")
        taken.append(
            TakenStep(
                step,
                used,
                sum(int(fleet.engines[e].weights.sum()) for e in step.add)
                if step.do is Action.LOAD
                else 0,
                _duration_s(fleet, step, pace),
                copies_min,
                memory.fullest(),
            )
        )
    if used != {*fleet.staying, *fleet.new} or running != used:
        raise RuntimeError("a roll-out does not end at the new plan")
    return Replayed(before, tuple(taken))


def _is_sound(fleet: Fleet, running: Collection[int], used: Collection[int]) -> bool:
    """Whether names are unique, what is used runs, and groups in use share no device."""
    names = Counter(fleet.engines[engine].name for engine in running)
    slots = {fleet.engines[engine].slot for engine in used}
    return (
        all(number == 1 for number in names.values())
        and all(engine in running for engine in used)
        and all(fleet.blockers[slot].isdisjoint(slots) for slot in slots)
    )


def _duration_s(fleet: Fleet, step: Step, pace: Pace) -> float:
    """Return how long a step takes: loads of a device follow each other, devices do not."""
    if step.do is Action.ROUTE:
        return 0.0
    if step.do is Action.UNLOAD:
        return pace.drain_time_s
    busy_s = np.zeros(len(fleet.devices))
    for number in step.add:
        engine = fleet.engines[number]
        busy_s[engine.devices] += engine.weights / pace.load_bandwidth_bytes_per_s
        busy_s[engine.devices] += pace.start_time_s
    return float(busy_s.max(initial=0.0))
