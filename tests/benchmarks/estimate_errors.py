"""How far `alpaplan profile estimate` is off, by table, device and model.

Run with ``python -m tests.benchmarks.estimate_errors``. Goals: median absolute error of prefill
latency below 15% for each device of aiconfigurator's tables, and for Splitwise's measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from tests.benchmarks import estimate_points as tables
from tests.benchmarks.estimate_points import Point
from tests.benchmarks.iteration_points import iteration_points
from tests.conftest import REPOSITORY

GPUS = ("a100", "h100", "h200")


@dataclass(frozen=True)
class ErrorSummary:
    """Errors of several rows.

    Parameters
    ----------
    num_rows
        How many.
    median_absolute
        Half of them are at most so far off, as a fraction.
    bias
        Median of the signed error; negative: the estimates are too small.
    percentile_90
        Nine of ten are at most so far off.
    """

    num_rows: int
    median_absolute: float
    bias: float
    percentile_90: float


def summary(points: Iterable[Point]) -> ErrorSummary:
    """Summarize at least one row."""
    errors = sorted(point.error for point in points)
    absolute = sorted(map(abs, errors))
    ninth = absolute[min(round(0.9 * len(absolute)), len(absolute) - 1)]
    return ErrorSummary(len(errors), median(absolute), median(errors), ninth)


def grouped(points: Iterable[Point], *labels: str) -> dict[tuple[object, ...], list[Point]]:
    """Group rows by some of their labels, in the order in which they come."""
    groups: dict[tuple[object, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(tuple(point.labels[label] for label in labels), []).append(point)
    return groups


def markdown(title: str, groups: dict[tuple[object, ...], list[Point]]) -> list[str]:
    """Return the lines of a table, a row for each group."""
    head = f"| {title} | rows | median error | bias | 90% within |"
    lines = [head, "|---|---|---|---|---|"]
    for key, points in groups.items():
        found = summary(points)
        name = ", ".join(map(str, key)) or "all"
        lines.append(
            f"| {name} | {found.num_rows} | {found.median_absolute:.1%} | {found.bias:+.1%} | "
            f"{found.percentile_90:.1%} |"
        )
    return lines


def _sections(cases: Path) -> list[tuple[str, Callable[[], Iterable[Point]], Sequence[str]]]:
    """Return what is compared: title, rows, and the labels to group by."""

    def every_gpu(points: Callable[[Path, str], Iterable[Point]]) -> list[Point]:
        return [point for gpu in GPUS for point in points(cases, gpu)]

    current = tables.stack_named("vllm-2025")
    return [
        (
            "aiconfigurator (vllm-2025)",
            lambda: every_gpu(tables.aiconfigurator_points),
            ("device", "model"),
        ),
        (
            "Splitwise (eager-2023)",
            lambda: tables.splitwise_points(cases),
            ("device", "model", "intra_op"),
        ),
        ("Splitwise (vllm-2025)", lambda: tables.splitwise_points(cases, current), ("device",)),
        ("DistServe (eager-2023)", lambda: tables.distserve_points(cases), ("model", "intra_op")),
        ("AlpaServe (vllm-2025)", tables.alpaserve_points, ("model",)),
        (
            "vidur, block without attention (eager-2023)",
            lambda: [
                point
                for gpu in ("a100", "h100", "a40")
                for point in tables.vidur_points(cases, gpu)
            ],
            ("device",),
        ),
        ("iterations (vllm-2025)", iteration_points, ("what", "device", "model")),
        ("memory", lambda: every_gpu(tables.memory_points), ("what",)),
    ]


@click.command()
@click.option(
    "--cases",
    type=click.Path(path_type=Path, exists=True),
    default=REPOSITORY.parent / "shared" / "cases",
    help="Folder with the tables.",
)
@click.option("--held-out", is_flag=True, help="Ask the installed aiconfigurator for more models.")
def main(cases: Path, *, held_out: bool) -> None:
    """Print the tables of errors, as Markdown."""
    for title, points, labels in _sections(cases):
        rows = list(points())
        parts = [markdown(title, grouped(rows))]
        parts += [markdown(title, grouped(rows, *labels[:n])) for n in range(1, len(labels) + 1)]
        click.echo("\n\n".join("\n".join(part) for part in parts) + "\n")
    if held_out:
        every: list[Point] = []
        for device in tables.BACKEND_VERSIONS:
            models: tuple[str, ...] = tables.HELD_OUT_MODELS
            if device in ("b200-sxm", "l40s"):
                models += tuple(path for path in tables.CONFIG_OF if path.startswith("Qwen/"))
            every += tables.held_out_points(device, models)
        for labels in (("device",), ("device", "model")):
            click.echo("\n".join(markdown("held out", grouped(every, *labels))) + "\n")


if __name__ == "__main__":
    main()
