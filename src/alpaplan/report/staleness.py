"""What `alpaplan plan --check` prints of a plan that is stale."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.analysis.staleness import Change, Staleness, recut_replicas
from alpaplan.report.text import device_ranges, name_ranges, percent
from alpaplan.specs.plan import GroupSpec, InputRecord
from alpaplan.specs.stages import layer_ranges


def staleness_lines(found: Staleness) -> list[str]:
    """Return what differs, a line each; none if nothing does."""
    lines = [_describe_input(change) for change in found.inputs]
    for change in found.settings:
        was, is_now = ("not given" if x is None else x for x in (change.old, change.new))
        lines.append(f"{change.name}: was {was}, is now {is_now}")
    for group in found.groups:
        lines += _describe_change(group)
    if found.attainment is not None:
        was, is_now = percent(found.attainment.old), percent(found.attainment.new)
        lines.append(f"prediction: attainment was {was}, is now {is_now}")
    return lines + [f"{name}: differs from what would be planned now" for name in found.parts]


def _describe_input(change: Change[InputRecord]) -> str:
    if change.new is None:
        return f"input {change.name}: no longer used"
    if change.old is None:
        return f"input {change.name}: {change.new.role} that was not used before"
    return f"input {change.name}: {change.new.role} has changed since the plan was made"


def _describe_change(change: Change[GroupSpec]) -> Iterator[str]:
    if change.old is None or change.new is None:
        if change.new is None:
            yield f"group {change.name}: no longer planned"
        else:
            yield f"group {change.name}: new: {_describe(change.new)}"
        return
    was, is_now = _describe(change.old), _describe(change.new)
    recut = recut_replicas(change.old, change.new)
    if was != is_now or not recut:
        yield f"group {change.name}: was {was}, is now {is_now}"
        return
    for replica in recut:  # the description leaves stages out
        old, new = layer_ranges(replica.old), layer_ranges(replica.new)
        yield f"group {change.name}: stages of {replica.name} were {old}, are now {new}"


def _describe(group: GroupSpec) -> str:
    replicas = name_ranges([replica.model for replica in group.replicas])
    shape = f"intra_op {group.intra_op}, inter_op {group.inter_op}"
    return f"{group.device} {device_ranges(group.devices)} ({shape}) with {replicas or 'nothing'}"
