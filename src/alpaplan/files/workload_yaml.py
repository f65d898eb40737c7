"""A workload as YAML for people, and always the same bytes."""

from __future__ import annotations

from typing import Any

from alpaplan.files.yaml_text import to_yaml
from alpaplan.specs.workload import WorkloadSpec

_MAX_WHOLE = 1e15
"""Largest number that is written without a fraction: beyond, floats skip whole numbers."""


def workload_to_yaml(workload: WorkloadSpec) -> str:
    """Write a workload as YAML text that reads back as the same workload.

    Optional fields that have nothing to say are left out; numbers without a fraction are written
    without one.
    """
    return to_yaml(_for_people(workload.model_dump(exclude_defaults=True)))


def _for_people(value: Any) -> Any:
    """Put the name of a process first, and drop fractions of 0."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key != "process")
        return {key: _for_people(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_for_people(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_WHOLE:
        return int(value)
    return value
