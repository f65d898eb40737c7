"""Write model profiles as compact YAML, the same bytes each time; shared by the make scripts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WIDTH = 100


@dataclass(frozen=True)
class Config:
    """One parallel configuration on one device type, as `stage_*` of a model profile.

    Parameters
    ----------
    device
        Device type.
    intra_op, inter_op
        Devices of a stage, and number of stages.
    weight_bytes
        Weights on each device of each stage.
    latency_s
        Batch size to seconds of each stage.
    activation_bytes
        Batch size to working memory on each device of each stage; empty: not given.
    """

    device: str
    intra_op: int
    inter_op: int
    weight_bytes: Sequence[float]
    latency_s: Mapping[int, Sequence[float]]
    activation_bytes: Mapping[int, Sequence[float]]


def write_profile(path: Path, name: str, source: str, configs: Iterable[Config]) -> None:
    """Write one profile; seconds are rounded to microseconds, bytes up to megabytes."""
    lines = [
        "kind: model-profile",
        "version: 1",
        f"name: {name}",
        "source: >-",
        *textwrap.wrap(
            source,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        ),
        "configs:",
    ]
    for config in configs:
        lines += _config_lines(config)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _config_lines(config: Config) -> list[str]:
    lines = [
        f"  - device: {config.device}",
        f"    intra_op: {config.intra_op}",
        f"    inter_op: {config.inter_op}",
        *_entry("    stage_weight_bytes", map(_megabytes, config.weight_bytes)),
        "    stage_latency_s:",
    ]
    for batch_size, latencies in config.latency_s.items():
        lines += _entry(f"      {batch_size}", map(_seconds, latencies))
    if config.activation_bytes:
        lines.append("    stage_activation_bytes:")
    for batch_size, activations in config.activation_bytes.items():
        lines += _entry(f"      {batch_size}", map(_megabytes, activations))
    return lines


def _entry(key: str, items: Iterable[str]) -> list[str]:
    indent = len(key) - len(key.lstrip()) + 2
    return textwrap.wrap(
        f"{key}: [{', '.join(items)}]",
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.6f}".rstrip("0").rstrip(".")


def _megabytes(num_bytes: float) -> str:
    # The subtraction keeps float noise (600.0000001) from costing a megabyte.
    return f"{math.ceil(num_bytes / 1e6 - 1e-6)}MB"
