"""What idle threads gain that race changes of one attempt, by their number.

Run with ``python -m tests.benchmarks.bench_lanes``. Each case is improved by one attempt from the
best of its equal partitions: by itself, with two lanes in two threads, and with more lanes one
after another. Of these, the one that takes longest says what they would take side by side on a
machine with as many cores; that is an estimate.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

import click
import numpy as np

from alpaplan.planning.plan import draw_arrivals
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import Budget
from alpaplan.search.idle_threads import NO_THREADS, IdleThreads
from alpaplan.search.partition import uniform_partitions
from alpaplan.search.raced_walk import RacedWalk
from alpaplan.search.selection.quick import select_quickly
from alpaplan.search.space import SearchSpace
from alpaplan.simulator import Simulator
from tests.benchmarks import options
from tests.benchmarks.planning import load_folder
from tests.benchmarks.quality import case_folders, markdown_table

WORK = 100_000_000
RUNS = 3
TEMPERATURE = 1e-5
"""Merit that changes may lose on average: what a search of these cases has at half of its way."""


class InTurn(IdleThreads):
    """Does all parts one after another, and adds up what the longest ones take."""

    def __init__(self, num_parts: int) -> None:
        super().__init__(1)
        self.num_parts = num_parts
        self.spared_s = 0.0

    def share(self, most: int, work: Callable[[int, int], None]) -> int:
        """Do all parts here."""
        took_s = []
        for part in range(self.num_parts):
            start_s = perf_counter()
            work(part, self.num_parts)
            took_s.append(perf_counter() - start_s)
        self.spared_s += sum(took_s) - max(took_s)
        return self.num_parts


def improve(space: SearchSpace, idle: IdleThreads) -> tuple[float, float, bytes]:
    """Return seconds by the clock and of all cores, and the placement at the end."""
    rng = np.random.default_rng(0)
    attempts = (Attempt(space, Budget(), rng) for _ in uniform_partitions(space.problem))
    pairs = zip(attempts, uniform_partitions(space.problem), strict=True)
    start = max((select_quickly(*pair) for pair in pairs), key=lambda found: found.score)
    attempt = Attempt(space, Budget(max_work=WORK), np.random.default_rng(1), idle=idle)
    walk = RacedWalk(attempt, start)
    start_s, cpu_start_s = perf_counter(), process_time()
    while not attempt.exhausted():
        walk.step(TEMPERATURE, WORK)
    took_s = perf_counter() - start_s
    return took_s, process_time() - cpu_start_s, walk.placement.key()


@click.command()
@options.cases
def main(cases: list[int] | None) -> None:
    """Print a row for each case, as Markdown."""
    rows = []
    for folder in case_folders(cases):
        inputs = load_folder(folder)
        problem = inputs.problem
        arrivals = draw_arrivals(inputs, np.random.default_rng(0)).for_models(problem.model_names)
        space = SearchSpace(
            problem, Simulator(problem, arrivals.training), Simulator(problem, arrivals.screening)
        )
        improve(space, NO_THREADS)  # loads the loops
        alone = [improve(space, NO_THREADS) for _ in range(RUNS)]
        with ThreadPoolExecutor(1) as helpers:
            idle = IdleThreads(2, helpers)
            with idle.attempt():
                shared = [improve(space, idle) for _ in range(RUNS)]
        alone_s = statistics.median(took_s for took_s, _, _ in alone)
        shared_s = statistics.median(took_s for took_s, _, _ in shared)
        more_cpu = statistics.median(cpu_s for _, cpu_s, _ in shared) / alone_s
        gains = [f"{alone_s / shared_s:.2f}"]
        keys = {key for _, _, key in (*alone, *shared)}
        for num_lanes in (4, 8):
            in_turn = InTurn(num_lanes)
            took_s, _, key = improve(space, in_turn)
            gains.append(f"{alone_s / (took_s - in_turn.spared_s):.2f}")
            keys.add(key)
        same = "yes" if len(keys) == 1 else "no"
        rows.append([folder.name, f"{alone_s:.2f} s", *gains, f"{more_cpu:.2f}", same])
    header = ["case", "alone", "2 lanes", "4", "8 (estimated)", "work of 2", "same placement"]
    click.echo(markdown_table(header, rows))


if __name__ == "__main__":
    main()
