"""Columns of tables of aiconfigurator's estimates, and what their cells mean."""

from __future__ import annotations

from collections.abc import Callable

from alpaplan.files.importers import cells

KEYS = ("model", "gpu", "tp", "pp", "batch_size", "input_len")
NUMBERS = ("prefill_latency_ms", "mem_weights_gib", "mem_kvcache_gib", "mem_activations_gib")

CONVERTERS: dict[str, Callable[[str], object]] = {
    "model": cells.model,
    "gpu": cells.name,
    "tp": cells.parallelism,
    "pp": cells.parallelism,
    "batch_size": cells.count,
    "input_len": cells.count,
    "prefill_latency_ms": cells.milliseconds,
    "mem_weights_gib": cells.positive_gibibytes,
    "mem_kvcache_gib": cells.non_negative_gibibytes,
    "mem_activations_gib": cells.non_negative_gibibytes,
    "oom": cells.flag,
    "backend": str,
    "backend_version": str,
}
