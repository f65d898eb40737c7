"""Model and layer profiles as YAML for people, and always the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alpaplan.files.yaml_text import to_yaml
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.units import BYTE_UNITS

_MEGABYTE = BYTE_UNITS["MB"]


def profile_to_yaml(profile: ModelProfileSpec | LayerProfileSpec) -> str:
    """Write a profile as YAML text that reads back as the same profile.

    Optional fields that have nothing to say are left out; whole megabytes are written as such.
    """
    return to_yaml(_readable(profile.model_dump(exclude_defaults=True)))


def _readable(value: Any) -> Any:
    """Write the byte counts in the fields of mappings as megabytes where they are whole."""
    if isinstance(value, Mapping):
        return {
            key: _in_megabytes(item) if "bytes" in str(key) else _readable(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value


def _in_megabytes(value: Any) -> Any:
    """Write the byte counts of a number, list or mapping as megabytes where they are whole."""
    if isinstance(value, dict):
        return {key: _in_megabytes(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_megabytes(item) for item in value]
    return f"{value // _MEGABYTE}MB" if value and value % _MEGABYTE == 0 else value
