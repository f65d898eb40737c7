"""From measurements in a format to model profiles."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers.iterations import make_engine_profiles
from alpaplan.files.importers.measurement import Measurement, make_profiles
from alpaplan.files.importers.registry import MEASUREMENT_FORMATS
from alpaplan.files.importers.request import (
    EngineFormat,
    ImportRequest,
    MeasurementFormat,
    MeasurementReading,
    ProgressListener,
    ignore_progress,
)
from alpaplan.specs.choices import Serving
from alpaplan.specs.profile import ModelProfileSpec


@dataclass(frozen=True)
class Imported:
    """Profiles, and what was left out of them, a line each."""

    profiles: list[ModelProfileSpec]
    notes: list[str]


def import_profiles(
    format_name: str, request: ImportRequest, listener: ProgressListener = ignore_progress
) -> Imported:
    """Read what a request names in one of `MEASUREMENT_FORMATS`, as one profile a model.

    Raises
    ------
    InputError
        With everything wrong with the files.
    AlpaplanError
        If the request asks for what is not there.
    """
    chosen = MEASUREMENT_FORMATS[format_name]
    engines = _engines(format_name, chosen, request)
    if engines is not None:
        return _import_engines(engines, request, listener)
    reading = chosen.read(request, listener)
    measurements = _of_batch_sizes(reading, request.batch_sizes)
    profiles = make_profiles(measurements, reading.source, reading.issues)
    if not profiles:
        raise AlpaplanError("nothing is left to make a profile of: " + "; ".join(reading.notes))
    return Imported(profiles, reading.notes)


def _engines(
    format_name: str, chosen: MeasurementFormat, request: ImportRequest
) -> EngineFormat | None:
    """Return how engines are read if they are what the request is for; None if prefill is."""
    if chosen.engines is None:
        if request.serving is not None:
            raise AlpaplanError(f"--from {format_name} takes no --serving")
        return None
    serving = request.serving
    if serving is None:
        serving = Serving.CONTINUOUS if chosen.engines.is_meant(request) else Serving.PREFILL
    if serving is Serving.PREFILL:
        return None
    if request.batch_sizes is not None:
        raise AlpaplanError("--batch is for --serving prefill: iterations have no batch sizes")
    return chosen.engines


def _import_engines(
    engines: EngineFormat, request: ImportRequest, listener: ProgressListener
) -> Imported:
    reading = engines.read(request, listener)
    profiles, notes = make_engine_profiles(reading)
    if not profiles:
        raise AlpaplanError("nothing is left to make a profile of: " + "; ".join(reading.notes))
    return Imported(profiles, [*reading.notes, *notes])


def _of_batch_sizes(
    reading: MeasurementReading, wanted: tuple[int, ...] | None
) -> list[Measurement]:
    """Keep the batch sizes that are asked for; each must be there."""
    if wanted is None:
        return reading.records
    if 1 not in wanted:
        raise AlpaplanError("--batch must include 1, which every profile needs")
    found = {measurement.batch_size for measurement in reading.records}
    absent = [str(size) for size in wanted if size not in found]
    if absent and not reading.issues.rows_unread:
        reading.issues.raise_any()
        listed = ", ".join(map(str, sorted(found)))
        raise AlpaplanError(f"--batch must be among {listed}, found {', '.join(absent)}")
    return [each for each in reading.records if each.batch_size in wanted]
