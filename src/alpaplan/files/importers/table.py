"""A plain table of measurements: one row for each configuration and batch size, or for each stage.

A table without a column ``stage`` has whole configurations: their latency is divided equally among
the stages, and the bytes are those of each device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

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
from alpaplan.registry import must_be_one_of

KEYS = ("model", "device", "intra_op", "inter_op", "batch_size", "stage")
LAYOUT = Layout((*KEYS[:-1], "latency_s", "weight_bytes"), optional=("stage", "activation_bytes"))

_WITH_UNITS = ("latency_s", "weight_bytes", "activation_bytes")

_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "model": cells.model,
    "device": cells.name,
    "intra_op": cells.parallelism,
    "inter_op": cells.parallelism,
    "batch_size": cells.count,
    "stage": cells.index,
    "latency_s": cells.seconds,
    "weight_bytes": cells.positive_bytes,
    "activation_bytes": cells.non_negative_bytes,
}

MAX_LISTED_STAGES = 8
"""Most missing stages that a message names."""


class _Batch(NamedTuple):
    """Subject of a measurement."""

    model: str
    device: str
    intra_op: int
    inter_op: int
    batch_size: int

    def __str__(self) -> str:
        shape = f"intra_op {self.intra_op} inter_op {self.inter_op}"
        return f"{self.model} on {self.device} {shape} batch size {self.batch_size}"


@dataclass(frozen=True)
class _StageRow:
    """One row; numbers that are wrong are absent in the values."""

    row: Row
    values: dict[str, Any]

    @property
    def has_activation(self) -> bool:
        """Whether its file has that column."""
        return "activation_bytes" in self.row.cells


def read(request: ImportRequest, _listener: ProgressListener) -> MeasurementReading:
    """Read tables; stages are counted from 0.

    Raises
    ------
    AlpaplanError
        If the request names columns or units that there are not.
    """
    layout = _layout(request)
    converters = _converters(request)
    issues = FileIssues()
    batches: dict[_Batch, dict[int, _StageRow]] = {}
    measurements = []
    for path in request.files:
        for row in read_rows(path, layout, issues, names=request.columns):
            values = parse_cells(row, converters, KEYS, issues)
            if values is None:
                continue
            batch = _Batch(*(values[name] for name in KEYS[:-1]))
            if "stage" not in row.cells:
                measurements.append(_whole(batch, row, values))
                continue
            stage = values["stage"]
            if stage >= batch.inter_op:
                what = f"must be below inter_op = {batch.inter_op}, as the first is 0"
                issues.add_unread(row.place, f"stage: {what}, found {stage}")
                continue
            stages = batches.setdefault(batch, {})
            if stage in stages:
                first = stages[stage].row.place
                issues.add(row.place, f"duplicate {batch} stage {stage}, first at {first}")
            stages.setdefault(stage, _StageRow(row, values))
    measurements += [_measurement(batch, stages, issues) for batch, stages in batches.items()]
    return MeasurementReading(measurements, source, [], issues)


def _layout(request: ImportRequest) -> Layout:
    """Return the columns; a table of one's own, whose columns are named, may have others too."""
    known = (*LAYOUT.required, *LAYOUT.optional)
    for column in request.columns:
        if column not in known:
            raise AlpaplanError(f"--column {must_be_one_of(known, column)}")
    return replace(LAYOUT, other_columns=bool(request.columns))


def _converters(request: ImportRequest) -> dict[str, Callable[[str], Any]]:
    """Return what makes values of texts, plain numbers being of the units of the request."""
    converters = dict(_CONVERTERS)
    column_of = {name: column for column, name in request.columns.items()}
    for name, unit in request.units.items():
        column = column_of.get(name, name)
        if column not in _WITH_UNITS:
            known = [request.columns.get(column, column) for column in _WITH_UNITS]
            raise AlpaplanError(f"--unit {must_be_one_of(known, name)}")
        converters[column] = _of_unit(unit, _CONVERTERS[column])
        try:
            converters[column]("1")
        except ValueError as error:
            raise AlpaplanError(f"--unit {name}={unit}: {error}") from error
    return converters


def _of_unit(unit: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def with_unit(text: str) -> Any:
        return convert(f"{text}{unit}" if text[-1:].isdigit() or text[-1:] == "." else text)

    return with_unit


def _whole(batch: _Batch, row: Row, values: dict[str, Any]) -> Measurement:
    """Return the measurement of a row that is of all stages."""
    num_stages = batch.inter_op
    activation = None
    if "activation_bytes" in row.cells:
        activation = (values.get("activation_bytes", 0),) * num_stages
    return Measurement(
        *batch,
        (values.get("latency_s", 0.0) / num_stages,) * num_stages,
        (values.get("weight_bytes", 0),) * num_stages,
        activation,
        row.place,
        is_whole=True,
        flawed=any(name in row.cells and name not in values for name in _WITH_UNITS),
    )


def source(_model: str, measurements: Sequence[Measurement]) -> str:
    """Describe where the numbers come from."""
    text = f"Measured as {file_names(measurements)} says (table); every number is taken as it is"
    if any(one.is_whole and one.inter_op > 1 for one in measurements):
        return f"{text}, latencies of whole pipelines divided equally among their stages."
    return f"{text}."


def _measurement(batch: _Batch, stages: dict[int, _StageRow], issues: FileIssues) -> Measurement:
    """Put the stages of one batch together."""
    first = next(iter(stages.values()))
    missing = [stage for stage in range(batch.inter_op) if stage not in stages]
    if missing and not issues.rows_unread:
        listed = ", ".join(map(str, missing[:MAX_LISTED_STAGES]))
        more = ", ..." if len(missing) > MAX_LISTED_STAGES else ""
        what = f"must have stages 0 to {batch.inter_op - 1}, missing {listed}{more}"
        issues.add(first.row.place, f"{batch}: {what}")
    for other in stages.values():
        if other.has_activation != first.has_activation:
            what = f"must have activation_bytes in all files or in none, {first.row.place} differs"
            issues.add(other.row.place, f"{batch}: {what}")
    names = ["latency_s", "weight_bytes", *(["activation_bytes"] if first.has_activation else [])]
    columns: dict[str, tuple[Any, ...]] = {
        name: tuple(stages[s].values[name] for s in sorted(stages) if name in stages[s].values)
        for name in names
    }
    return Measurement(
        *batch,
        columns["latency_s"],
        columns["weight_bytes"],
        columns.get("activation_bytes"),
        first.row.place,
        flawed=min(map(len, columns.values())) < batch.inter_op,
    )


FORMAT = MeasurementFormat(read, optional=("--column", "--unit"))
