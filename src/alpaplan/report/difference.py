"""How a committed plan differs from the one that its inputs give now."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.report.text import device_ranges, name_ranges, percent
from alpaplan.specs.plan import GroupSpec, InputRecord, PlanSpec
from alpaplan.specs.stages import layer_ranges


def plan_differences(old: PlanSpec, new: PlanSpec) -> list[str]:
    """Return what differs, a line each; empty if the plans say the same.

    The version of alpaplan does not count: a new version that finds the same plan makes
    nothing stale.

    Parameters
    ----------
    old, new
        The committed plan, and the one made now.
    """
    lines = [*_input_differences(old, new), *_group_differences(old, new)]
    if old.prediction != new.prediction:
        before = percent(old.prediction.slo_attainment if old.prediction else None)
        now = percent(new.prediction.slo_attainment if new.prediction else None)
        lines.append(f"prediction: attainment was {before}, is now {now}")
    lines += [
        f"{name}: not as it would be planned now"
        for name in ("unused_devices", "routing", "models")
        if getattr(old, name) != getattr(new, name)
    ]
    return lines


def _input_differences(old: PlanSpec, new: PlanSpec) -> Iterator[str]:
    before, now = _inputs(old), _inputs(new)
    for place in before | now:
        if place not in now:
            yield f"input {place}: no longer used"
        elif place not in before:
            yield f"input {place}: {now[place].role} not used before"
        elif before[place].sha256 != now[place].sha256:
            yield f"input {place}: {now[place].role} has changed since the plan was made"
    if old.provenance and new.provenance:
        for name in ("method", "seed", "effort", "max_evaluations", "trace"):
            settings = (getattr(made, name) for made in (old.provenance, new.provenance))
            was, is_now = ("not given" if value is None else value for value in settings)
            if was != is_now:
                yield f"{name}: was {was}, is now {is_now}"


def _inputs(plan: PlanSpec) -> dict[str, InputRecord]:
    """Return the inputs by where they are: a path, or the name of a shipped profile."""
    records = plan.provenance.inputs if plan.provenance else ()
    return {record.path or f"shipped {record.name}": record for record in records}


def _group_differences(old: PlanSpec, new: PlanSpec) -> Iterator[str]:
    before = {group.name: group for group in old.groups}
    now = {group.name: group for group in new.groups}
    for name in before | now:
        if name not in now:
            yield f"group {name}: would not exist now"
        elif name not in before:
            yield f"group {name}: would exist now: {_describe(now[name])}"
        elif before[name] != now[name]:
            was, is_now = _describe(before[name]), _describe(now[name])
            recut = list(_stage_differences(before[name], now[name]))
            if was == is_now and recut:  # the description leaves stages out
                yield from recut
            else:
                yield f"group {name}: was {was}, is now {is_now}"


def _stage_differences(old: GroupSpec, new: GroupSpec) -> Iterator[str]:
    """Say which replicas that both groups hold are cut into other stages."""
    before = {replica.model: replica.stages for replica in old.replicas}
    for replica in new.replicas:
        if before.get(replica.model, replica.stages) != replica.stages:
            was, is_now = layer_ranges(before[replica.model]), layer_ranges(replica.stages)
            yield f"group {new.name}: stages of {replica.model} were {was}, are now {is_now}"


def _describe(group: GroupSpec) -> str:
    replicas = name_ranges([replica.model for replica in group.replicas])
    shape = f"intra_op {group.intra_op}, inter_op {group.inter_op}"
    return f"{group.device} {device_ranges(group.devices)} ({shape}) with {replicas or 'nothing'}"
