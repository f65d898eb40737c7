"""Imports of texts, for the tests of the formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alpaplan.errors import InputError
from alpaplan.files.importers.conversion import Imported, import_profiles
from alpaplan.files.importers.request import ImportRequest
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig

Write = Callable[..., str]
"""Name of a file and its lines -> its path."""


def imported(import_format: str, *files: str | Path, **options: Any) -> Imported:
    return import_profiles(import_format, ImportRequest(tuple(map(str, files)), **options))


def profiles(import_format: str, *files: str | Path, **options: Any) -> list[ModelProfileSpec]:
    return imported(import_format, *files, **options).profiles


def problems(import_format: str, *files: str, **options: Any) -> list[str]:
    """Return what is wrong with files, without the folder that they are in."""
    with pytest.raises(InputError) as caught:
        imported(import_format, *files, **options)
    folder = files[0].rpartition("/")[0] + "/"
    return [line.replace(folder, "") for line in caught.value.lines]


def config_of(
    profile: ModelProfileSpec, device: str, intra_op: int, inter_op: int
) -> ProfiledConfig:
    (config,) = (
        config
        for config in profile.fixed_configs
        if (config.device, config.intra_op, config.inter_op) == (device, intra_op, inter_op)
    )
    return config
