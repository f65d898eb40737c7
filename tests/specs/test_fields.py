from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, TypeAdapter, ValidationError

from alpaplan.errors import Issue
from alpaplan.specs import fields
from alpaplan.specs.fields import (
    LOCATED_ERROR,
    MAX_QUANTITY,
    Spec,
    duplicates,
    fail_at,
    is_name,
)


class Probe(Spec):
    """A spec with one field of each shared type."""

    name: fields.Name = "n"
    count: fields.Count = 1
    positive_bytes: fields.PositiveBytes = 1
    bytes_: fields.NonNegativeBytes = 0
    positive_s: fields.PositiveSeconds = 1.0
    seconds: fields.NonNegativeSeconds = 0.0
    positive: fields.PositiveNumber = 1.0
    number: fields.NonNegativeNumber = 0.0
    fraction: fields.Fraction = 0.0


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "meta/llama 3.1: é", "meta/llama 3.1: é"),
        ("count", 1_000_000, 1_000_000),
        ("positive_bytes", "1GiB", 2**30),
        ("bytes_", 0, 0),
        ("positive_s", "1ns", 1e-9),
        ("seconds", "0s", 0.0),
        ("positive", "1e-3", 0.001),
        ("number", MAX_QUANTITY, MAX_QUANTITY),
        ("fraction", 1, 1.0),
    ],
)
def test_accepted(field: str, value: object, expected: object) -> None:
    found = getattr(Probe.model_validate({field: value}), field)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " a"),
        ("name", "a\nb"),
        ("name", "a\x7f"),
        ("name", "a\n"),
        ("name", "\x1b[2J"),
        ("name", "a\x9b2J"),
        ("name", "a\u202eb"),
        ("name", "a\u2028b"),
        ("name", "n" * 201),
        ("name", 5),
        ("count", 0),
        ("count", 1_000_001),
        ("count", 1.0),
        ("count", "1"),
        ("count", True),
        ("positive_bytes", 0),
        ("positive_bytes", "1e19"),
        ("bytes_", -1),
        ("positive_s", "0ms"),
        ("positive_s", True),
        ("positive_s", 5e-324),
        ("positive", "1e-19"),
        ("seconds", float("nan")),
        ("seconds", float("inf")),
        ("seconds", -1e-9),
        ("positive", "1s"),
        ("number", None),
        pytest.param("number", 10**5000, id="huge"),
        ("fraction", 1.01),
        ("fraction", "100%"),
    ],
)
def test_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Probe.model_validate({field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_braces_in_a_value_are_no_format() -> None:
    with pytest.raises(ValidationError, match=r"found '\{0\} \{text\}'"):
        Probe.model_validate({"seconds": "{0} {text}"})


def test_specs_are_frozen_and_know_their_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Probe().name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Probe.model_validate({"nmae": "x"})


def test_fail_at_carries_issues() -> None:
    issues = (Issue((1, "a"), "one"), Issue((), "two {x}"))

    def check(value: int) -> int:
        fail_at(issues if value else ())
        return value

    adapter = TypeAdapter[Any](Annotated[int, AfterValidator(check)])
    assert adapter.validate_python(0) == 0
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(1)
    (error,) = caught.value.errors()
    assert error["type"] == LOCATED_ERROR
    assert error["msg"] == "one; two {x}"
    assert error["ctx"]["issues"] == issues


def test_duplicates() -> None:
    assert duplicates("abca", key=None) == [Issue((3,), "duplicate 'a', first at number 1")]
    assert duplicates(["x", "y", "y"])[0].where == (2, "name")
    assert duplicates(["x", "y"]) == []


@pytest.mark.parametrize("name", ["a", "a b", "[bold]x", ":smile:", "x[/]", "模型", "n" * 200])
def test_names(name: str) -> None:
    assert is_name(name)
    assert Probe(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", " a", "a\n", "\x1b", "a\x85", "a\u2066", "a\udcff", "n" * 201, "\u2029"]
)
def test_no_names(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValidationError):
        Probe(name=name)
