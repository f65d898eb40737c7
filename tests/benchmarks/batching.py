"""What batching gains, by how far replicas batch: not at all, to the cap, as guessed, as planned.

Run with ``python -m tests.benchmarks.batching``. Goals: with batching allowed no plan attains less
on unseen arrivals than the one without, and plans of mixed models attain more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import click
import numpy as np
from numpy.typing import NDArray

from alpaplan.planning.plan import plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.caps import guess_caps, with_room
from alpaplan.simulator import Simulator
from alpaplan.simulator.intervals import student_t_975
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.batching_workloads import BATCH_SIZES, MIXES, batching_inputs
from tests.benchmarks.quality import markdown_table

SLO_SCALES = (2.0, 3.0, 5.0, 10.0, 20.0)
UNSEEN_RUNS = 8
FIRST_UNSEEN_SEED = 1000


@dataclass(frozen=True)
class Row:
    """A mix under one objective.

    Parameters
    ----------
    mix, slo_scale
        Which.
    single, full, guessed, planned : float64[n]
        Attainment in each unseen run: of the plan without batching, of the same plan where every
        replica batches to the cap, or as far as is guessed at first, and of the plan that decides
        about batching.
    """

    mix: str
    slo_scale: float
    single: NDArray[np.float64]
    full: NDArray[np.float64]
    guessed: NDArray[np.float64]
    planned: NDArray[np.float64]

    @property
    def gain(self) -> tuple[float, float]:
        """Mean gain of the planned over the single, and half of its 95% interval, run by run."""
        gains = self.planned - self.single
        error = float(gains.std(ddof=1)) / math.sqrt(gains.size)
        return float(gains.mean()), student_t_975(gains.size - 1) * error

    @property
    def is_worse(self) -> bool:
        """Whether planning for batches attains less, by more than chance explains."""
        mean, half = self.gain
        return mean + half < 0


def measure(mix: str, slo_scale: float, effort: Effort, seed: int) -> Row:
    """Plan a mix with and without batching, and simulate the plans on the same unseen arrivals."""
    settings = PlanSettings(seed=seed, effort=effort, jobs=1)
    without = batching_inputs(MIXES[mix], slo_scale, 1)
    inputs = batching_inputs(MIXES[mix], slo_scale, max(BATCH_SIZES))
    problem = inputs.problem
    alone = plan(without, settings).placement
    batched = plan(inputs, settings).placement
    guess = guess_caps(problem)
    seeds = range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + UNSEEN_RUNS)
    unseen = [Simulator(problem, inputs.workload.sample(None, each)) for each in seeds]

    def attained(placement: Placement) -> NDArray[np.float64]:
        return np.array([simulator.evaluate(placement).slo_attainment for simulator in unseen])

    return Row(
        mix,
        slo_scale,
        attained(with_caps(problem, alone, np.ones_like(guess))),
        attained(with_caps(problem, alone, np.full_like(guess, max(BATCH_SIZES)))),
        attained(with_caps(problem, alone, guess)),
        attained(batched),
    )


def with_caps(
    problem: PlacementProblem, placement: Placement, caps: NDArray[np.int64]
) -> Placement:
    """Return a placement whose replicas have the caps of their shapes and profiles, or less.

    They have less where memory lacks.
    """
    of_replicas = caps[placement.shapes][:, problem.profile_of_model]
    return with_room(problem, replace(placement, max_batch_size=None), of_replicas)


def batching_table(rows: Sequence[Row]) -> str:
    """Return the attainments of all mixes and objectives, as Markdown."""
    columns = (
        "models",
        "SLO scale",
        "no batches",
        "to the cap",
        "as guessed",
        "as planned",
        "gain in points",
    )

    def cells(row: Row) -> tuple[str, ...]:
        mean, half = row.gain
        means = (
            f"{float(runs.mean()):.2%}" for runs in (row.single, row.full, row.guessed, row.planned)
        )
        gain = f"{100 * mean:+.2f} +- {100 * half:.2f}"
        return (row.mix, f"{row.slo_scale:g}", *means, gain)

    return markdown_table(columns, map(cells, rows))


@click.command()
@click.option("--mixes", metavar="WORD,...", default=",".join(MIXES), show_default=True)
@click.option("--scales", metavar="X,...", default=",".join(f"{x:g}" for x in SLO_SCALES))
@options.seed
@options.effort(Effort.MEDIUM)
@options.plans_at_once
def main(mixes: str, scales: str, seed: int, effort: str, jobs: int) -> None:
    """Print a table of attainment by how far replicas batch."""
    pairs = [(mix, float(scale)) for mix in mixes.split(",") for scale in scales.split(",")]
    with ProcessPoolExecutor(max_workers=jobs) as executor:
        futures = [
            executor.submit(measure, mix, scale, Effort(effort), seed) for mix, scale in pairs
        ]
        rows = []
        for future in futures:
            rows.append(row := future.result())
            mean, half = row.gain
            gain = f"{100 * mean:+.2f} +- {100 * half:.2f} points"
            click.echo(f"{row.mix} at {row.slo_scale:g}: {gain}", err=True)
    click.echo(batching_table(rows))
    worse = [f"{row.mix} at {row.slo_scale:g}" for row in rows if row.is_worse]
    click.echo(f"\nworse with batching: {', '.join(worse) or 'none'}")


if __name__ == "__main__":
    main()
