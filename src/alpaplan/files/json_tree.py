"""JSON text to plain data, with the line of every place in it.

The text is read by Python's ``json`` first, which says what is wrong with it. A walk over what is
then known to be JSON finds the lines, which ``json`` does not keep.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import NoReturn

from alpaplan.errors import Location
from alpaplan.files.yaml_tree import (
    DEPTH_MESSAGE,
    MAX_DEPTH,
    MAX_INTEGER_LENGTH,
    MAX_NODES,
    TextIssue,
    YamlNode,
    YamlTextError,
)
from alpaplan.units import format_value

_SPACE = re.compile(r"[ \t\n\r]*")
_LINE_END = re.compile(r"\r\n|\n|\r")
_LONG_INTEGER = f"a number of more than {MAX_INTEGER_LENGTH} digits"


def parse_json(text: str) -> tuple[YamlNode, list[TextIssue]]:
    """Parse a JSON text (RFC 8259; ``NaN`` and ``Infinity``, as Python writes them, too).

    Returns
    -------
    The document, and what is wrong with it that does not hide the rest (such as duplicate keys).

    Raises
    ------
    YamlTextError
        If it is no JSON, or of no sane size.
    """
    if not text.strip():
        raise YamlTextError(1, "must be a document, found an empty file")
    try:
        json.loads(text, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise YamlTextError(error.lineno, f"not valid JSON: {_in_words(error.msg)}") from error
    except RecursionError:
        raise YamlTextError(_line_of_depth(text), DEPTH_MESSAGE) from None
    walk = _Walk(text)
    node, _ = walk.node(walk.after_space(0), (), 0)
    return node, walk.issues


def _in_words(message: str) -> str:
    """Return what `json` says without the ending that it puts positions behind."""
    return re.sub(r"(?: starting)? at$", "", message[:1].lower() + message[1:])


def _whole_number(digits: str) -> int:
    """Return the number; very long ones, which Python refuses to read, are of no use."""
    return int(digits) if len(digits) <= MAX_INTEGER_LENGTH else 0


def _line_of_depth(text: str) -> int:
    """Return the line at which brackets outside of texts lie too deep in one another."""
    depth = 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if found[0] in "[{":
            depth += 1
        elif found[0] in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            return _line_number(_line_starts(text), found.start())
    return 1


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in _LINE_END.finditer(text))]


def _line_number(starts: list[int], position: int) -> int:
    return bisect_right(starts, position)


class _Walk:
    """Goes over a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self.issues: list[TextIssue] = []
        self._text = text
        self._starts = _line_starts(text)
        self._decoder = json.JSONDecoder(parse_int=_whole_number)
        self._num_nodes = 0

    def after_space(self, position: int) -> int:
        """Return the position of what follows at or after a position."""
        found = _SPACE.match(self._text, position)
        return position if found is None else found.end()

    def node(self, position: int, where: Location, depth: int) -> tuple[YamlNode, int]:
        """Return the value that begins at a position, and the position behind it."""
        line = _line_number(self._starts, position)
        if depth > MAX_DEPTH:
            raise YamlTextError(line, DEPTH_MESSAGE)
        self._num_nodes += 1
        if self._num_nodes > MAX_NODES:
            _refuse_size(line)
        if self._text[position] == "{":
            return self._mapping(position, line, where, depth)
        if self._text[position] == "[":
            return self._sequence(position, line, where, depth)
        value, end = self._decoder.raw_decode(self._text, position)
        if isinstance(value, int) and end - position > MAX_INTEGER_LENGTH and value == 0:
            message = f"must be a number of at most {MAX_INTEGER_LENGTH} digits"
            self.issues.append(TextIssue(line, where, f"{message}, found {_LONG_INTEGER}"))
        return YamlNode(value, line, None, 1), end

    def _sequence(
        self, position: int, line: int, where: Location, depth: int
    ) -> tuple[YamlNode, int]:
        values: list[object] = []
        entries: dict[str | int, tuple[int, YamlNode]] = {}
        size, position = 1, self.after_space(position + 1)
        while self._text[position] != "]":
            index = len(values)
            node, position = self.node(position, (*where, index), depth + 1)
            values.append(node.value)
            entries[index] = (node.line, node)
            size += node.size
            position = self._behind_comma(position)
        return YamlNode(values, line, entries, size), position + 1

    def _mapping(
        self, position: int, line: int, where: Location, depth: int
    ) -> tuple[YamlNode, int]:
        value: dict[str, object] = {}
        entries: dict[str | int, tuple[int, YamlNode]] = {}
        size, position = 1, self.after_space(position + 1)
        while self._text[position] != "}":
            entry_line = _line_number(self._starts, position)
            key, position = self._decoder.raw_decode(self._text, position)
            position = self.after_space(self.after_space(position) + 1)  # over the colon
            node, position = self.node(position, (*where, key), depth + 1)
            if key in value:
                first = entries[key][0]
                message = f"duplicate key {format_value(key)}, first on line {first}"
                self.issues.append(TextIssue(entry_line, (*where, key), message))
            else:
                value[key], entries[key] = node.value, (entry_line, node)
            size += 1 + node.size
            position = self._behind_comma(position)
        return YamlNode(value, line, entries, size), position + 1

    def _behind_comma(self, position: int) -> int:
        position = self.after_space(position)
        return self.after_space(position + 1) if self._text[position] == "," else position


def _refuse_size(line: int) -> NoReturn:
    raise YamlTextError(line, f"must be at most {MAX_NODES:,} values, found more")
