"""The command itself: its help, and what it says of commands that it does not know."""

from __future__ import annotations

import pytest

from alpaplan.cli import main
from alpaplan.cli.app import COMMANDS
from alpaplan.cli.lazy_group import python_name
from alpaplan.cli.profile import COMMANDS as PROFILE_COMMANDS
from alpaplan.cli.workload import COMMANDS as WORKLOAD_COMMANDS
from tests.cli.runner import invoke

GROUPS = {(): COMMANDS, ("profile",): PROFILE_COMMANDS, ("workload",): WORKLOAD_COMMANDS}


@pytest.mark.parametrize("group", GROUPS)
def test_help_names_every_command(group: tuple[str, ...]) -> None:
    result = invoke(main, [*group, "--help"])
    assert result.exit_code == 0
    for name, summary in GROUPS[group].items():
        assert f"  {name} " in result.stdout
        assert summary.split()[0] in result.stdout


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in GROUPS for name in GROUPS[group]]
)
def test_every_command_has_help_of_its_own(group: tuple[str, ...], name: str) -> None:
    result = invoke(main, [*group, name, "-h"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Usage: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plam"], "command must be one of plan, simulate,"),
        (["plam"], "found 'plam'; did you mean 'plan'?"),
        (["profile", "portition"], "did you mean 'partition'?"),
        (["workload", "fits"], "did you mean 'fit'?"),
    ],
)
def test_unknown_commands(arguments: list[str], message: str) -> None:
    result = invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_names_in_python() -> None:
    assert python_name("plan") == "plan"
    assert python_name("import") == "import_"
    assert python_name("two-words") == "two_words"
