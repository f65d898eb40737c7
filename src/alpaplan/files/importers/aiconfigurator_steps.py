"""Iterations in tables of aiconfigurator's estimates: steps of prompts and of decoding requests.

A row of `alpaplan.files.importers.aiconfigurator` is two iterations: one of ``batch_size`` whole
prompts of ``input_len`` tokens (``prefill_latency_ms``), and one in which as many requests decode
(``decode_step_latency_ms``), on average over ``output_len`` answer tokens. ``mem_kvcache_gib`` is
the memory of all their tokens on one device. aiconfigurator 0.12.0 divides it by ``tp`` and not by
``pp``, unlike weights: each stage has its share of the layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers import cells
from alpaplan.files.importers.aiconfigurator_columns import CONVERTERS, KEYS, NUMBERS
from alpaplan.files.importers.aiconfigurator_results import device_of
from alpaplan.files.importers.iterations import (
    FitErrors,
    Iterations,
    IterationsReading,
    KvSize,
)
from alpaplan.files.importers.measurement import file_names, tools
from alpaplan.files.importers.request import ImportRequest, ProgressListener
from alpaplan.files.importers.rows import Layout, Row, parse_cells, read_rows
from alpaplan.files.line_issues import FileIssues
from alpaplan.profiling.steps import LARGEST_STEP_TOKENS, MeasuredStep
from alpaplan.units import BYTE_UNITS, format_count

STEP_COLUMN = "decode_step_latency_ms"

_KEYS = (*KEYS, "output_len")
_NUMBERS = (*NUMBERS, STEP_COLUMN)

STEPS_LAYOUT = Layout(
    (*_KEYS, *_NUMBERS), optional=("oom", "backend", "backend_version"), other_columns=True
)

_CONVERTERS = CONVERTERS | {"output_len": cells.index, STEP_COLUMN: cells.milliseconds}


def is_meant(request: ImportRequest) -> bool:
    """Whether a request without ``--serving`` means iterations.

    That is if it does not choose prompts (``--input-len``, ``--batch``), and its files have the
    column of decoding steps.
    """
    if request.input_len is not None or request.batch_sizes is not None:
        return False
    return all(_has_steps(path) for path in request.files)


def _has_steps(path: str) -> bool:
    if not Path(path).is_file():
        return True  # a pipe is read once: its rows will tell
    anything = Layout((), other_columns=True)
    row = next(iter(read_rows(path, anything, FileIssues())), None)
    return row is not None and STEP_COLUMN in row.cells


def read(request: ImportRequest, _listener: ProgressListener) -> IterationsReading:
    """Read tables.

    Raises
    ------
    AlpaplanError
        If no row fits into memory.
    """
    if request.input_len is not None:
        raise AlpaplanError("--input-len is for --serving prefill: all rows tell of iterations")
    issues = FileIssues()
    notes: list[str] = []
    found = [each for path in request.files for each in _read_file(path, issues, notes)]
    if not found:
        issues.raise_any()
        raise AlpaplanError("there are no rows that fit into memory")

    def source(model: str, of_model: Sequence[Iterations], errors: FitErrors) -> str:
        origin = f"from {file_names(of_model)} (aiconfigurator)"
        return source_text(model, of_model, errors, origin)

    return IterationsReading(found, source, notes, issues)


def _read_file(path: str, issues: FileIssues, notes: list[str]) -> Iterator[Iterations]:
    num_oom = 0
    for row in read_rows(path, STEPS_LAYOUT, issues):
        values = parse_cells(row, _CONVERTERS, _KEYS, issues)
        if values is None or not all(name in values for name in _NUMBERS):
            continue
        if values.get("oom", False):
            num_oom += 1
        else:
            yield _iterations(row, values)
    if num_oom:
        notes.append(f"{path}: rows left out because they are out of memory: {num_oom:,}")


def _iterations(row: Row, values: dict[str, Any]) -> Iterations:
    size, input_len, output_len = (values[key] for key in ("batch_size", "input_len", "output_len"))
    decoding_s = values[STEP_COLUMN]
    steps = [MeasuredStep.of_decoding(size, input_len + output_len // 2, decoding_s)]
    is_small = size * input_len <= LARGEST_STEP_TOKENS
    if is_small:
        steps.append(MeasuredStep.of_prompts(size, input_len, values["prefill_latency_ms"]))
    lengths = f"prompts of {input_len} and answers of {output_len} tokens"
    return Iterations(
        model=values["model"],
        device=device_of(values["gpu"]),
        intra_op=values["tp"],
        inter_op=values["pp"],
        what=f"batch size {size}, {lengths}",
        steps=tuple(steps),
        weight_bytes=values["mem_weights_gib"],
        activation_bytes=values["mem_activations_gib"] if is_small else 0,
        kv=_kv_size(size * (input_len + output_len), row.cells["mem_kvcache_gib"]),
        place=row.place,
        tool=f"{values.get('backend', '')} {values.get('backend_version', '')}".strip(),
    )


def _kv_size(num_tokens: int, gibibytes: str) -> KvSize:
    """Return what a rounded number of GiB says."""
    written = Decimal(gibibytes)
    exponent = written.as_tuple().exponent
    half = Decimal(5).scaleb(min(int(exponent), 0) - 1)
    least, most = (float(bound * BYTE_UNITS["GiB"]) for bound in (written - half, written + half))
    return KvSize(num_tokens, least, most)


def source_text(
    model: str, iterations: Sequence[Iterations], errors: FitErrors, origin: str
) -> str:
    """Describe where the numbers come from.

    Parameters
    ----------
    model
        Path of the model.
    iterations
        Its iterations.
    errors
        How well they fit.
    origin
        What has the estimates.
    """
    by = tools(iterations)
    largest = format_count(LARGEST_STEP_TOKENS, "token")
    return (
        f"Iterations of {model} with continuous batching, estimated by aiconfigurator from its "
        f"databases of measured operators{f' ({by})' if by else ''}, {origin}; TP is intra_op and "
        "PP is inter_op. Step times and the times of attention are fitted to iterations of prompts "
        f"alone and of decoding requests alone, with a leave-one-out error of {errors.describe()}. "
        "They are sums over pipeline stages and are divided equally among them, without the host's "
        f"time. Working memory is the activations of at most {largest}; runtime and NCCL buffers "
        "are left to the cluster's reserved memory and process overhead."
    )
