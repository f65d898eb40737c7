"""A model profile as YAML for people, and always the same bytes."""

from __future__ import annotations

from typing import Any

from alpaplan.files.yaml_text import to_yaml
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.units import BYTE_UNITS

_MEGABYTE = BYTE_UNITS["MB"]


def profile_to_yaml(profile: ModelProfileSpec) -> str:
    """Write a profile as YAML text that reads back as the same profile.

    Optional fields that have nothing to say are left out; whole megabytes are written as such.
    """
    data = profile.model_dump(exclude_defaults=True)
    data["configs"] = [
        {key: _in_megabytes(value) if key.endswith("_bytes") else value for key, value in config}
        for config in map(dict.items, data["configs"])
    ]
    return to_yaml(data)


def _in_megabytes(value: Any) -> Any:
    """Write the byte counts of a number, list or mapping as megabytes where they are whole."""
    if isinstance(value, dict):
        return {key: _in_megabytes(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_megabytes(item) for item in value]
    return f"{value // _MEGABYTE}MB" if value and value % _MEGABYTE == 0 else value
