"""AlpaServe's profiling results: tab-separated, a row for each model, configuration and batch size.

AlpaServe's benchmark appends such rows to ``inference_prof_res.tsv``, and its profiling database
(``alpa_serve/profiling.py`` of github.com/alpa-projects/mms) is made of them by
``update_from_csv``. What the columns mean is what these two do:

- ``OP`` and ``PP`` are `intra_op` and `inter_op`. ``DP`` is data parallelism inside one
  configuration; AlpaServe places only ``DP`` 1, since replicas do the same, and so rows with
  another one are left out.
- ``StageLatencies(s)`` is the time from a stage's start to the next one's, so that sends are in it.
  It is of one micro-batch. Rows with ``#Microbatch`` above 1 are left out: their latencies are
  not of a batch of ``BS``.
- ``StageWeights(B)`` is the most memory allocated on any device of each stage after the weights
  were loaded: bytes on each device. ``StagePeakMem(B)`` is the same after the benchmark, so
  working memory is peak minus weights.
- Of repeated rows the one whose longest stage is shortest is kept, the first of equal ones.

The weights of a configuration are the largest, stage by stage, of the kept rows, since the
measured ones can differ by the allocator's rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers import cells
from alpaplan.files.importers.measurement import Measurement, file_names
from alpaplan.files.importers.request import (
    ImportRequest,
    MeasurementFormat,
    MeasurementReading,
    ProgressListener,
)
from alpaplan.files.importers.rows import Layout, Row, parse_cells, read_rows
from alpaplan.files.line_issues import FileIssues

USUAL_HEADER = (
    "ModelName",
    "BS",
    "#Microbatch",
    "DP",
    "OP",
    "PP",
    "#GPU",
    "MeanTime(s)",
    "StdTime(s)",
    "TFLOPs",
    "StageWeights(B)",
    "StagePeakMem(B)",
    "StageLatencies(s)",
)
"""Columns of a file without a header, as AlpaServe's benchmark writes them."""

DEFAULT_DEVICE = "v100-16gb"
"""Device type if none is given: AlpaServe was measured on p3.16xlarge nodes (OSDI 2023, section
6.1), and its files do not name a device."""

_LISTS = ("StageWeights(B)", "StagePeakMem(B)", "StageLatencies(s)")
_KEYS = ("ModelName", "BS", "#Microbatch", "DP", "OP", "PP")

LAYOUT = Layout(
    ("ModelName", "BS", "DP", "OP", "PP", *_LISTS),
    optional=("#Microbatch",),
    delimiter="\t",
    other_columns=True,
    usual_header=USUAL_HEADER,
)

_CONVERTERS = {
    "ModelName": cells.model,
    "BS": cells.count,
    "#Microbatch": cells.count,
    "DP": cells.count,
    "OP": cells.parallelism,
    "PP": cells.parallelism,
    "StageWeights(B)": cells.bytes_list,
    "StagePeakMem(B)": cells.bytes_list,
    "StageLatencies(s)": cells.seconds_list,
}


def read(request: ImportRequest, _listener: ProgressListener) -> MeasurementReading:
    """Read profiling results, all measured on the one device type of the request.

    Raises
    ------
    AlpaplanError
        If the request has several device types.
    """
    device = _device(request)
    issues = FileIssues()
    notes = []
    if not request.devices:
        notes.append(f"--device not given: assuming {device}, on which AlpaServe was measured")
    best: dict[tuple[tuple[str, str, int, int], int], Measurement] = {}
    for path in request.files:
        num_data_parallel = num_microbatched = 0
        for row in read_rows(path, LAYOUT, issues):
            values = parse_cells(row, _CONVERTERS, _KEYS, issues)
            if values is None:
                continue
            if values["DP"] != 1:
                num_data_parallel += 1
            elif values.get("#Microbatch", 1) != 1:
                num_microbatched += 1
            else:
                _keep_best(best, _measurement(row, values, device, issues))
        for num_rows, what in ((num_data_parallel, "DP"), (num_microbatched, "#Microbatch")):
            if num_rows:
                notes.append(f"{path}: rows left out because {what} is above 1: {num_rows:,}")
    return MeasurementReading(_with_largest_weights(best.values()), source, notes, issues)


def source(_model: str, measurements: Sequence[Measurement]) -> str:
    """Describe where the numbers come from."""
    return (
        f"Measured by AlpaServe's benchmark on {measurements[0].device}, from "
        f"{file_names(measurements)} (alpaserve). Latencies and weights are taken as they are, of "
        "repeated rows the one whose longest stage is shortest; working memory is peak memory "
        "minus weights."
    )


def _device(request: ImportRequest) -> str:
    if len(request.devices) > 1:
        what = "must be given once because the files do not name it"
        raise AlpaplanError(f"--device {what}, found {len(request.devices)}")
    try:
        return cells.name(request.devices[0] if request.devices else DEFAULT_DEVICE)
    except ValueError as error:
        raise AlpaplanError(f"--device {error}") from error


def _measurement(row: Row, values: dict[str, Any], device: str, issues: FileIssues) -> Measurement:
    num_stages = values["PP"]
    flawed = False
    for name in _LISTS:
        if name not in values:
            flawed = True
        elif len(values[name]) != num_stages:
            flawed = True
            found = f"must have PP = {num_stages} numbers, found {len(values[name])}"
            issues.add(row.place, f"{name}: {found}")
    weights, peaks, latencies = (values.get(name, ()) for name in _LISTS)
    for peak, weight in zip(peaks, weights, strict=False):
        if peak < weight:
            flawed = True
            found = f"must be at least StageWeights(B) ({weight}), found {peak}"
            issues.add(row.place, f"StagePeakMem(B): {found}")
    return Measurement(
        values["ModelName"],
        device,
        values["OP"],
        num_stages,
        values["BS"],
        latencies,
        weights,
        () if flawed else tuple(p - w for p, w in zip(peaks, weights, strict=True)),
        row.place,
        flawed=flawed,
    )


def _keep_best(
    best: dict[tuple[tuple[str, str, int, int], int], Measurement], new: Measurement
) -> None:
    key = (new.config, new.batch_size)
    old = best.get(key)
    if old is None or (
        not (new.flawed or old.flawed) and max(new.stage_latency_s) < max(old.stage_latency_s)
    ):
        best[key] = new


def _with_largest_weights(measurements: Iterable[Measurement]) -> list[Measurement]:
    largest: dict[tuple[str, str, int, int], tuple[int, ...]] = {}
    kept = list(measurements)
    for found in kept:
        if not found.flawed:
            known = largest.get(found.config, found.stage_weight_bytes)
            largest[found.config] = tuple(map(max, known, found.stage_weight_bytes))
    return [
        found if found.flawed else replace(found, stage_weight_bytes=largest[found.config])
        for found in kept
    ]


FORMAT = MeasurementFormat(read, optional=("--device",))
