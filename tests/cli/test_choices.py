from __future__ import annotations

import click
import pytest
from click.shell_completion import ShellComplete

from alpaplan.cli.choices import ListingCommand, NameOf
from tests.cli.runner import invoke


@click.command(
    cls=ListingCommand,
    listings={"Colors": {"red": "as roses are", "blue": "as violets are"}, "Sizes": ("s", "xl")},
)
@click.option("--color", type=NameOf(["red", "blue"]), required=True, help="Color.")
def paint(color: str) -> None:
    """Paint."""
    click.echo(color)


def test_a_name_that_is_there() -> None:
    result = invoke(paint, ["--color", "blue"])
    assert result.stdout == "blue\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--color", "blu"], "must be one of red, blue, found 'blu'; did you mean 'blue'?"),
        ([], "Missing option '--color'. It must be one of red, blue."),
    ],
)
def test_a_name_that_is_not(arguments: list[str], message: str) -> None:
    result = invoke(paint, arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_help_ends_with_the_names() -> None:
    result = invoke(paint, ["--help"])
    assert result.stdout.endswith(
        "Colors:\n  red   as roses are\n  blue  as violets are\n\nSizes:\n  s, xl.\n"
    )


def test_names_are_completed() -> None:
    completions = ShellComplete(paint, {}, "paint", "_PAINT_COMPLETE")
    found = completions.get_completions(["--color"], "b")
    assert [item.value for item in found] == ["blue"]
