"""Texts of a table's cells to numbers and names, under the rules of the documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from alpaplan.specs.fields import (
    NAME_RULE,
    NonNegativeBytes,
    NonNegativeNumber,
    PositiveBytes,
    PositiveNumber,
    PositiveSeconds,
    is_name,
)
from alpaplan.specs.lengths import MAX_TOKENS
from alpaplan.specs.parallel_config import MAX_PARALLELISM
from alpaplan.units import format_value

MAX_COUNT = 1_000_000
"""Largest whole number, as of `alpaplan.specs.fields.Count`."""

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


def _of_field(kind: Any) -> Callable[[str], Any]:
    """Make a converter that accepts what a document's field does, and says the same of the rest."""
    adapter = TypeAdapter(kind)

    def convert(text: str) -> Any:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from None

    return convert


seconds: Callable[[str], float] = _of_field(PositiveSeconds)
positive_bytes: Callable[[str], int] = _of_field(PositiveBytes)
non_negative_bytes: Callable[[str], int] = _of_field(NonNegativeBytes)
positive_number: Callable[[str], float] = _of_field(PositiveNumber)
non_negative_number: Callable[[str], float] = _of_field(NonNegativeNumber)


def milliseconds(text: str) -> float:
    """Read a plain number of milliseconds above zero as seconds, to the last digit."""
    positive_number(text)
    return seconds(f"{text}ms")


def positive_gibibytes(text: str) -> int:
    """Read a plain number of GiB above zero as bytes, rounded up."""
    positive_number(text)
    return positive_bytes(f"{text}GiB")


def non_negative_gibibytes(text: str) -> int:
    """Read a plain number of GiB as bytes, rounded up."""
    non_negative_number(text)
    return non_negative_bytes(f"{text}GiB")


def count(text: str) -> int:
    """Read a whole number from 1 up."""
    return _whole_number(text, 1, MAX_COUNT)


def parallelism(text: str) -> int:
    """Read an `intra_op` or `inter_op`."""
    return _whole_number(text, 1, MAX_PARALLELISM)


def index(text: str) -> int:
    """Read a whole number from 0 up."""
    return _whole_number(text, 0, MAX_COUNT)


def context_tokens(text: str) -> int:
    """Read a `max_context_tokens`."""
    return _whole_number(text, 2, 2 * MAX_TOKENS)


def flag(text: str) -> bool:
    """Read 0 or 1."""
    if text not in ("0", "1"):
        raise ValueError(f"must be 0 or 1, found {format_value(text)}")
    return text == "1"


def name(text: str) -> str:
    """Read a name, such as that of a device type."""
    if not text:
        raise ValueError("must not be empty, found nothing")
    if not is_name(text):
        raise ValueError(f"must be {NAME_RULE}, found {format_value(text)}")
    return text


def model(text: str) -> str:
    """Read the name or path of a model, of which `profile_name` can be made."""
    profile_name(name(text))
    return text


def profile_name(model: str) -> str:
    """Return the name of a model's profile: the last part of its path, safe as a file's name.

    ``Qwen/Qwen3-8B`` becomes ``qwen3-8b``: lower case, and whatever is not a letter or digit of
    ASCII or one of ``._-`` becomes a hyphen.

    Raises
    ------
    ValueError
        If nothing is left.
    """
    last = model.rstrip("/").rpartition("/")[2].lower()
    safe = re.sub(r"[^a-z0-9._-]+", "-", last).strip("-.")
    if not safe:
        raise ValueError(f"must have ASCII letters or digits, found {format_value(model)}")
    return safe


def seconds_list(text: str) -> tuple[float, ...]:
    """Read numbers of seconds such as ``[0.1, 0.2]``."""
    return tuple(map(seconds, _plain_numbers(text)))


def bytes_list(text: str) -> tuple[int, ...]:
    """Read numbers of bytes such as ``[1024, 2048.0]``."""
    return tuple(map(positive_bytes, _plain_numbers(text)))


def _plain_numbers(text: str) -> list[str]:
    """Split a list of numbers; between them are commas, or blanks as numpy writes them."""
    match = re.fullmatch(r"\[(.*)\]", text, re.DOTALL)
    if match is None:
        raise ValueError(f"must be a list like [0.1, 0.2], found {format_value(text)}")
    inner = match[1].strip()
    parts = re.split(r"\s*,\s*" if "," in inner else r"\s+", inner)
    for part in parts:
        try:
            positive_number(part)
        except ValueError as error:
            raise ValueError(f"must be numbers above 0: one {error}") from None
    return parts


def _whole_number(text: str, least: int, most: int) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"must be a whole number, found {format_value(text)}")
    number = int(text)
    if number < least:
        raise ValueError(f"must be at least {least}, found {format_value(text)}")
    if number > most:
        raise ValueError(f"must be at most {most:,}, found {format_value(text)}")
    return number
