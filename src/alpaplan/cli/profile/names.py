"""Names of profiles that are given on the command line."""

from __future__ import annotations

import click


def check_name(name: str) -> None:
    """Make sure that a profile can be called so.

    Raises
    ------
    click.UsageError
        With what a name is.
    """
    from pydantic import TypeAdapter, ValidationError

    from alpaplan.specs.fields import Name

    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        rule = "a name of 1 to 200 characters without leading space or control characters"
        raise click.UsageError(f"--name must be {rule}, found {name!r}") from None
