"""Pydantic's errors to issues: places as the document has them, messages in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from alpaplan.errors import Issue, Location, did_you_mean
from alpaplan.files.yaml_tree import YamlNode
from alpaplan.registry import must_be_one_of
from alpaplan.specs.cluster import RANGE_TAG
from alpaplan.specs.fields import LOCATED_ERROR, NAME_PATTERN, Spec
from alpaplan.specs.profile import FIXED_SERVICE_TAG, LLM_TAG
from alpaplan.units import format_value

_TAG_KEY = "process"
"""Key by which pydantic tells the members of a union apart; its value turns up in locations."""

_KEY_MARK = "[key]"
"""What pydantic ends a location with if the key of a mapping is wrong, not its value."""


MAX_ERRORS = 1000
"""Most errors of one document that are looked at: nobody reads a million lines."""


def issues_of(error: ValidationError, spec_type: type[Spec], root: YamlNode) -> list[Issue]:
    """Translate what pydantic found, the first `MAX_ERRORS` of it.

    Parameters
    ----------
    error
        What validating `root` as `spec_type` raised.
    spec_type
        Specification of the document.
    root
        The document, which places are looked up in.
    """
    return [
        issue
        for details in error.errors(include_url=False)[:MAX_ERRORS]
        for issue in _issues(details, spec_type, root)
    ]


def _issues(details: ErrorDetails, spec_type: type[Spec], root: YamlNode) -> list[Issue]:
    location = details["loc"]
    where, rest = _place(location, root)
    kind, found = details["type"], details["input"]
    if kind == LOCATED_ERROR:
        return [Issue((*where, *inner.where), inner.message) for inner in details["ctx"]["issues"]]
    if (
        kind == "too_short"
        and isinstance(found, list)
        and len(found) >= details["ctx"]["min_length"]
    ):
        return []  # pydantic counts only the items that are right, and has named the others
    if kind == "missing":
        missing = rest[-1] if rest else location[-1]
        what = "item" if isinstance(missing, int) else "key"
        return [Issue(where, f"missing {what} {missing!r}")]
    if kind == "extra_forbidden":
        name, spec = str(location[-1]), _type_at(spec_type, location[:-1])
        if name in spec.foreign_keys:
            return [Issue(where, f"key {name!r} {spec.foreign_keys[name]}")]
        known = list(spec.model_fields)
        return [Issue(where, f"unknown key {format_value(name)}{did_you_mean(name, known)}")]
    if kind == "union_tag_not_found":
        members = get_args(_type_at(spec_type, location))
        tags = [tag for member in members for tag in _tags_of(member)]
        return [Issue(where, f"missing key {_TAG_KEY!r} (one of {', '.join(tags)})")]
    if kind == "union_tag_invalid":
        chosen = details["ctx"]["tag"]
        known = _quoted(details["ctx"]["expected_tags"])
        return [Issue((*where, _TAG_KEY), must_be_one_of(known, chosen))]
    message = _message(details, found)
    return [Issue(where, f"key {message}" if _KEY_MARK in rest else message)]


def _place(location: Location, root: YamlNode) -> tuple[Location, Location]:
    """Split pydantic's location into the part that the document has and the rest."""
    node, where, tagged = root, list[str | int](), False
    for position, part in enumerate(location):
        if not tagged and _is_tag(part, node.value):
            tagged = True
            continue
        entry = (node.entries or {}).get(part)
        if entry is None:
            return tuple(where), location[position:]
        where.append(part)
        node, tagged = entry[1], False
    return tuple(where), ()


def _is_tag(part: str | int, value: object) -> bool:
    """Whether a part of a location is no key of a mapping, but what tells its kind."""
    if not isinstance(value, dict):
        return False
    return part in (FIXED_SERVICE_TAG, LLM_TAG, RANGE_TAG, value.get(_TAG_KEY))


def _message(details: ErrorDetails, found: object) -> str:
    context = details.get("ctx", {})
    say = _MESSAGES.get(details["type"])
    if say is not None:
        return say(context, found)
    if "text" in context:  # a validator's own words, which name what was found
        return str(context["text"])
    return f"{details['msg'][:1].lower()}{details['msg'][1:]}, found {format_value(found)}"


def _text(_: dict[str, Any], found: object) -> str:
    hint = " (put it in quotes)" if isinstance(found, bool | int | float) else ""
    return f"must be text, found {format_value(found)}{hint}"


def _pattern(context: dict[str, Any], found: object) -> str:
    rule = f"match {context['pattern']}"
    if context["pattern"] == NAME_PATTERN:
        rule = "be a name without leading space or control characters"
    return f"must {rule}, found {format_value(found)}"


def _choice(context: dict[str, Any], found: object) -> str:
    return must_be_one_of(_quoted(context["expected"]) or [context["expected"]], found)


def _must(rule: str) -> Callable[[dict[str, Any], object], str]:
    """Make a message of a rule, which may name values of the error's context."""
    return lambda context, found: f"must {rule.format(**context)}, found {format_value(found)}"


def _items(rule: str) -> Callable[[dict[str, Any], object], str]:
    def say(context: dict[str, Any], found: object) -> str:
        count = len(found) if isinstance(found, list | dict) else context["actual_length"]
        return f"must have {rule.format(**context)}, found {count or 'none'}"

    return say


_whole_number = _must("be a whole number")
_mapping = _must("be a mapping of keys to values")

_MESSAGES: dict[str, Callable[[dict[str, Any], object], str]] = {
    "string_type": _text,
    "invalid_key": lambda context, found: f"a key {_text(context, found)}",
    "string_too_short": _must("not be empty"),
    "string_too_long": _must("have at most {max_length} characters"),
    "string_pattern_mismatch": _pattern,
    "bool_type": _must("be true or false"),
    "int_type": _whole_number,
    "int_from_float": _whole_number,
    "int_parsing": _whole_number,
    "greater_than_equal": _must("be at least {ge}"),
    "less_than_equal": _must("be at most {le}"),
    "less_than": _must("be below {lt}"),
    "literal_error": _choice,
    "enum": _choice,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "dict_type": _mapping,
    "tuple_type": _must("be a list"),
    "too_short": _items("at least {min_length}"),
    "too_long": _items("at most {max_length}"),
}
"""Type of a pydantic error -> what to say about it."""


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _tags_of(member: Any) -> tuple[str, ...]:
    """Return the tags of one member of a union; None, which it may have, has no tag."""
    if get_origin(member) is Annotated:
        own = [mark.tag for mark in member.__metadata__ if isinstance(mark, Tag)]
        return tuple(own) or _tags_of(_bare(member))
    if not (isinstance(member, type) and issubclass(member, BaseModel)):
        return ()
    field = member.model_fields.get(_TAG_KEY)
    return () if field is None else get_args(field.annotation)


def _type_at(spec_type: type[Spec], location: Location) -> Any:
    """Return the type that the specification has at a place, by pydantic's own location."""
    kind: Any = spec_type
    for part in location:
        kind = _inside(kind, part)
    return kind


def _inside(kind: Any, part: str | int) -> Any:
    """Return the type of one field, item or union member of a type, without what decorates it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        return None if field is None else _bare(field.annotation)
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return _bare(arguments[0])
    if get_origin(kind) is dict:
        return _bare(arguments[1])
    return next((_bare(member) for member in arguments if part in _tags_of(member)), None)


def _bare(kind: Any) -> Any:
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return kind
    arguments = [argument for argument in get_args(kind) if argument is not type(None)]
    optional = len(arguments) == 1 and type(None) in get_args(kind)
    return _bare(arguments[0]) if optional else kind
