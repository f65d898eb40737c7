"""A plan as YAML for people: a line for each replica and model, and always the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from alpaplan.specs.plan import PlanSpec

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_BLOCK_SECTIONS = ("provenance", "prediction")
_UNLIMITED_WIDTH = 2**31 - 1
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class _PlanDumper(_Dumper):  # type: ignore[misc, valid-type]
    """Quotes every text that some version of YAML would not read as a text."""


_PlanDumper.add_implicit_resolver(  # YAML 1.2 reads these as numbers, PyYAML does not
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^0o[0-7]+$"),
    list("-+0123456789."),
)
_PlanDumper.add_implicit_resolver(  # YAML 1.1 reads these as booleans, PyYAML does not
    "tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN")
)


def plan_to_yaml(plan: PlanSpec) -> str:
    """Write a plan as YAML text; equal plans give equal texts.

    Optional fields that have nothing to say are left out. Numbers are written as they are,
    so the caller rounds them.
    """
    data = plan.model_dump(mode="json", exclude_defaults=True)
    representer = _PlanDumper("")
    pairs = []
    for key, value in data.items():
        if key == "groups":
            node = _rows((_block(representer, group) for group in value), value)
        elif key in _BLOCK_SECTIONS:
            node = _block(representer, value)
        else:
            node = _value(representer, value)
        pairs.append((representer.represent_data(key), node))
    top = yaml.MappingNode(_MAP, pairs, flow_style=False)
    text: str = yaml.serialize(top, Dumper=_PlanDumper, allow_unicode=True, width=_UNLIMITED_WIDTH)
    return text


def _block(representer: yaml.SafeDumper, mapping: dict[str, Any]) -> yaml.Node:
    """Write a mapping with a line for each key."""
    pairs = [
        (representer.represent_data(key), _value(representer, value))
        for key, value in mapping.items()
    ]
    return yaml.MappingNode(_MAP, pairs, flow_style=False)


def _value(representer: yaml.SafeDumper, value: Any) -> yaml.Node:
    """Write a list of mappings with a line for each, anything else on one line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _rows((_inline(representer, item) for item in value), value)
    return _inline(representer, value)


def _rows(nodes: Iterable[yaml.Node], value: list[Any]) -> yaml.Node:
    return yaml.SequenceNode(_SEQ, list(nodes), flow_style=not value)


def _inline(representer: yaml.SafeDumper, value: Any) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [
            (representer.represent_data(key), _inline(representer, item))
            for key, item in value.items()
        ]
        return yaml.MappingNode(_MAP, pairs, flow_style=True)
    if isinstance(value, list):
        items = [_inline(representer, item) for item in value]
        return yaml.SequenceNode(_SEQ, items, flow_style=True)
    return representer.represent_data(value)
