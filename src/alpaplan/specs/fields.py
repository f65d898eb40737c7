"""Field types that the documents share: names, counts, bytes, seconds, rates.

Each reads what a person may write (a number, or a text with a unit), refuses
booleans, NaN, infinities and what is out of range, and describes itself in the
JSON Schema as both forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from alpaplan.errors import Issue
from alpaplan.printable import CONTROL_CHARACTERS, is_printable
from alpaplan.units import (
    BYTE_UNITS,
    SECOND_UNITS,
    format_value,
    parse_bytes,
    parse_number,
    parse_seconds,
)

MAX_QUANTITY = 1e18
"""Upper limit of any number in a document: keeps sums of bytes inside 64-bit integers."""

MIN_QUANTITY = 1e-18
"""Lower limit of any number that must be above 0: keeps quotients and squares finite."""

LOCATED_ERROR = "located"
"""Type of the pydantic errors that carry issues with places of their own; see `fail_at`."""


class Spec(BaseModel):
    """Base of everything that is read from a file: frozen, and unknown keys are errors.

    What validates a document is made when the first one is read: most commands read few kinds.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="constants", defer_build=True
    )

    foreign_keys: ClassVar[Mapping[str, str]] = {}
    """Keys that it does not have but its siblings do -> what to say where one is found."""


def fail_at(issues: Iterable[Issue]) -> None:
    """Raise one validation error that carries several issues, each with its place.

    Parameters
    ----------
    issues
        Their ``where`` is relative to the value under validation. None: nothing is raised.

    Raises
    ------
    PydanticCustomError
        Of type `LOCATED_ERROR`, with the issues under ``ctx["issues"]``.
    """
    found = tuple(issues)
    if found:
        raise PydanticCustomError(LOCATED_ERROR, "{text}", _located_context(found))


def _located_context(found: tuple[Issue, ...]) -> dict[str, Any]:
    return {"text": "; ".join(issue.message for issue in found), "issues": found}


def quantity_reader(parse: Callable[[object], float], **limits: float) -> Callable[[object], float]:
    """Make a validator of a field: parse, then hold the limits (``gt``, ``ge``, ``le``)."""

    def read(value: object) -> float:
        try:
            number = parse(value)
        except ValueError as error:
            _refuse(str(error))
        if "gt" in limits and not number > limits["gt"]:
            _refuse(f"must be above {limits['gt']:g}, found {format_value(value)}")
        if "gt" in limits and number < MIN_QUANTITY:
            _refuse(f"must be at least {MIN_QUANTITY:g}, found {format_value(value)}")
        if "ge" in limits and not number >= limits["ge"]:
            _refuse(f"must be at least {limits['ge']:g}, found {format_value(value)}")
        if not number <= limits.get("le", MAX_QUANTITY):
            _refuse(
                f"must be at most {limits.get('le', MAX_QUANTITY):g}, found {format_value(value)}"
            )
        return number

    return read


def _refuse(message: str) -> NoReturn:
    # A custom error keeps pydantic from putting "Value error, " in front; the text goes
    # through a parameter because braces in it would be taken for a format.
    raise PydanticCustomError("quantity", "{text}", {"text": message})


def quantity_schema(description: str, pattern: str, **limits: float) -> WithJsonSchema:
    """Describe the same field for editors: a number within the limits, or a text."""
    words = {"gt": "exclusiveMinimum", "ge": "minimum", "le": "maximum"}
    number = {"type": "number"} | {words[key]: value for key, value in limits.items()}
    text = {"type": "string", "pattern": pattern}
    return WithJsonSchema({"anyOf": [number, text], "description": description})


NUMBER_PATTERN = r"^\s*\+?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*"
BYTES_PATTERN = NUMBER_PATTERN + f"({'|'.join(BYTE_UNITS)})?\\s*$"
_SECONDS_PATTERN = NUMBER_PATTERN + f"({'|'.join(SECOND_UNITS)})?\\s*$"

NAME_PATTERN = rf"^[^\s{CONTROL_CHARACTERS}][^{CONTROL_CHARACTERS}]*$"
"""No control characters, no leading space."""

MAX_NAME_LENGTH = 200
"""Characters of the longest name."""

NAME_RULE = (
    f"a name of 1 to {MAX_NAME_LENGTH} characters without leading space or control characters"
)
"""What a `Name` must be, in words."""

Name = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=MAX_NAME_LENGTH, pattern=NAME_PATTERN),
]
"""Name of a model, device type, node or group; see `NAME_PATTERN`."""


def is_name(text: str) -> bool:
    """Whether a document may have this `Name`."""
    matches = re.match(NAME_PATTERN, text) is not None
    return matches and is_printable(text) and len(text) <= MAX_NAME_LENGTH


Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""How many of something there are: at least one."""

PositiveBytes = Annotated[
    int,
    BeforeValidator(quantity_reader(parse_bytes, gt=0)),
    quantity_schema("bytes: a number or text like 16GiB", BYTES_PATTERN, gt=0),
]
NonNegativeBytes = Annotated[
    int,
    BeforeValidator(quantity_reader(parse_bytes, ge=0)),
    quantity_schema("bytes: a number or text like 16GiB", BYTES_PATTERN, ge=0),
]
PositiveSeconds = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_seconds, gt=0)),
    quantity_schema("seconds: a number or text like 151ms", _SECONDS_PATTERN, gt=0),
]
NonNegativeSeconds = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_seconds, ge=0)),
    quantity_schema("seconds: a number or text like 151ms", _SECONDS_PATTERN, ge=0),
]
PositiveNumber = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_number, gt=0)),
    quantity_schema("a number above zero", NUMBER_PATTERN + "$", gt=0),
]
NonNegativeNumber = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_number, ge=0)),
    quantity_schema("a number, zero or more", NUMBER_PATTERN + "$", ge=0),
]
PeakFlops = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_number, ge=1e9)),
    quantity_schema("operations per second, dense, such as 312e12", NUMBER_PATTERN + "$", ge=1e9),
]
Bandwidth = Annotated[
    int,
    BeforeValidator(quantity_reader(parse_bytes, ge=1e6)),
    quantity_schema("bytes per second: a number or text like 900GB", BYTES_PATTERN, ge=1e6),
]
LinkLatency = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_seconds, ge=0, le=1)),
    quantity_schema("seconds: a number or text like 2us", _SECONDS_PATTERN, ge=0, le=1),
]
Fraction = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_number, ge=0, le=1)),
    quantity_schema("a fraction from 0 to 1", NUMBER_PATTERN + "$", ge=0, le=1),
]


def exactly_one(*keys: str) -> JsonDict:
    """Return the JSON Schema of a mapping that has one of the keys and not the others."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def duplicates(names: Iterable[str], key: str | None = "name") -> list[Issue]:
    """Return an issue at every name that an earlier list item already has.

    Parameters
    ----------
    names
        Names in list order.
    key
        Key of the name inside each item; None if the items are the names themselves.
    """
    first: dict[str, int] = {}
    issues = []
    for index, name in enumerate(names):
        if name in first:
            where = (index,) if key is None else (index, key)
            issues.append(Issue(where, f"duplicate {name!r}, first at number {first[name] + 1}"))
        first.setdefault(name, index)
    return issues
