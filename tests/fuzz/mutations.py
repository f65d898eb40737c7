"""Changes that leave the structure of an input mostly as it was, so that they get far into it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

NASTY_TEXTS = (
    *("", " ", "-", "~", "null", "true", "yes", "1_000", "0x10", "1e3", ".inf", "-.inf", ".nan"),
    *("12:30", "2024-01-01", "[bold]x[/]", "x[/]", ":smile:", "$x$", "_x", "{text}", "%s", "é模型"),
    *("\x1b[2J", "\x7f", "\x9b2J", "a\u202eb", "a\u2028b", "a\nb", "a\tb", "\ufeff", "\x00"),
    *("../../x", "/dev/zero", "/proc/self/mem", ".", "n" * 201, "9" * 400, "a,b", 'a"b', "a: b"),
    *("1e400", "-5", "0s", "1e-400s", "1e18GB", "5 parsecs", "151ms", "16GiB", "-1GB", "0.0"),
)
"""Texts that some reader may take for something else."""

NASTY_NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 10**6, 2**31, 2**63, 2**64, -(2**63), 10**18, 10**40),
    *(0.0, -0.0, 0.5, 1.0, 1.5, 1e-9, 1e-300, 5e-324, 1e18, 1e300, 1.7e308),
    *(float("inf"), float("-inf"), float("nan")),
)
"""Numbers at and beyond limits."""

_DECADES = ((-0.5, 0.5), (-0.5, 0.5), (-2.0, 2.0), (-9.0, 3.0))
"""Ranges of the powers of ten that numbers are multiplied by: a few, and larger ones. Beyond
those, a rate asks for 22 million requests, which take their time rightly."""

T = TypeVar("T")

_NUMBER = re.compile(r"\d+(\.\d+)?")

EXTREME_NUMBERS = (0, 1, 5e-324, 1e-300, 1e-18, 1e-9, 9.9e17, 10**18, 1e300)
"""Numbers that are of the right kind, at the limits of what is allowed."""

Tree = Any
"""Plain data of a document: dicts, lists, and scalars."""

_CHANGES = (1, 1, 1, 2, 4)
"""How many changes one input gets: after many of them nothing is left to be read."""


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """Return one of some items."""
    return items[int(rng.integers(len(items)))]


def nasty_scalar(rng: np.random.Generator) -> object:
    """Return something that stands where something else should."""
    kind = int(rng.integers(6))
    if kind < 2:
        return pick(rng, NASTY_TEXTS)
    if kind < 4:
        return pick(rng, NASTY_NUMBERS)
    return pick(rng, (None, True, False, [], {}, [[]], {"a": 1}, [1, "a"], {"": None}))


def mutated_tree(tree: Tree, rng: np.random.Generator) -> Tree:
    """Return a document with a few changes."""
    tree = copy.deepcopy(tree)
    for _ in range(pick(rng, _CHANGES)):
        places = list(_places(tree))
        if not places:
            return nasty_scalar(rng)
        holder, key = pick(rng, places)
        _change(tree, holder, key, rng)
    return tree


def scaled_tree(tree: Tree, rng: np.random.Generator) -> Tree:
    """Return a document of the same structure with some other numbers of the same kind."""
    tree = copy.deepcopy(tree)
    for holder, key in _places(tree):
        if rng.random() < 0.2:
            holder[key] = _scaled(holder[key], rng)
    return tree


def _scaled(value: Any, rng: np.random.Generator) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and rng.random() < 0.1:
        return pick(rng, EXTREME_NUMBERS)
    factor = float(10 ** rng.uniform(*pick(rng, _DECADES)))
    if is_number and isinstance(value, int):
        return max(1, round(value * factor))
    if isinstance(value, float):
        return value * factor
    number = _NUMBER.match(value) if isinstance(value, str) else None
    if number is None:
        return value
    is_whole = number[0].isdecimal()
    scaled = float(number[0]) * factor
    return f"{round(scaled) if is_whole else scaled}{value[number.end() :]}"


def scaled_table(text: str, delimiter: str, rng: np.random.Generator) -> str:
    """Return a table with some other numbers of the same kind."""
    first, *rows = text.splitlines()
    return "\n".join([first, *(_scaled_row(row, delimiter, rng) for row in rows)]) + "\n"


def _scaled_row(row: str, delimiter: str, rng: np.random.Generator) -> str:
    cells = row.split(delimiter)
    return delimiter.join(_scaled(cell, rng) if rng.random() < 0.2 else cell for cell in cells)


def _places(tree: Tree) -> list[tuple[Any, Any]]:
    """Return (holder, key or index) of every value inside a document."""
    found: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    return found


def _change(tree: Tree, holder: Any, key: Any, rng: np.random.Generator) -> None:
    value = holder[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    kind = pick(rng, (5, 6)) if is_number and rng.random() < 0.6 else int(rng.integers(10))
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[_mistyped(str(key), rng)] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.extend([copy.deepcopy(value)] * int(rng.choice([1, 2, 50])))
    elif kind == 3:
        other, place = pick(rng, list(_places(tree)))
        holder[key] = copy.deepcopy(other[place])  # a copy, or the tree would hold itself
    elif kind == 4:
        holder[key] = [value]
    elif kind == 5 and is_number:
        holder[key] = value * float(10.0 ** int(rng.integers(-12, 13)))
    elif kind == 6 and isinstance(value, int) and is_number:
        holder[key] = value + int(rng.integers(-2, 3))
    elif kind == 7 and isinstance(holder, list):
        rng.shuffle(holder)
    elif kind == 8 and isinstance(value, str):
        holder[key] = _mistyped(value, rng)
    else:
        holder[key] = nasty_scalar(rng)


def _mistyped(text: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(len(text) + 1))
    inserted = pick(rng, ("", "x", "_", " ", "0", "-", "\x1b", "é", "[", "$", ":"))
    return text[:place] + inserted + text[place + int(rng.integers(2)) :]


def mutated_table(text: str, delimiter: str, rng: np.random.Generator) -> str:
    """Return a table with a few changes of cells, rows and columns."""
    rows = [line.split(delimiter) for line in text.splitlines()]
    for _ in range(pick(rng, _CHANGES)):
        row = int(rng.integers(len(rows)))
        kind = int(rng.integers(8))
        if kind == 0 and len(rows) > 1:
            del rows[row]
        elif kind == 1:
            rows[row:row] = [list(rows[row])] * int(rng.choice([1, 3, 200]))
        elif kind == 2:
            first = int(rng.integers(1 + max(map(len, rows))))
            rows = [cells[:first] + cells[first + 1 :] for cells in rows]
        elif kind == 3:
            rows[row].insert(int(rng.integers(len(rows[row]) + 1)), str(nasty_scalar(rng)))
        elif kind == 4:
            rng.shuffle(rows)
        elif rows[row]:
            cell = int(rng.integers(len(rows[row])))
            found = rows[row][cell]
            is_typo = kind == 5
            rows[row][cell] = _mistyped(found, rng) if is_typo else str(nasty_scalar(rng))
    return "\n".join(delimiter.join(cells) for cells in rows) + "\n"


def mutated_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with a change that knows nothing of their meaning."""
    change = pick(rng, _BYTE_CHANGES)
    place = int(rng.integers(len(data) + 1))
    return change(data, place, rng)


def _cut(data: bytes, place: int, _rng: np.random.Generator) -> bytes:
    return data[:place]


def _insert(data: bytes, place: int, rng: np.random.Generator) -> bytes:
    odd = (b"\xff", b"\x00", b"\xc3", b"\r", b"\n\n", b"\t", b'"', b"'", b"&a ", b"*a ", b"!!x ")
    return (
        data[:place]
        + pick(rng, (*odd, b"{", b"]", b"---\n", b"<<: ", b"\xef\xbb\xbf"))
        + data[place:]
    )


def _overwrite(data: bytes, place: int, rng: np.random.Generator) -> bytes:
    noise = rng.bytes(int(rng.integers(1, 9)))
    return data[:place] + noise + data[place + len(noise) :]


def _repeat_line(data: bytes, place: int, rng: np.random.Generator) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    line = int(rng.integers(len(lines)))
    return b"".join(lines[:line] + [lines[line]] * int(rng.choice([2, 300])) + lines[line + 1 :])


def _drop_line(data: bytes, place: int, rng: np.random.Generator) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    line = int(rng.integers(len(lines)))
    return b"".join(lines[:line] + lines[line + 1 :])


_BYTE_CHANGES: tuple[Callable[[bytes, int, np.random.Generator], bytes], ...] = (
    _cut,
    _insert,
    _overwrite,
    _repeat_line,
    _drop_line,
)


def mutated_arguments(arguments: list[str], rng: np.random.Generator) -> list[str]:
    """Return a command line with a few changes behind the command's name."""
    found = list(arguments)
    for _ in range(int(rng.integers(1, 3))):
        place = int(rng.integers(1, len(found) + 1))
        kind = int(rng.integers(5))
        if kind == 0 and place < len(found):
            del found[place]
        elif kind == 1 and place < len(found):
            found.insert(place, found[place])
        elif kind == 2:
            found.insert(
                place, pick(rng, ("--format", "--seed", "-q", "--debug", "--x", "-", "--"))
            )
        elif place < len(found):
            nasty = str(nasty_scalar(rng)).replace("\x00", "")
            found[place] = nasty if kind == 3 else _mistyped(found[place], rng)
    return found
