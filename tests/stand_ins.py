"""Small stand-ins for published files that pages name: same format, made up.

The published ones are not part of the repository, and may be absent.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np


def azure_llm_log() -> str:
    """Return a log of two minutes of two services, as Azure's of 2023 with both in one file.

    Chat comes steadily, code in bursts; token counts have the published means.
    """
    rng = np.random.default_rng(2023)
    rows: list[tuple[float, str, float, float]] = []
    for name, num_rows, gaps_s, inputs, outputs in (
        (
            "conv",
            600,
            rng.exponential(0.2, 600),
            rng.gamma(1.1, 1100, 600),
            rng.gamma(1.7, 130, 600),
        ),
        ("code", 300, rng.gamma(0.1, 4, 300), rng.gamma(1.1, 1900, 300), rng.exponential(27, 300)),
    ):
        rows += zip(np.cumsum(gaps_s), [name] * num_rows, inputs, outputs, strict=True)
    lines = [
        f"{time_s:.4f},{name},{min(int(inputs) + 1, 7000)},{min(int(outputs) + 1, 1000)}"
        for time_s, name, inputs, outputs in sorted(rows)
    ]
    return "\n".join(["timestamp_s,function_or_model,input_tokens,output_tokens", *lines]) + "\n"


STAND_INS: Mapping[str, Callable[[], str]] = {"dev_azure_llm_2023.csv.gz": azure_llm_log}
"""Name that a page gives -> text of the stand-in."""


def write_stand_ins(command: str, folder: Path) -> None:
    """Write the stand-ins that a command names, where the files are absent."""
    for name, text in STAND_INS.items():
        path = folder / name
        if name in command and not path.exists():
            path.write_bytes(gzip.compress(text().encode(), mtime=0))
