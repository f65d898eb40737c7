"""Requests to an importer, and what its reader returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alpaplan.files.importers.iterations import IterationsReading
from alpaplan.files.importers.measurement import Measurement, SourceText
from alpaplan.files.importers.reading import Reading
from alpaplan.specs.choices import Serving

ProgressListener = Callable[[int, int], None]
"""Called with how many steps are done, and how many there are."""


def ignore_progress(_done: int, _total: int) -> None:
    """Do nothing with the progress."""


@dataclass(frozen=True)
class ImportRequest:
    """Files to read, and options; None and empty: not given.

    Parameters
    ----------
    files
        Files, or whatever else the format reads.
    devices
        Device types.
    input_len
        Tokens of a prompt.
    batch_sizes, intra_ops, inter_ops
        Values of each to keep or to estimate.
    columns
        Column that is wanted -> its name in the files, where that differs.
    units
        Column, by its name in the files -> unit of its plain numbers.
    serving
        What the profiles are for.
    """

    files: tuple[str, ...]
    devices: tuple[str, ...] = ()
    input_len: int | None = None
    batch_sizes: tuple[int, ...] | None = None
    intra_ops: tuple[int, ...] | None = None
    inter_ops: tuple[int, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    serving: Serving | None = None


MeasurementReading = Reading[Measurement, SourceText]
"""Measurements of batches."""


@dataclass(frozen=True)
class EngineFormat:
    """What a format says of engines with continuous batching.

    Parameters
    ----------
    read
        Reads the iterations of what a request names.
    is_meant
        Whether a request means them that does not say what its profiles are for.
    """

    read: Callable[[ImportRequest, ProgressListener], IterationsReading]
    is_meant: Callable[[ImportRequest], bool]


@dataclass(frozen=True)
class MeasurementFormat:
    """A format of measurements.

    Parameters
    ----------
    read
        Reads what a request names.
    required, optional
        Command-line options that it needs, and those that it takes beside `--batch`.
    engines
        What it says of engines, if that is anything.
    """

    read: Callable[[ImportRequest, ProgressListener], MeasurementReading]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    engines: EngineFormat | None = None
