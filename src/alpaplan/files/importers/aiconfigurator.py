"""Tables of aiconfigurator's estimates: a row for each configuration, batch size and prompt length.

One row has the prefill latency of a batch of prompts, with pipeline stages the sum over all of
them, and the memory on one device. From it come

- latency: ``prefill_latency_ms``, divided equally among the ``pp`` stages,
- weights: ``mem_weights_gib``, which are divided by ``tp`` and ``pp`` already,
- working memory: ``mem_activations_gib`` and the batch's ``mem_kvcache_gib``.

What `aiconfigurator_steps` makes of the same rows are profiles of whole LLMs.

aiconfigurator's own result tables have other columns: see `aiconfigurator_results`.

CUDA context, runtime and NCCL buffers (``mem_other_gib``, ``mem_nccl_gib``) are there once a device
and not once a model, so they belong to the cluster's reserved memory. Rows that say that they are
out of memory are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers import aiconfigurator_steps
from alpaplan.files.importers.aiconfigurator_columns import CONVERTERS, KEYS, NUMBERS
from alpaplan.files.importers.aiconfigurator_results import (
    ALL_MEMORY,
    RESULTS_LAYOUT,
    Results,
    device_of,
)
from alpaplan.files.importers.measurement import Measurement, file_names, tools
from alpaplan.files.importers.request import (
    EngineFormat,
    ImportRequest,
    MeasurementFormat,
    MeasurementReading,
    ProgressListener,
)
from alpaplan.files.importers.rows import Layout, Row, parse_cells, read_rows
from alpaplan.files.line_issues import FileIssues
from alpaplan.registry import must_be_one_of

LAYOUT = Layout(
    (*KEYS, *NUMBERS), optional=("oom", "backend", "backend_version"), other_columns=True
)

MEMORY = (
    "Working memory is its activations and the batch's KV cache; runtime and NCCL buffers are left "
    "to the cluster's reserved memory."
)


def read(request: ImportRequest, _listener: ProgressListener) -> MeasurementReading:
    """Read tables, for the prompt length of the request.

    Without one in the request, each prompt length found gives profiles of its own, whose
    names end in it if there are several.

    Raises
    ------
    AlpaplanError
        If there are no rows with the prompt length of the request.
    """
    issues = FileIssues()
    notes: list[str] = []
    found: list[tuple[int, Measurement]] = []
    for path in request.files:
        found += _read_file(path, issues, notes)
    lengths = _chosen_lengths(request.input_len, {length for length, _ in found}, issues)
    variants: dict[str, tuple[str, int]] = {}
    measurements = []
    for length, measurement in found:
        if length in lengths:
            name = f"{measurement.model}-in{length}" if len(lengths) > 1 else measurement.model
            variants[name] = (measurement.model, length)
            measurements.append(replace(measurement, model=name))
    kept = {model for model, _ in variants.values()}
    notes += [
        f"{name}: left out, no rows with prompts of {request.input_len} tokens"
        for name in dict.fromkeys(measurement.model for _, measurement in found)
        if name not in kept
    ]

    def source(variant: str, measured: Sequence[Measurement]) -> str:
        model, length = variants[variant]
        origin = f"from {file_names(measured)} (aiconfigurator)"
        whole = any(measurement.has_all_memory for measurement in measured)
        return source_text(model, measured, length, origin, ALL_MEMORY if whole else MEMORY)

    return MeasurementReading(measurements, source, notes, issues)


def _read_file(
    path: str, issues: FileIssues, notes: list[str]
) -> Iterable[tuple[int, Measurement]]:
    """Return the prompt length and measurement of each row of a file that is kept."""
    found = []
    results = Results()
    num_oom = 0
    for row in read_rows(path, LAYOUT, issues, other=RESULTS_LAYOUT):
        if results.has(row):
            results.add(row, issues)
            continue
        values = parse_cells(row, CONVERTERS, KEYS, issues)
        if values is None:
            continue
        if values.get("oom", False):
            num_oom += 1
        else:
            found.append((values["input_len"], _measurement(row, values)))
    if num_oom:
        notes.append(f"{path}: rows left out because they are out of memory: {num_oom:,}")
    notes += [f"{path}: {note}" for note in results.notes()]
    return [*found, *results.measurements()]


def source_text(
    model: str,
    measured: Sequence[Measurement],
    input_len: int,
    origin: str,
    memory: str = MEMORY,
) -> str:
    """Describe where the numbers come from.

    Parameters
    ----------
    model
        Path of the model.
    measured
        Its measurements.
    input_len
        Tokens of a prompt.
    origin
        What has the estimates.
    memory
        What weights and working memory are, a sentence.
    """
    by = tools(measured)
    return (
        f"Prefill of prompts of {input_len} tokens by {model}, estimated by aiconfigurator from "
        f"its databases of measured operators{f' ({by})' if by else ''}, {origin}; TP is "
        "intra_op and PP is inter_op. Its latency is a sum over pipeline stages and is divided "
        f"equally among them. {memory}"
    )


def _measurement(row: Row, values: dict[str, Any]) -> Measurement:
    num_stages = values["pp"]
    flawed = not all(name in values for name in NUMBERS)
    latency_s, weight, kv_cache, activations = (values.get(name, 0) for name in NUMBERS)
    tool = f"{values.get('backend', '')} {values.get('backend_version', '')}".strip()
    return Measurement(
        values["model"],
        device_of(values["gpu"]),
        values["tp"],
        num_stages,
        values["batch_size"],
        (latency_s / num_stages,) * num_stages,
        (weight,) * num_stages,
        (activations + kv_cache,) * num_stages,
        row.place,
        tool,
        flawed,
    )


def _chosen_lengths(wanted: int | None, lengths: set[int], issues: FileIssues) -> set[int]:
    if not lengths:
        issues.raise_any()
        raise AlpaplanError("there are no rows that fit into memory")
    if wanted is not None and wanted not in lengths:
        issues.raise_any()
        raise AlpaplanError(f"--input-len {must_be_one_of(map(str, sorted(lengths)), wanted)}")
    return lengths if wanted is None else {wanted}


FORMAT = MeasurementFormat(
    read,
    optional=("--input-len", "--serving"),
    engines=EngineFormat(aiconfigurator_steps.read, aiconfigurator_steps.is_meant),
)
