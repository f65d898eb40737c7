"""What ``--check`` prints of a plan or a schedule that is stale."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.analysis.staleness import Change, Staleness, changed_replicas
from alpaplan.report.markdown import escaped
from alpaplan.report.text import device_ranges, name_ranges, percent
from alpaplan.specs.plan import GroupSpec, InputRecord, ReplicaSpec
from alpaplan.specs.stages import layer_ranges


def staleness_lines(found: Staleness) -> list[str]:
    """Return what differs, a line each; none if nothing does."""
    lines = _lines_of_inputs(found)
    for group in found.groups:
        lines += _describe_change(group)
    return lines + _lines_of_results(found)


def staleness_markdown(name: str, found: Staleness, roll_out: str) -> str:
    """Return the same as Markdown for a pull request, with how to roll it out.

    Parameters
    ----------
    name
        What the plan is called.
    found
        What differs.
    roll_out
        The diff from the plan to what its inputs give now, or why there is none.
    """
    if not found.is_stale:
        return f"**{escaped(name)}** is current."
    lines = [f"**{escaped(name)}** is stale.", ""]
    lines += [f"- {escaped(line)}" for line in _lines_of_inputs(found) + _lines_of_results(found)]
    return "\n".join([*lines, "", roll_out])


def _lines_of_inputs(found: Staleness) -> list[str]:
    """Return which inputs and settings differ."""
    lines = [_describe_input(change) for change in found.inputs]
    for change in found.settings:
        was, is_now = ("not given" if x is None else x for x in (change.old, change.new))
        lines.append(f"{change.name}: was {was}, is now {is_now}")
    return lines


def _lines_of_results(found: Staleness) -> list[str]:
    """Return what differs beside the groups."""
    lines = []
    if found.starts_s is not None:
        was, is_now = (
            ", ".join(f"{start_s:.15g} s" for start_s in starts_s or ())
            for starts_s in (found.starts_s.old, found.starts_s.new)
        )
        lines.append(f"placements: started at {was}, start at {is_now} now")
    if found.attainment is not None:
        was, is_now = percent(found.attainment.old), percent(found.attainment.new)
        lines.append(f"prediction: attainment was {was}, is now {is_now}")
    return lines + [f"{name}: differs from what would be planned now" for name in found.parts]


def _describe_input(change: Change[InputRecord]) -> str:
    if change.new is None:
        return f"input {change.name}: no longer used"
    if change.old is None:
        return f"input {change.name}: {change.new.role} that was not used before"
    return f"input {change.name}: {change.new.role} has changed since planning"


def _describe_change(change: Change[GroupSpec]) -> Iterator[str]:
    if change.old is None or change.new is None:
        if change.new is None:
            yield f"group {change.name}: no longer planned"
        else:
            yield f"group {change.name}: new: {_describe(change.new)}"
        return
    was, is_now = _describe(change.old), _describe(change.new)
    replicas = changed_replicas(change.old, change.new)
    if was != is_now or not replicas:
        yield f"group {change.name}: was {was}, is now {is_now}"
        return
    for replica in replicas:  # the description names them only
        for difference in _describe_replica(replica):
            yield f"group {change.name}: {difference}"


def _describe_replica(change: Change[ReplicaSpec]) -> Iterator[str]:
    old, new = change.old, change.new
    if old is None or new is None:
        return
    if old.stages != new.stages:
        was, is_now = layer_ranges(old.stages), layer_ranges(new.stages)
        yield f"stages of {change.name} were {was}, are now {is_now}"
    if old.max_batch_size != new.max_batch_size:
        was, is_now = (str(spec.max_batch_size or "not given") for spec in (old, new))
        yield f"max_batch_size of {change.name} was {was}, is now {is_now}"


def _describe(group: GroupSpec) -> str:
    replicas = name_ranges([replica.model for replica in group.replicas])
    shape = f"intra_op {group.intra_op}, inter_op {group.inter_op}"
    return f"{group.device} {device_ranges(group.devices)} ({shape}) with {replicas or 'nothing'}"
