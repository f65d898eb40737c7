"""A plain table of measurements: one row for each stage of each configuration and batch size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from alpaplan.files.importers import cells
from alpaplan.files.importers.measurement import Measurement, file_names
from alpaplan.files.importers.request import (
    ImportRequest,
    MeasurementFormat,
    ProgressListener,
    Reading,
)
from alpaplan.files.importers.rows import Layout, Row, parse_cells, read_rows
from alpaplan.files.line_issues import FileIssues

KEYS = ("model", "device", "intra_op", "inter_op", "batch_size", "stage")
LAYOUT = Layout((*KEYS, "latency_s", "weight_bytes"), optional=("activation_bytes",))

_CONVERTERS = {
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


def read(request: ImportRequest, _listener: ProgressListener) -> Reading:
    """Read tables; stages are counted from 0."""
    issues = FileIssues()
    batches: dict[_Batch, dict[int, _StageRow]] = {}
    for path in request.files:
        for row in read_rows(path, LAYOUT, issues):
            values = parse_cells(row, _CONVERTERS, KEYS, issues)
            if values is None:
                continue
            *key, stage = (values[name] for name in KEYS)
            batch = _Batch(*key)
            if stage >= batch.inter_op:
                what = f"must be below inter_op = {batch.inter_op}, as the first is 0"
                issues.add_unread(row.place, f"stage: {what}, found {stage}")
                continue
            stages = batches.setdefault(batch, {})
            if stage in stages:
                first = stages[stage].row.place
                issues.add(row.place, f"duplicate {batch} stage {stage}, first at {first}")
            stages.setdefault(stage, _StageRow(row, values))
    measurements = [_measurement(batch, stages, issues) for batch, stages in batches.items()]
    return Reading(measurements, source, [], issues)


def source(_model: str, measurements: Sequence[Measurement]) -> str:
    """Describe where the numbers come from."""
    return f"Measured as {file_names(measurements)} says (table); every number is taken as it is."


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


FORMAT = MeasurementFormat(read)
