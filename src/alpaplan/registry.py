"""Things that are chosen by name, each imported only when it is looked up."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.units import format_value

_T = TypeVar("_T")


class UnknownNameError(AlpaplanError, KeyError):
    """A name that is not in a registry; the message lists those that are."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show the message in quotes


@dataclass(frozen=True)
class Entry:
    """A thing of a registry.

    Parameters
    ----------
    location
        Where it is: ``"package.module:attribute"``.
    summary
        A line about it, for help pages.
    """

    location: str
    summary: str = ""


class Registry(Mapping[str, _T]):
    """Names of things, and the things themselves, imported when they are first looked up.

    Names, their number and ``in`` cost no import, so that help pages and error messages can list
    them.

    Parameters
    ----------
    entries
        Name -> where the thing is, ``"package.module:attribute"``, or an `Entry` with a line
        about it, too.
    what
        What the names are of, for messages: ``"search method"``.

    Raises
    ------
    UnknownNameError
        By a lookup of a name that is not there.
    """

    def __init__(self, entries: Mapping[str, str | Entry], *, what: str) -> None:
        self._entries = {
            name: Entry(entry) if isinstance(entry, str) else entry
            for name, entry in entries.items()
        }
        self._what = what
        self._loaded: dict[str, _T] = {}

    def require(self, name: str) -> None:
        """Raise an `UnknownNameError` if there is no such name; imports nothing."""
        if name not in self._entries:
            raise UnknownNameError(f"{self._what} {must_be_one_of(self, name)}")

    def __getitem__(self, name: str) -> _T:
        self.require(name)
        if name not in self._loaded:
            module, attribute = self._entries[name].location.split(":")
            self._loaded[name] = cast("_T", getattr(importlib.import_module(module), attribute))
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def summaries(self) -> dict[str, str]:
        """Return name -> the line about it."""
        return {name: entry.summary for name, entry in self._entries.items()}


def must_be_one_of(known: Iterable[str], found: object) -> str:
    """Return ``"must be one of a, b, found 'c'"``, and the closest name if there is one."""
    names = list(known)
    hint = did_you_mean(found, names) if isinstance(found, str) else ""
    return f"must be one of {', '.join(names)}, found {format_value(found)}{hint}"
