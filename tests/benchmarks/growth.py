"""Cost as it grows: processor time and memory of each part of a plan, by the number of models.

Run ``python -m tests.benchmarks.growth``: it plans 500, 2,000 and 8,000 models with devices in
proportion, at low effort, in some 10 processor minutes. Problems are those of
`tests.benchmarks.large_problems`.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any
from unittest import mock

import click

from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.planning import inputs as inputs_module
from alpaplan.planning import plan as plan_module
from alpaplan.planning.settings import PlanSettings
from alpaplan.search import planner
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.large_problems import Size, write_problem
from tests.benchmarks.planning import in_a_process_of_its_own, load_folder, warm_up

DEVICES_PER_MODEL = 1.024
RATE_PER_MODEL_RPS = 2.048
"""Those of 2,000 models on 2,048 devices."""

PARTS = (
    ("building the problem", inputs_module, "build_problem"),
    ("drawing arrivals", plan_module, "draw_arrivals"),
    ("search", planner, "_find"),
    ("decision", planner, "decide"),
    ("prediction", planner, "predict"),
    ("upper bound", planner, "attainment_bound"),
    ("how far it holds", plan_module, "robustness"),
    ("plan document", plan_module, "plan_document"),
    ("check", plan_module, "_require_sound"),
)
"""Part -> the module and name of the function that does it."""

READING, OTHER, WRITING = "reading documents", "all else", "writing"
WHOLE = "whole"


@dataclass(frozen=True)
class Cost:
    """What a part took."""

    processor_s: float
    peak_bytes: int


@dataclass
class Watch:
    """Takes the time of parts, without that of parts within them, and their peak memory."""

    costs: dict[str, Cost] = field(default_factory=dict)
    _running: list[str] = field(default_factory=list)
    _since_s: float = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what the block takes for a part."""
        self._count()
        self._running.append(name)
        _forget_peak()
        try:
            yield
        finally:
            self._count()
            self._running.pop()
            _forget_peak()

    def watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose calls count for a part."""

        def call(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return function(*arguments, **named)

        return call

    def _count(self) -> None:
        now_s = process_time()
        if self._running:
            name = self._running[-1]
            known = self.costs.get(name, Cost(0.0, 0))
            took_s = known.processor_s + now_s - self._since_s
            self.costs[name] = Cost(took_s, max(known.peak_bytes, _peak_bytes()))
        self._since_s = now_s


def _forget_peak() -> None:
    """Let the peak memory of this process begin anew (Linux, proc(5))."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def measure(num_models: int, settings: PlanSettings) -> tuple[dict[str, Cost], dict[str, float]]:
    """Plan for so many models, and return what each part took, and what came of it."""
    devices = 8 * round(num_models * DEVICES_PER_MODEL / 8)
    size = Size(num_models, devices, num_models * RATE_PER_MODEL_RPS)
    watch = Watch()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as patches:
        folder = Path(scratch)
        write_problem(size, folder)
        for name, module, function in PARTS:
            watched = watch.watched(name, getattr(module, function))
            patches.enter_context(mock.patch.object(module, function, watched))
        with watch.part(READING):
            inputs = load_folder(folder)
        warm_up(inputs)
        with watch.part(OTHER):
            planned = plan_module.plan(inputs, settings)
        with watch.part(WRITING):
            text = plan_to_yaml(planned.document)
    costs = watch.costs
    costs[WHOLE] = Cost(
        sum(cost.processor_s for cost in costs.values()),
        max(cost.peak_bytes for cost in costs.values()),
    )
    return costs, {
        "devices": devices,
        "evaluations": planned.result.num_evaluations,
        "attainment": planned.prediction.slo_attainment,
        "plan_bytes": len(text),
    }


def exponent(small: float, large: float, growth: float) -> float:
    """Return the power of the number of models with which a cost grew."""
    return math.log(max(large, 1e-9) / max(small, 1e-9)) / math.log(growth)


def table(numbers: Sequence[int], measured: Sequence[dict[str, Cost]]) -> str:
    """Return a Markdown table: a row for each part, and between two sizes the exponent."""
    heads = [f"{number:,} models: s, MB" for number in numbers]
    powers = [f"{a:,} to {b:,}" for a, b in pairwise(numbers)]
    lines = ["| " + " | ".join(["part", *heads, *powers]) + " |"]
    lines.append("|" + "---|" * (1 + len(heads) + len(powers)))
    order = (READING, *(name for name, _, _ in PARTS), OTHER, WRITING, WHOLE)
    for name in order:
        costs = [each[name] for each in measured]
        cells = [f"{cost.processor_s:.2f}, {cost.peak_bytes / 1e6:.0f}" for cost in costs]
        grown = [
            f"n^{exponent(small.processor_s, large.processor_s, after / before):.2f}"
            for (small, large), (before, after) in zip(
                pairwise(costs), pairwise(numbers), strict=True
            )
        ]
        lines.append("| " + " | ".join([name, *cells, *grown]) + " |")
    return "\n".join(lines)


@click.command()
@click.option("--models", "numbers", type=int, multiple=True, default=(500, 2000, 8000))
@options.effort(Effort.LOW)
@options.max_evaluations
def main(numbers: tuple[int, ...], effort: str, max_evaluations: int | None) -> None:
    """Print processor seconds and peak memory of each part, and how they grow."""
    settings = PlanSettings(effort=Effort(effort), max_evaluations=max_evaluations, jobs=1)
    measured = []
    for number in numbers:
        costs, came = in_a_process_of_its_own(measure, number, settings)
        measured.append(costs)
        click.echo(f"{number} models: {came}", err=True)
    click.echo(table(numbers, measured))


if __name__ == "__main__":
    main()
