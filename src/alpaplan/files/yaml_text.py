"""Plain data as YAML for people: short things on one line, and always the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

WIDTH = 88
"""Columns after which lists and texts are wrapped; the word that crosses it stays on the line."""

MAP_TAG, SEQ_TAG, STR_TAG = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))


class DocumentDumper(_Dumper):  # type: ignore[misc, valid-type]
    """Quotes every text that some version of YAML would not read as a text."""


DocumentDumper.add_implicit_resolver(  # YAML 1.2 reads these as numbers, PyYAML does not
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^0o[0-7]+$"),
    list("-+0123456789."),
)
DocumentDumper.add_implicit_resolver(  # YAML 1.1 reads these as booleans, PyYAML does not
    "tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN")
)


def to_yaml(data: Mapping[str, Any]) -> str:
    """Write a mapping as YAML text; equal data, in equal order, give equal texts.

    Collections of single values stay on one line (wrapped at `WIDTH`), all others have a line
    for each entry. Long texts are folded. Numbers are written as they are, so the caller rounds
    them.
    """
    text: str = yaml.serialize(
        _node(DocumentDumper(""), data), Dumper=DocumentDumper, allow_unicode=True, width=WIDTH
    )
    return text


def _node(representer: yaml.SafeDumper, value: Any) -> yaml.Node:
    if isinstance(value, Mapping):
        pairs = [
            (representer.represent_data(key), _node(representer, item))
            for key, item in value.items()
        ]
        return yaml.MappingNode(MAP_TAG, pairs, flow_style=_depth(value) <= 1)
    if isinstance(value, list | tuple):
        items = [_node(representer, item) for item in value]
        return yaml.SequenceNode(SEQ_TAG, items, flow_style=_depth(value) <= 1)
    if isinstance(value, str) and len(value) > WIDTH and " " in value and value.isprintable():
        return yaml.ScalarNode(STR_TAG, value, style=">")
    node: yaml.Node = representer.represent_data(value)
    return node


def _depth(value: Any) -> int:
    """Return how deep collections lie in one another; a mapping of one key adds no depth."""
    if not isinstance(value, Mapping | list | tuple):
        return 0
    items = list(value.values()) if isinstance(value, Mapping) else list(value)
    inside = max(map(_depth, items), default=0)
    if isinstance(value, Mapping) and len(items) == 1:
        return max(inside, 1)
    return 1 + inside
