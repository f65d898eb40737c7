"""Which groups of two plans are the same, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alpaplan.analysis.plan_diff import GroupChange
from alpaplan.specs.plan import GroupSpec

Device = tuple[str, int]
"""A node and the index of a device in it."""


@dataclass(frozen=True)
class GroupPair:
    """A group of both plans, or of one of them.

    Parameters
    ----------
    old, new
        Its numbers in the plans; None where it is not.
    overlaps
        Old groups that share devices with a new one that does not match.
    """

    old: int | None
    new: int | None
    overlaps: tuple[int, ...] = ()


def match_groups(old: Sequence[GroupSpec], new: Sequence[GroupSpec]) -> list[GroupPair]:
    """Return all groups of both plans: those of the new one in its order, then old ones alone."""
    number_of = {_identity(group): number for number, group in enumerate(old)}
    owner = {device: number for number, group in enumerate(old) for device in devices_of(group)}
    pairs = []
    for number, group in enumerate(new):
        match = number_of.pop(_identity(group), None)
        shared = {owner[device] for device in devices_of(group) if device in owner}
        overlaps = () if match is not None else tuple(sorted(shared))
        pairs.append(GroupPair(match, number, overlaps))
    return pairs + [GroupPair(number, None) for number in sorted(number_of.values())]


def change_of_unmatched(
    pair: GroupPair, old: Sequence[GroupSpec], new: Sequence[GroupSpec]
) -> GroupChange:
    """Return what became of a group that is in one plan only."""
    if pair.new is None:
        return GroupChange.REMOVED
    if not pair.overlaps:
        return GroupChange.NEW
    devices = set(devices_of(new[pair.new]))
    if len(pair.overlaps) == 1 and set(devices_of(old[pair.overlaps[0]])) == devices:
        return GroupChange.RESHAPED
    return GroupChange.REGROUPED


def devices_of(group: GroupSpec) -> list[Device]:
    """Return the devices of a group in its order: stage after stage."""
    return [(item.node, device) for item in group.devices for device in item.devices]


def _identity(group: GroupSpec) -> tuple[object, ...]:
    return group.device, group.intra_op, group.inter_op, tuple(devices_of(group))
