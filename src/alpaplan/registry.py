"""Things that are chosen by name, each imported only when it is looked up."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, cast

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.units import format_value

_T = TypeVar("_T")


class UnknownNameError(AlpaplanError, KeyError):
    """A name that is not in a registry; the message lists those that are."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show the message in quotes


class Registry(Mapping[str, _T]):
    """Names of things, and the things themselves, imported when they are first looked up.

    Names, their number and ``in`` cost no import, so that help pages and error messages can list
    them.

    Parameters
    ----------
    entries
        Name -> where the thing is: ``"package.module:attribute"``.
    what
        What the names are of, for messages: ``"search method"``.

    Raises
    ------
    UnknownNameError
        By a lookup of a name that is not there.
    """

    def __init__(self, entries: Mapping[str, str], *, what: str) -> None:
        self._locations = dict(entries)
        self._what = what
        self._loaded: dict[str, _T] = {}

    def __getitem__(self, name: str) -> _T:
        if name not in self._locations:
            raise UnknownNameError(f"{self._what} {must_be_one_of(self, name)}")
        if name not in self._loaded:
            module, attribute = self._locations[name].split(":")
            self._loaded[name] = cast("_T", getattr(importlib.import_module(module), attribute))
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._locations

    def __iter__(self) -> Iterator[str]:
        return iter(self._locations)

    def __len__(self) -> int:
        return len(self._locations)


def must_be_one_of(known: Iterable[str], found: object) -> str:
    """Return ``"must be one of a, b, found 'c'"``, and the closest name if there is one."""
    names = list(known)
    hint = did_you_mean(found, names) if isinstance(found, str) else ""
    return f"must be one of {', '.join(names)}, found {format_value(found)}{hint}"
