from __future__ import annotations

import importlib
import pkgutil
import sys

import pytest

import alpaplan
from alpaplan.errors import AlpaplanError
from alpaplan.registry import Registry, must_be_one_of


@pytest.fixture
def decoders() -> Registry[object]:
    entries = {"json": "json:loads", "absent": "alpaplan.no_such_module:anything"}
    return Registry(entries, what="decoder")


def test_names_are_known_without_an_import(decoders: Registry[object]) -> None:
    assert list(decoders) == ["json", "absent"]
    assert len(decoders) == 2
    assert "absent" in decoders
    assert "yaml" not in decoders


def test_a_lookup_imports(decoders: Registry[object]) -> None:
    import json

    assert decoders["json"] is json.loads
    with pytest.raises(ModuleNotFoundError):
        decoders["absent"]


def test_a_name_that_is_not_there_is_refused_with_those_that_are(
    decoders: Registry[object],
) -> None:
    with pytest.raises(AlpaplanError) as refused:
        decoders["jsom"]
    message = "decoder must be one of json, absent, found 'jsom'; did you mean 'json'?"
    assert str(refused.value) == message
    assert decoders.get("jsom") is None


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("lo", "must be one of low, high, found 'lo'; did you mean 'low'?"),
        ("zzz", "must be one of low, high, found 'zzz'"),
        (3, "must be one of low, high, found 3"),
    ],
)
def test_refusals_list_what_is_known(found: object, message: str) -> None:
    assert must_be_one_of(["low", "high"], found) == message


def test_every_entry_of_every_registry_loads() -> None:
    for module in pkgutil.walk_packages(alpaplan.__path__, "alpaplan."):
        importlib.import_module(module.name)
    registries = {
        id(value): (f"{module_name}.{name}", value)
        for module_name, module in list(sys.modules.items())
        if module_name.startswith("alpaplan")
        for name, value in vars(module).items()
        if isinstance(value, Registry)
    }
    for where, registry in registries.values():
        for name in registry:
            assert registry[name] is not None, f"{where}[{name!r}]"
