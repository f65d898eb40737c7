from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from alpaplan.cli import main
from alpaplan.specs.json_schema import json_schema
from alpaplan.specs.registry import DOCUMENT_KINDS
from tests.cli.runner import invoke


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_prints_the_schema_of_each_kind(kind: str) -> None:
    result = invoke(main, ["schema", kind])
    assert result.exit_code == 0
    assert result.stderr == ""
    printed = json.loads(result.stdout)
    Draft202012Validator.check_schema(printed)
    assert printed == json_schema(kind)


def test_unknown_kind_is_a_usage_error() -> None:
    result = invoke(main, ["schema", "clutser"])
    assert result.exit_code == 2
    assert "found 'clutser'; did you mean 'cluster'?" in result.stderr


def test_help_names_every_kind() -> None:
    result = invoke(main, ["schema", "--help"])
    assert result.exit_code == 0
    assert all(kind in result.stdout for kind in DOCUMENT_KINDS)
