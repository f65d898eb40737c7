"""YAML text to plain data, with the line of every place in it.

Works on the parser's events, which carry lines, cost no recursion in C, and let duplicate
keys, aliases and depth be checked while the data is built. PyYAML's own constructor would
lose the lines, keep the last of duplicate keys and follow aliases without limit. The nodes of
``yaml.compose`` say neither where an alias stands nor which tags were written out, an anchor can
be defined only once, and making them takes as long as all that is done here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import Reader
from yaml.resolver import Resolver

from alpaplan.errors import Location
from alpaplan.units import format_value

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_NODES = 4_000_000
"""Most values of one document, with every alias written out: stops alias bombs. A plan of as many
models as a workload may have has 2.5 million."""

MAX_DEPTH = 50
"""Deepest nesting; no document here needs a quarter of it."""

DEPTH_MESSAGE = f"must be at most {MAX_DEPTH} levels deep, found more"

_LIBYAML_DEPTH_PROBLEM = "exceeded maximum nesting depth"
"""What libyaml in PyYAML 6.0.4 says of 1,000 levels and more: it
scans that far ahead before the first event."""

MAX_INTEGER_LENGTH = 40
"""Longest whole number in digits; the largest that any field takes has 19."""

_TAG = "tag:yaml.org,2002:"
_STRING_TAGS = (f"{_TAG}str", "!")


@dataclass(frozen=True, slots=True)
class YamlNode:
    """One value of a document.

    Parameters
    ----------
    value
        Plain data: dict, list, str, int, float, bool or None.
    line
        Where it begins, from 1.
    entries
        Of a mapping or list: key or index, as in a `Location` -> line of the entry and its value.
        None for a scalar.
    size
        Number of values in it, itself included, with aliases written out.
    """

    value: object
    line: int
    entries: Mapping[str | int, tuple[int, YamlNode]] | None
    size: int

    def inner(self, *where: str | int) -> YamlNode:
        """Return the value at a place in it, or the innermost there is around that."""
        node = self
        for key in where:
            if node.entries is None or key not in node.entries:
                break
            node = node.entries[key][1]
        return node


@dataclass(frozen=True)
class TextIssue:
    """One thing wrong with one line of a text."""

    line: int
    where: Location
    message: str


class YamlTextError(Exception):
    """The text is no YAML that could be looked into further."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def parse_yaml(text: str) -> tuple[YamlNode, list[TextIssue]]:
    """Parse the one document of a YAML text.

    YAML 1.1 as PyYAML reads it, but dates and base-60 numbers (``12:30``) stay texts.

    Returns
    -------
    The document, and what is wrong with it that does not hide the rest (such as duplicate keys).

    Raises
    ------
    YamlTextError
        If it is not one well-formed YAML document of sane size.
    """
    odd = Reader.NON_PRINTABLE.search(text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise YamlTextError(line, f"must be plain text, found character U+{ord(odd.group()):04X}")
    composer = _Composer(text)
    try:
        return composer.document(), composer.issues
    except yaml.YAMLError as error:
        raise YamlTextError(*_syntax_error(error, text)) from error
    finally:
        composer.dispose()


def _syntax_error(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, f"not valid YAML: {' '.join(str(error).split())}"
    lines = text.split("\n")
    mark = error.problem_mark
    number = max(1, min(mark.line + 1, len(lines) - (lines[-1] == "")))
    if error.problem == _LIBYAML_DEPTH_PROBLEM:
        return number, DEPTH_MESSAGE
    message = f"not valid YAML: {error.problem}"
    if error.context_mark is not None and error.context_mark.line != mark.line:
        message += f" ({error.context} that begins on line {error.context_mark.line + 1})"
    if lines[number - 1][mark.column : mark.column + 1] == "\t":
        message += "; tabs cannot indent, use spaces"
    return number, message


class _Composer:
    """Builds the tree from the events of one text."""

    def __init__(self, text: str) -> None:
        self.issues: list[TextIssue] = []
        self._loader = _Loader(text)
        self._anchors: dict[str, YamlNode | None] = {}
        self._resolver = Resolver()
        self._constructor = SafeConstructor()
        self._known_plain: dict[str, object] = {}

    def dispose(self) -> None:
        self._loader.dispose()

    def document(self) -> YamlNode:
        self._loader.get_event()
        if self._loader.check_event(yaml.StreamEndEvent):
            raise YamlTextError(1, "must be a document, found an empty file")
        self._loader.get_event()
        root = self._node((), 0)
        self._loader.get_event()
        if not self._loader.check_event(yaml.StreamEndEvent):
            line = self._line()
            self._report(line, (), "must have one document per file, found a second one")
        return root

    def _line(self) -> int:
        return int(self._loader.peek_event().start_mark.line) + 1

    def _report(self, line: int, where: Location, message: str) -> None:
        self.issues.append(TextIssue(line, where, message))

    def _node(self, where: Location, depth: int) -> YamlNode:
        line = self._line()
        event = self._loader.get_event()
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(str(event.anchor), line)
        if depth > MAX_DEPTH:
            raise YamlTextError(line, DEPTH_MESSAGE)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if event.tag is not None and event.tag not in _STRING_TAGS:
            name = event.tag.replace(_TAG, "!!")
            self._report(line, where, f"must not have a tag, found {format_value(name)}")
        if isinstance(event, yaml.ScalarEvent):
            node = YamlNode(self._scalar(event, line, where), line, None, 1)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(line, where, depth)
        else:
            node = self._mapping(line, where, depth)
        if node.size > MAX_NODES:
            _refuse_size(line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _aliased(self, anchor: str, line: int) -> YamlNode:
        if anchor not in self._anchors:
            raise YamlTextError(line, f"alias *{anchor} has no anchor &{anchor} before it")
        node = self._anchors[anchor]
        if node is None:
            raise YamlTextError(line, f"alias *{anchor} lies inside its own anchor &{anchor}")
        return node

    def _scalar(self, event: yaml.ScalarEvent, line: int, where: Location) -> object:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        if text in self._known_plain:
            return self._known_plain[text]
        value = self._plain(text)
        if len(text) > MAX_INTEGER_LENGTH and isinstance(value, int):
            message = f"must be a number of at most {MAX_INTEGER_LENGTH} digits"
            self._report(line, where, f"{message}, found {format_value(text)}")
            return text
        self._known_plain[text] = value
        return value

    def _plain(self, text: str) -> object:
        tag = self._resolver.resolve(  # type: ignore[no-untyped-call]
            yaml.ScalarNode, text, (True, False)
        )
        node = yaml.ScalarNode(tag, text)
        if tag == f"{_TAG}null":
            return None
        if tag == f"{_TAG}bool":
            return self._constructor.construct_yaml_bool(node)
        if tag not in (f"{_TAG}int", f"{_TAG}float") or ":" in text:
            return text
        try:
            if tag == f"{_TAG}float":
                return self._constructor.construct_yaml_float(node)
            if len(text) > MAX_INTEGER_LENGTH:
                return 0  # reported by the caller; Python refuses to read very long integers
            return self._constructor.construct_yaml_int(node)
        except ValueError:  # such as 0x_, which YAML's pattern takes for a number
            return text

    def _sequence(self, line: int, where: Location, depth: int) -> YamlNode:
        entries: dict[str | int, tuple[int, YamlNode]] = {}
        size = 1
        while not self._loader.check_event(yaml.SequenceEndEvent):
            index = len(entries)
            entry_line = self._line()
            node = self._node((*where, index), depth + 1)
            entries[index] = (entry_line, node)
            size += node.size
            if size > MAX_NODES:
                _refuse_size(entry_line)
        self._loader.get_event()
        value = [node.value for _, node in entries.values()]
        return YamlNode(value, line, entries, size)

    def _mapping(self, line: int, where: Location, depth: int) -> YamlNode:
        value: dict[Hashable, object] = {}
        lines: dict[Hashable, int] = {}
        entries: dict[str | int, tuple[int, YamlNode]] = {}
        merged: list[YamlNode] = []
        size = 1
        while not self._loader.check_event(yaml.MappingEndEvent):
            entry_line = self._line()
            if self._is_merge_key():
                self._loader.get_event()
                source = self._node(where, depth + 1)
                merged += self._merge_sources(source, entry_line, where)
                size += source.size
            else:
                key = self._key(where, depth)
                part = location_part(key)
                node = self._node((*where, part), depth + 1)
                if key in value:
                    message = f"duplicate key {format_value(key)}, first on line {lines[key]}"
                    self._report(entry_line, (*where, part), message)
                lines.setdefault(key, entry_line)
                value.setdefault(key, node.value)
                entries.setdefault(part, (entry_line, node))
                size += 1 + node.size
            if size > MAX_NODES:
                _refuse_size(entry_line)
        self._loader.get_event()
        for source in merged:
            value = {**_mapping_of(source), **value}
            entries = {**(source.entries or {}), **entries}
        return YamlNode(value, line, entries, size)

    def _key(self, where: Location, depth: int) -> Hashable:
        line = self._line()
        key = self._node(where, depth + 1)
        if isinstance(key.value, Hashable):
            return key.value
        found = format_value(key.value)
        part = f"<{found}>"
        self._report(line, (*where, part), f"a key must be text or a number, found {found}")
        return part

    def _is_merge_key(self) -> bool:
        if not self._loader.check_event(yaml.ScalarEvent):
            return False
        event = self._loader.peek_event()
        return bool(event.value == "<<" and event.implicit[0] and event.tag is None)

    def _merge_sources(self, source: YamlNode, line: int, where: Location) -> list[YamlNode]:
        nodes = [source]
        if isinstance(source.value, list):
            nodes = [node for _, node in (source.entries or {}).values()]
        for node in nodes:
            if not isinstance(node.value, dict):
                found = format_value(node.value)
                self._report(line, where, f"<< must merge a mapping, found {found}")
        return [node for node in nodes if isinstance(node.value, dict)]


def location_part(key: object) -> str | int:
    """Return a key as a `Location` names it: as it is if it can be, else as pydantic does."""
    if isinstance(key, bool):
        return int(key)
    return key if isinstance(key, str | int) else str(key)


def _mapping_of(node: YamlNode) -> dict[Hashable, object]:
    return node.value if isinstance(node.value, dict) else {}


def _refuse_size(line: int) -> NoReturn:
    message = f"must be at most {MAX_NODES:,} values with aliases written out, found more"
    raise YamlTextError(line, message)
