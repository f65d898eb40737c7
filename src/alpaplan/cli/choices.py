"""Options that take one of several names, and help pages that list the names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from alpaplan.cli.param_type import ParamType
from alpaplan.registry import must_be_one_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class NameOf(ParamType[str]):
    """One of the names of a registry, an enumeration or any other collection.

    Parameters
    ----------
    known
        The names, in the order of help and messages.
    """

    name = "name"

    def __init__(self, known: Iterable[str]) -> None:
        self._known = tuple(str(name) for name in known)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a known name."""
        if value not in self._known:
            self.fail(must_be_one_of(self._known, value), param, ctx)
        return value

    def get_missing_message(
        self, param: click.Parameter, ctx: click.Context | None = None
    ) -> str | None:
        """Return the names, for the message about a missing option."""
        return f"It must be one of {listed(self._known)}."

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that start with what was typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self._known if name.startswith(incomplete)]


class NameOrFile(NameOf):
    """One of the names, or the path of a document."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a known name, or what looks like a path."""
        is_path = "/" in value or value.lower().endswith((".yaml", ".yml", ".json"))
        return value if is_path else super().convert(value, param, ctx)


def listed(known: Iterable[str]) -> str:
    """Return the names in one line of text."""
    return ", ".join(str(name) for name in known)


class ListingCommand(click.Command):
    """A command whose help ends with lists of names that its options take.

    Parameters
    ----------
    listings
        Title -> names, or name -> a line about it.
    """

    def __init__(
        self, *args: Any, listings: Mapping[str, Collection[str]], **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._listings = listings

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists."""
        for title, names in self._listings.items():
            with formatter.section(title):
                if isinstance(names, Mapping):
                    formatter.write_dl(list(names.items()))
                else:
                    formatter.write_text(f"{listed(names)}.")
