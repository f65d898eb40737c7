"""Estimates of prefill that the package aiconfigurator makes for the request.

What its numbers mean stands in `alpaplan.files.importers.aiconfigurator`, which reads tables of
them, and how it is asked in `alpaplan.files.importers.aiconfigurator_package`.
"""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers import aiconfigurator_api_steps
from alpaplan.files.importers.aiconfigurator import source_text
from alpaplan.files.importers.aiconfigurator_package import (
    ShapeEstimator,
    bytes_of,
    estimate_shapes,
)
from alpaplan.files.importers.measurement import Measurement
from alpaplan.files.importers.request import (
    EngineFormat,
    ImportRequest,
    MeasurementFormat,
    MeasurementReading,
    ProgressListener,
)
from alpaplan.files.line_issues import Place

BATCH_SIZES = (1, 2, 4, 8)

SIGNIFICANT_DIGITS = 9
"""Of estimated seconds: far below what an estimate can mean (a count; 6 to 17)."""


def read(request: ImportRequest, listener: ProgressListener) -> MeasurementReading:
    """Estimate each model of the request on each of its device types.

    Configurations that the package cannot estimate, or that are out of memory on such a device,
    are left out with a note.

    Raises
    ------
    AlpaplanError
        If the package is absent, does not know a model or device type, or can estimate nothing
        of a model.
    """
    input_len = request.input_len
    if input_len is None or not request.devices:
        raise AlpaplanError("--device and --input-len must be given")
    sizes = request.batch_sizes or BATCH_SIZES

    def estimates(estimator: ShapeEstimator, notes: list[str]) -> list[Measurement]:
        found = [_measurement(estimator, size, input_len) for size in sizes]
        fitting = [measurement for measurement in found if measurement is not None]
        if len(fitting) < len(sizes):
            lacking = [str(s) for s, each in zip(sizes, found, strict=True) if each is None]
            which = ", ".join(lacking)
            notes.append(f"{estimator.shape}: left out, out of memory at batch size {which}")
        return fitting

    measurements, notes, version = estimate_shapes(request, listener, estimates)

    def source(model: str, measured: Sequence[Measurement]) -> str:
        origin = f"as of its version {version} (aiconfigurator-api)"
        return source_text(model, measured, input_len, origin)

    return MeasurementReading(measurements, source, notes)


def _measurement(estimator: ShapeEstimator, batch_size: int, input_len: int) -> Measurement | None:
    """Estimate one batch size; None if it is out of memory."""
    result = estimator.estimate("static_ctx", batch_size, input_len, output_len=1)
    if result.summary.check_oom():
        return None
    shape, memory_gib = estimator.shape, result.summary.get_memory()
    latency_s = result.ttft / 1e3 / shape.inter_op
    return Measurement(
        shape.model,
        shape.device,
        shape.intra_op,
        shape.inter_op,
        batch_size,
        (float(f"{latency_s:.{SIGNIFICANT_DIGITS}g}"),) * shape.inter_op,
        (bytes_of(memory_gib["weights"]),) * shape.inter_op,
        (bytes_of(memory_gib["activations"] + memory_gib["kvcache"]),) * shape.inter_op,
        Place(shape.model),
        f"{result.backend_name} {result.backend_version}",
    )


FORMAT = MeasurementFormat(
    read,
    required=("--device",),
    optional=("--input-len", "--intra-op", "--inter-op", "--serving"),
    engines=EngineFormat(aiconfigurator_api_steps.read, aiconfigurator_api_steps.is_meant),
)
