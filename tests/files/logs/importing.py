"""Importing a log in a test, and the trace that comes out."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alpaplan.files.logs.conversion import import_log
from alpaplan.files.logs.registry import LOG_FORMATS
from alpaplan.files.logs.request import ImportOptions, ImportSummary

Rows = list[tuple[float, str]]


class NoProgress:
    """Hears nothing."""

    def begin(self, what: str, total: int) -> None:
        """Ignore it."""

    def advance(self, steps: int) -> None:
        """Ignore it."""


def write(path: Path, text: str) -> Path:
    """Write a log, compressed if its name says so."""
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def import_files(
    paths: Sequence[Path], name: str, output: Path, seed: int = 0, **options: Any
) -> ImportSummary:
    """Import a log of a named format."""
    return import_log(
        paths,
        ImportOptions(LOG_FORMATS[name], **options),
        output,
        np.random.default_rng(seed),
        NoProgress(),
    )


def imported(paths: Sequence[Path], name: str, folder: Path, seed: int = 0, **options: Any) -> Rows:
    """Import a log, and return the rows of the trace."""
    output = folder / "imported.csv"
    import_files(paths, name, output, seed, **options)
    return read_rows(output)


def read_rows(trace: Path) -> Rows:
    """Return the rows of a trace."""
    with trace.open(newline="") as stream:
        rows = [(float(row["arrival_s"]), row["model"]) for row in csv.DictReader(stream)]
    assert rows == sorted(rows, key=lambda row: row[0])
    return rows
