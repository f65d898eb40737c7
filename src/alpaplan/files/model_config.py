"""Reading a Hugging Face ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import InputError, SpecError
from alpaplan.files.document import RawDocument, read_raw
from alpaplan.files.json_tree import parse_json
from alpaplan.files.reading import exists
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.config_format import BESIDE, checkpoint_format
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.quantization import Quantization
from alpaplan.units import format_value

CONFIG_NAME = "config.json"
QUANTIZATION_NAME = "hf_quant_config.json"
"""How the hub calls a model's configuration, and ModelOpt the one of its quantization."""

MAX_CONFIG_BYTES = 2**24
"""Largest of these files (bytes): a hundred times one that names 10,000 classes."""


@dataclass(frozen=True)
class ModelConfig:
    """A ``config.json`` that was read and found in order.

    Parameters
    ----------
    transformer
        The architecture.
    raw
        The file's values with their lines.
    beside
        What is said of quantization in a file beside it, if there is one.
    """

    transformer: Transformer
    raw: RawDocument
    beside: RawDocument | None = None

    def checkpoint_format(self) -> tuple[Dtype, Quantization | None]:
        """Return the number format that the model is published in, and how it is quantized.

        Raises
        ------
        InputError
            If the files do not say, or say something else.
        """
        beside = None if self.beside is None else _mapping(self.beside)
        try:
            return checkpoint_format(_mapping(self.raw), beside)
        except SpecError as error:
            raw = self.raw
            if self.beside is not None and error.role == BESIDE:
                raw = self.beside
            raise InputError(raw.error_lines(error.issues)) from error


def load_model_config(path: Path) -> ModelConfig:
    """Read a model's architecture.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    raw = read_raw(path, parse_json, MAX_CONFIG_BYTES)
    try:
        transformer = transformer_of(_mapping(raw))
    except SpecError as error:
        raise InputError(raw.error_lines(error.issues)) from error
    if raw.issues:
        raise InputError(raw.error_lines(()))
    return ModelConfig(transformer, raw, _read_beside(path))


def _read_beside(path: Path) -> RawDocument | None:
    """Read what ModelOpt writes of quantization beside a ``config.json``, if it is there."""
    if not path.name.endswith(CONFIG_NAME):
        return None
    beside = path.with_name(path.name.removesuffix(CONFIG_NAME) + QUANTIZATION_NAME)
    return read_raw(beside, parse_json, MAX_CONFIG_BYTES) if exists(beside) else None


def _mapping(raw: RawDocument) -> dict[str, object]:
    value = raw.root.value
    if not isinstance(value, dict):
        found = format_value(value)
        message = f"must be a mapping, as a model's config.json is, found {found}"
        raise InputError([f"{raw.path}:{raw.root.line}: {message}"])
    return value
