"""A plan as YAML for people: a line for each replica and model, and always the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from alpaplan.files.yaml_text import MAP_TAG, SEQ_TAG, DocumentDumper
from alpaplan.specs.schedule import PlanOrSchedule

_BLOCK_SECTIONS = ("provenance", "prediction")
_UNLIMITED_WIDTH = 2**31 - 1


def plan_data(plan: PlanOrSchedule) -> dict[str, Any]:
    """Return a plan as values that YAML and JSON have; what has nothing to say is left out."""
    return plan.model_dump(mode="json", exclude_defaults=True)


def plan_to_yaml(plan: PlanOrSchedule) -> str:
    """Write a plan or a schedule as YAML text; equal plans give equal texts.

    Optional fields that have nothing to say are left out. Numbers are written as they are,
    so the caller rounds them.
    """
    data = plan_data(plan)
    representer = DocumentDumper("")
    pairs = []
    for key, value in data.items():
        if key == "groups":
            node = _groups(representer, value)
        elif key == "placements":
            node = _rows((_placement(representer, placement) for placement in value), value)
        elif key in _BLOCK_SECTIONS:
            node = _block(representer, value)
        else:
            node = _value(representer, value)
        pairs.append((representer.represent_data(key), node))
    top = yaml.MappingNode(MAP_TAG, pairs, flow_style=False)
    text: str = yaml.serialize(
        top, Dumper=DocumentDumper, allow_unicode=True, width=_UNLIMITED_WIDTH
    )
    return text


def _groups(representer: yaml.SafeDumper, groups: list[Any]) -> yaml.Node:
    return _rows((_block(representer, group) for group in groups), groups)


def _placement(representer: yaml.SafeDumper, placement: dict[str, Any]) -> yaml.Node:
    start_s = (representer.represent_data("start_s"), _inline(representer, placement["start_s"]))
    groups = (representer.represent_data("groups"), _groups(representer, placement["groups"]))
    return yaml.MappingNode(MAP_TAG, [start_s, groups], flow_style=False)


def _block(representer: yaml.SafeDumper, mapping: dict[str, Any]) -> yaml.Node:
    """Write a mapping with a line for each key."""
    pairs = [
        (representer.represent_data(key), _value(representer, value))
        for key, value in mapping.items()
    ]
    return yaml.MappingNode(MAP_TAG, pairs, flow_style=False)


def _value(representer: yaml.SafeDumper, value: Any) -> yaml.Node:
    """Write a list of mappings with a line for each, anything else on one line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _rows((_inline(representer, item) for item in value), value)
    return _inline(representer, value)


def _rows(nodes: Iterable[yaml.Node], value: list[Any]) -> yaml.Node:
    return yaml.SequenceNode(SEQ_TAG, list(nodes), flow_style=not value)


def _inline(representer: yaml.SafeDumper, value: Any) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [
            (representer.represent_data(key), _inline(representer, item))
            for key, item in value.items()
        ]
        return yaml.MappingNode(MAP_TAG, pairs, flow_style=True)
    if isinstance(value, list):
        items = [_inline(representer, item) for item in value]
        return yaml.SequenceNode(SEQ_TAG, items, flow_style=True)
    return representer.represent_data(value)
