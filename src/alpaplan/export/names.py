"""Names of groups and engines as backends have them: they are host names, units and services."""

from __future__ import annotations

import hashlib
import re

from alpaplan.specs.plan import GroupSpec

MAX_LENGTH = 53
"""Longest name (characters). A DNS label has at most 63: ten are left for what backends add."""

_KEPT_LENGTH = 44
"""What is left of a name that a hash makes unique again (characters)."""

_HASH_LENGTH = 8
"""Hexadecimal digits of that hash."""


def written(text: str) -> str:
    """Return a name that every backend takes: lower case, digits and hyphens.

    What cannot stay as it is, or is too long, ends in a hash of the name as it was.
    """
    name = re.sub(r"[^a-z0-9-]", "-", text.lower())
    if name == text and len(name) <= MAX_LENGTH:
        return name
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return f"{name[:_KEPT_LENGTH]}-{sha256[:_HASH_LENGTH]}"


def group_name(group: GroupSpec) -> str:
    """Return the name of a group: its first device and its shape.

    A plan's own names are of no use here: the next plan may give them to other devices.
    """
    first = group.devices[0]
    return written(f"{first.node}-d{first.devices[0]}-{group.intra_op}x{group.inter_op}")


def engine_name(group: GroupSpec, model: str) -> str:
    """Return the name of the engine that serves a model on a group."""
    return written(f"{group_name(group)}-{model}")
