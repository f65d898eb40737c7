"""Commands, options and keys that the guide names are there, and none is left out."""

from __future__ import annotations

import importlib.util
import re
import shlex

import click
import pytest

from alpaplan.cli import main
from alpaplan.specs.json_schema import json_schema
from alpaplan.specs.registry import DOCUMENT_KINDS
from tests.cli.runner import commands_below, context_of
from tests.pages import GUIDE, blocks, page_text, prose

PAGES = ["README.md", *GUIDE]
_CODE = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"--[a-z][a-z-]+")
_MODULE = re.compile(r"python -m (tests[.\w]+)")


COMMANDS = {" ".join(path): command for path, command in commands_below(main)}


def options_of(command: click.Command) -> list[set[str]]:
    """Return the spellings of each option."""
    params = command.get_params(context_of(command))
    return [{*param.opts} for param in params if isinstance(param, click.Option)]


OPTIONS = [spellings for command in COMMANDS.values() for spellings in options_of(command)]


def code_of(page: str) -> list[str]:
    """Return every command of a page's blocks, and every piece of code in its text."""
    text = page_text(page)
    entered = [step for block in blocks(text) if block.language == "sh" for step in block.steps]
    return [*entered, *(" ".join(code.split()) for code in _CODE.findall(prose(text)))]


@pytest.mark.parametrize("page", PAGES)
def test_options_are_those_of_their_commands(page: str) -> None:
    for code in code_of(page):
        words = shlex.split(code, comments=True) if code.startswith("alpaplan ") else code.split()
        if words[0] == "alpaplan" and len(words) > 1:
            name = " ".join(words[1:3]) if " ".join(words[1:3]) in COMMANDS else words[1]
            assert name in {*COMMANDS, "COMMAND"}, code
            known = options_of(COMMANDS[name]) if name in COMMANDS else [{"--help"}]
        elif words[0].startswith("-"):
            known = OPTIONS
        else:
            continue
        named = {word for word in words if _OPTION.fullmatch(word)}
        assert named <= set().union(*known), code


def test_every_command_and_option_is_in_the_guide() -> None:
    code = [code for page in GUIDE for code in code_of(page)]
    words = {word for piece in code for word in re.split(r"[\s,]+", piece)}
    assert [spellings for spellings in OPTIONS if not spellings & words] == []
    assert [
        name for name in COMMANDS if not any(f"alpaplan {name}" in piece for piece in code)
    ] == []


def properties(schema: object) -> set[str]:
    """Return the names of all properties of a JSON Schema, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(properties, schema))
    if not isinstance(schema, dict):
        return set()
    return {*schema.get("properties", ())}.union(*map(properties, schema.values()))


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_every_key_of_a_document_is_explained(kind: str) -> None:
    # A schedule refers to a plan.
    kinds = {kind, "placement-plan"} if kind == "placement-schedule" else {kind}
    words = set[str]()
    for title in (each.replace("-", " ").capitalize() for each in kinds):
        section = page_text("src/alpaplan/guide/files.md").partition(f"\n## {title}\n")[2]
        words |= set(re.findall(r"\w+", section.partition("\n## ")[0]))
    assert properties(json_schema(kind)) - words == set()


@pytest.mark.parametrize("page", PAGES)
def test_modules_are_there(page: str) -> None:
    for module in _MODULE.findall(page_text(page)):
        assert importlib.util.find_spec(module) is not None, module
