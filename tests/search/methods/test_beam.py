"""Beam search for replicas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.problem.memory import placement_fits
from alpaplan.search.candidate import best_of
from alpaplan.search.context import SearchContext
from alpaplan.search.methods import beam as module
from alpaplan.search.methods.beam import beam, beam_from, select_by_beam
from alpaplan.search.partition import GroupPartition, pool_partitions
from alpaplan.search.selection.greedy import select_greedily
from alpaplan.search.stopping import Interrupt
from alpaplan.simulator import Evaluation


@pytest.fixture
def partition(context: SearchContext) -> GroupPartition:
    """Return one group of all devices of the first pool."""
    return pool_partitions(context.problem, 0)[-1]


@pytest.mark.parametrize("size", [1, 3])
def test_it_adds_replicas_for_as_long_as_that_is_better(
    context: SearchContext,
    partition: GroupPartition,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    monkeypatch.setattr(module, "BEAM_SIZE", size)
    found = select_by_beam(replace(context, max_work=None), partition)
    assert placement_fits(context.problem, found.placement)
    assert found.placement.replicas.any()
    score, _ = replace(context).evaluate(found.placement)
    assert found.score == score


def test_a_wider_beam_is_not_worse_here_and_costs_more(
    context: SearchContext, partition: GroupPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlimited = replace(context, max_work=None)
    monkeypatch.setattr(module, "BEAM_SIZE", 1)
    narrow = select_by_beam(replace(unlimited), partition)
    monkeypatch.setattr(module, "BEAM_SIZE", 4)
    wide = select_by_beam(replace(unlimited), partition)
    assert wide.score >= narrow.score
    assert wide.num_evaluations > 2 * narrow.num_evaluations
    # One replica at a time, each the best of all groups, is not worse than fast greedy here.
    assert narrow.score >= select_greedily(replace(unlimited), partition).score


def test_the_best_partitions_are_searched_once_each(context: SearchContext) -> None:
    problem = context.problem
    starts = [select_greedily(context.share(6), p) for p in pool_partitions(problem, 0)]
    found = beam_from(replace(context), [*starts, *starts])
    assert len(found) == module.BEAM_PARTITIONS
    ranked = sorted(starts, key=lambda item: item.score, reverse=True)
    best = [item.placement.shapes.tolist() for item in ranked[: module.BEAM_PARTITIONS]]
    assert [item.placement.shapes.tolist() for item in found] == best
    assert {item.method for item in found} == {"beam"}


def test_beams_come_after_all_greedy_attempts_and_beat_them(context: SearchContext) -> None:
    own = replace(context, max_work=60_000_000)
    tried = beam(own)
    methods = [item.method for item in tried]
    assert methods == ["greedy"] * (len(tried) - module.BEAM_PARTITIONS) + ["beam"] * 3
    greedy = [item for item in tried if item.method == "greedy"]
    beams = [item for item in tried if item.method == "beam"]
    assert best_of(beams).score >= best_of(greedy).score
    assert own.num_evaluations == sum(item.num_evaluations for item in tried)


def test_a_stop_leaves_what_was_found(context: SearchContext, partition: GroupPartition) -> None:
    interrupt = Interrupt()
    interrupt.ask()
    found = select_by_beam(replace(context, stop=interrupt), partition)
    assert not found.placement.replicas.any()
    some = select_by_beam(replace(context, max_work=None, max_evaluations=30), partition)
    assert some.num_evaluations == 30
    assert some.placement.replicas.any()


def test_no_placement_is_simulated_twice_in_a_round(
    context: SearchContext, partition: GroupPartition
) -> None:
    seen: list[bytes] = []
    own = replace(context, max_work=None, max_evaluations=200)
    evaluate = own.simulator.evaluate

    class Noting:
        trace = own.simulator.trace

        def evaluate(self, placement: Placement) -> Evaluation:
            seen.append(np.packbits(placement.replicas).tobytes())
            return evaluate(placement)

    select_by_beam(replace(own, simulator=Noting()), partition)  # type: ignore[arg-type]
    # Rounds differ in how many replicas they have, so nothing comes up again at all.
    assert len(set(seen)) == len(seen) > 20
