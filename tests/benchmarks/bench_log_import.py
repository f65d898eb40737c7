"""How fast request logs of two sizes are imported, and how much memory that takes.

``python -m tests.benchmarks.bench_log_import [--rows N] [--folder DIR]`` writes a log of N rows
and one of four times as many (default 1.5 and 6 million: about 230 and 930 MB), in the published
form of Azure Functions 2021 and in its order of ends, and imports both, each in a process of its
own.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from tests.files.logs.peak_memory import peak_mib

NUM_FUNCTIONS = 400


def write_log(path: Path, num_rows: int) -> None:
    """Write a log of 14 days: functions are not equally popular, and take 5 s on average."""
    rng = np.random.default_rng(0)
    names = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(NUM_FUNCTIONS)]
    arrival_s = rng.random(num_rows) * 14 * 86400
    duration_s = np.round(rng.exponential(5.0, num_rows), 3)
    end_s = arrival_s + duration_s
    order = np.argsort(end_s)
    function = np.minimum(rng.pareto(0.6, num_rows), NUM_FUNCTIONS - 1).astype(int)
    rows = zip(function[order], end_s[order], duration_s[order], strict=True)
    with path.open("w", encoding="ascii") as stream:
        stream.write("app,func,end_timestamp,duration\n")
        stream.writelines(
            f"{names[number % 50]},{names[number]},{end!r},{took!r}\n"
            for number, end, took in ((int(n), float(e), float(t)) for n, e, t in rows)
        )


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    click.echo("rows       log MB  seconds  rows/s   MB/s  peak MiB")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for num_rows in (arguments.rows, 4 * arguments.rows):
            log = Path(folder) / "log.csv"
            write_log(log, num_rows)
            size_mb = log.stat().st_size / 1e6
            begun_at = time.perf_counter()
            peak = peak_mib(log, Path(folder) / "trace.csv", log_format="azure-functions-2021")
            took_s = time.perf_counter() - begun_at
            click.echo(
                f"{num_rows:<10,} {size_mb:6.0f} {took_s:8.1f} {num_rows / took_s:7,.0f} "
                f"{size_mb / took_s:6.1f} {peak:9.0f}"
            )


if __name__ == "__main__":
    main()
