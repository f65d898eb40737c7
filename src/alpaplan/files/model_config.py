"""Reading a Hugging Face ``config.json``: JSON is YAML too, and so every value has its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import InputError, SpecError
from alpaplan.files.document import RawDocument, read_raw
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.model_config import dtype_of, transformer_of
from alpaplan.units import format_value


@dataclass(frozen=True)
class ModelConfig:
    """A ``config.json`` that was read and found in order.

    Parameters
    ----------
    transformer
        The architecture.
    raw
        The file's values with their lines.
    """

    transformer: Transformer
    raw: RawDocument

    def dtype(self) -> Dtype:
        """Return the number format that the model is published in.

        Raises
        ------
        InputError
            If the file does not say, or says something else.
        """
        try:
            return dtype_of(_mapping(self.raw))
        except SpecError as error:
            raise InputError(self.raw.error_lines(error.issues)) from error


def load_model_config(path: Path) -> ModelConfig:
    """Read a model's architecture.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    raw = read_raw(path)
    try:
        transformer = transformer_of(_mapping(raw))
    except SpecError as error:
        raise InputError(raw.error_lines(error.issues)) from error
    if raw.issues:
        raise InputError(raw.error_lines(()))
    return ModelConfig(transformer, raw)


def _mapping(raw: RawDocument) -> dict[str, object]:
    value = raw.root.value
    if not isinstance(value, dict):
        found = format_value(value)
        message = f"must be a mapping, as a model's config.json is, found {found}"
        raise InputError([f"{raw.path}:{raw.root.line}: {message}"])
    return value
