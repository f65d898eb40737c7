"""aiconfigurator's own result tables (``ColumnsStatic`` and the like in its ``sdk/common.py``).

The prompt's length is ``isl``, the batch size ``bs``, the GPU ``system``; the latency is
``context_latency``, or ``ttft`` where there is none, in milliseconds. One number, ``memory``, is
all that is taken of a device, in GiB. The smallest over a configuration's batch sizes counts as its
weights, and what others take beyond that as their working memory. That is exact for a model with
devices of its own, and too much where models share some, as each has its runtime and buffers.

``dp`` (replicas), ``cp`` and ``prefix`` (tokens that are cached already) are no part of a profile:
rows with other values than 1, 1 and 0 are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from alpaplan.files.importers import cells
from alpaplan.files.importers.measurement import Measurement
from alpaplan.files.importers.rows import Layout, Row, parse_cells
from alpaplan.files.line_issues import FileIssues

_KEYS = ("model", "system", "tp", "pp", "bs", "isl")
_LATENCIES = ("context_latency", "ttft")

RESULTS_LAYOUT = Layout(
    (*_KEYS, "memory"),
    optional=(*_LATENCIES, "dp", "cp", "prefix", "backend", "version"),
    other_columns=True,
)

ALL_MEMORY = (
    "What counts as weights is all memory of a device at the smallest batch size, runtime and "
    "buffers included, as the table does not divide it."
)

_CONVERTERS: dict[str, Callable[[str], object]] = {
    "model": cells.model,
    "system": cells.name,
    "tp": cells.parallelism,
    "pp": cells.parallelism,
    "bs": cells.count,
    "isl": cells.count,
    "memory": cells.positive_gibibytes,
    "context_latency": cells.milliseconds,
    "ttft": cells.milliseconds,
    "dp": cells.count,
    "cp": cells.count,
    "prefix": cells.index,
    "backend": str,
    "version": str,
}


def device_of(system: str) -> str:
    """Return the device type of a system of aiconfigurator: ``h100_sxm`` is ``h100-sxm``."""
    return system.replace("_", "-")


def system_of(device: str) -> str:
    """Return what aiconfigurator calls a device type."""
    return device.replace("-", "_")


class Results:
    """Rows of one table, which become measurements together."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, tuple[str, str, int, int], int], Measurement] = {}
        self._num_other = 0

    @staticmethod
    def has(row: Row) -> bool:
        """Whether a row is of such a table."""
        return "isl" in row.cells

    def add(self, row: Row, issues: FileIssues) -> None:
        """Take a row."""
        values = parse_cells(row, _CONVERTERS, _KEYS, issues)
        if values is None:
            return
        if (values.get("dp", 1), values.get("cp", 1), values.get("prefix", 0)) != (1, 1, 0):
            self._num_other += 1
            return
        latency = next((name for name in _LATENCIES if name in row.cells), "")
        if not latency:
            issues.add(row.place, "must have context_latency or ttft, found neither")
        num_stages = values["pp"]
        new = Measurement(
            values["model"],
            device_of(values["system"]),
            values["tp"],
            num_stages,
            values["bs"],
            (values.get(latency, 0.0) / num_stages,) * num_stages,
            (values.get("memory", 0),) * num_stages,
            (0,) * num_stages,
            row.place,
            f"{values.get('backend', '')} {values.get('version', '')}".strip(),
            flawed=latency not in values or "memory" not in values,
            has_all_memory=True,
        )
        # Rows that differ only in the tokens to generate have the same prefill: the most memory.
        key = (values["isl"], new.config, new.batch_size)
        old = self._rows.get(key)
        if old is None or new.flawed or old.stage_weight_bytes < new.stage_weight_bytes:
            self._rows[key] = new

    def measurements(self) -> Iterator[tuple[int, Measurement]]:
        """Yield the prompt length of each row that is kept, and its measurement."""
        least: dict[tuple[int, tuple[str, str, int, int]], int] = {}
        for (length, config, _), found in self._rows.items():
            memory = found.stage_weight_bytes[0]
            least[length, config] = min(least.get((length, config), memory), memory)
        for (length, config, _), found in self._rows.items():
            weight = least[length, config]
            more = found.stage_weight_bytes[0] - weight
            yield (
                length,
                replace(
                    found,
                    stage_weight_bytes=(weight,) * found.inter_op,
                    stage_activation_bytes=(more,) * found.inter_op,
                ),
            )

    def notes(self) -> list[str]:
        """Return what was left out and assumed."""
        notes = []
        if self._num_other:
            what = "rows left out because dp or cp is above 1 or prefix above 0"
            notes.append(f"{what}: {self._num_other:,}")
        if self._rows:
            notes.append(
                "aiconfigurator's own table does not tell weights from other memory, so that all "
                "of it at the smallest batch size counts as weights"
            )
        return notes
