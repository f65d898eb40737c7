"""Every help page, as a terminal of 80 columns shows it."""

from __future__ import annotations

import inspect

import click
import pytest

from alpaplan.cli import main
from tests.cli.runner import COMMANDS, invoke

COLUMNS = 80


def help_of(path: tuple[str, ...]) -> str:
    result = invoke(main, [*path, "--help"], prog_name="alpaplan", terminal_width=COLUMNS)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_page_fits_the_terminal(path: tuple[str, ...]) -> None:
    text = help_of(path)
    assert text.startswith("Usage: " + " ".join(["alpaplan", *path]))
    assert "\b" not in text
    assert "\\" not in text
    assert [line for line in text.splitlines() if len(line) > COLUMNS] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_has_help(path: tuple[str, ...]) -> None:
    options = [item for item in COMMANDS[path].params if isinstance(item, click.Option)]
    assert [item.name for item in options if not item.help] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_names_its_value_in_one_word(path: tuple[str, ...]) -> None:
    options = [item for item in COMMANDS[path].params if isinstance(item, click.Option)]
    named = {item.name: item.metavar for item in options if not (item.is_flag or item.count)}
    assert all(metavar and metavar.isupper() and " " not in metavar for metavar in named.values())


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_groups_show_the_first_line_of_each_command(path: tuple[str, ...]) -> None:
    first_line, _, _ = inspect.cleandoc(COMMANDS[path].help or "").partition("\n")
    assert f"{path[-1]} {first_line}" in " ".join(help_of(path[:-1]).split())
