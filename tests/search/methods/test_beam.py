"""Beam search for replicas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.problem.memory import placement_fits
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Scored, best_of
from alpaplan.search.methods import beam as module
from alpaplan.search.methods.beam import beam, beam_from, select_by_beam
from alpaplan.search.partition import GroupPartition, pool_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.greedy import select_greedily
from alpaplan.search.space import SearchSpace
from alpaplan.search.stopping import Interrupt
from tests.search.conftest import UNLIMITED, attempt_in


@pytest.fixture
def partition(search: Search) -> GroupPartition:
    """Return one group of all devices of the first pool."""
    return pool_partitions(search.problem, 0)[-1]


@pytest.mark.parametrize("size", [1, 3])
def test_it_adds_replicas_for_as_long_as_that_is_better(
    search: Search,
    partition: GroupPartition,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    monkeypatch.setattr(module, "BEAM_SIZE", size)
    found = select_by_beam(attempt_in(search, UNLIMITED), partition)
    assert placement_fits(search.problem, found.placement)
    assert found.placement.replicas.any()
    assert found.score == search.space.score(found.placement).score


def test_a_wider_beam_is_not_worse_here_and_costs_more(
    search: Search, partition: GroupPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAM_SIZE", 1)
    narrow = select_by_beam(attempt_in(search, UNLIMITED), partition)
    monkeypatch.setattr(module, "BEAM_SIZE", 4)
    wide = select_by_beam(attempt_in(search, UNLIMITED), partition)
    assert wide.score >= narrow.score
    assert wide.num_evaluations > 2 * narrow.num_evaluations
    # One replica at a time, each the best of all groups, is not worse than fast greedy here.
    assert narrow.score >= select_greedily(attempt_in(search, UNLIMITED), partition).score


def test_the_best_partitions_are_searched_once_each(search: Search) -> None:
    problem = search.problem
    starts = search.map_attempts(select_greedily, pool_partitions(problem, 0))
    found = beam_from(replace(search), [*starts, *starts])
    assert len(found) == module.BEAM_PARTITIONS
    ranked = sorted(starts, key=lambda item: item.score, reverse=True)
    best = [item.placement.shapes.tolist() for item in ranked[: module.BEAM_PARTITIONS]]
    assert [item.placement.shapes.tolist() for item in found] == best
    assert {item.method for item in found} == {"beam"}


def test_beams_come_after_all_greedy_attempts_and_beat_them(search: Search) -> None:
    own = replace(search, budget=Budget(max_work=60_000_000))
    tried = beam(own)
    methods = [item.method for item in tried]
    assert methods == ["greedy"] * (len(tried) - module.BEAM_PARTITIONS) + ["beam"] * 3
    greedy = [item for item in tried if item.method == "greedy"]
    beams = [item for item in tried if item.method == "beam"]
    assert best_of(beams).score >= best_of(greedy).score
    assert own.used.num_evaluations == sum(item.num_evaluations for item in tried)


def test_a_stop_leaves_what_was_found(search: Search, partition: GroupPartition) -> None:
    interrupt = Interrupt()
    interrupt.ask()
    found = select_by_beam(attempt_in(search, stop=interrupt), partition)
    assert not found.placement.replicas.any()
    some = select_by_beam(attempt_in(search, Budget(max_evaluations=30)), partition)
    assert some.num_evaluations == 30
    assert some.placement.replicas.any()


def test_no_placement_is_simulated_twice_in_a_round(
    search: Search, partition: GroupPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    score = SearchSpace.score

    def noting(space: SearchSpace, placement: Placement) -> Scored:
        seen.append(np.packbits(placement.replicas).tobytes())
        return score(space, placement)

    monkeypatch.setattr(SearchSpace, "score", noting)
    select_by_beam(attempt_in(search, Budget(max_evaluations=200)), partition)
    # Rounds differ in how many replicas they have, so nothing comes up again at all.
    assert len(set(seen)) == len(seen) > 20
