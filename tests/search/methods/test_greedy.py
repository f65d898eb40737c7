"""The greedy method: which partitions it tries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.search.candidate import best_of
from alpaplan.search.methods import greedy as module
from alpaplan.search.methods.greedy import greedy
from alpaplan.search.partition import combine, pool_partitions
from alpaplan.search.search import Search


def pools_of(problem: PlacementProblem, shapes: NDArray[np.int64]) -> set[int]:
    return {problem.shapes[h].pool for h in shapes}


def test_too_many_combinations_are_thinned_out_by_pool(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = search.problem
    alone = [pool_partitions(problem, pool) for pool in range(2)]
    everything = len(alone[0]) * len(alone[1])
    whole = greedy(replace(search))
    assert len(whole) == everything
    assert {item.partition for item in whole} == {p.label for p in combine(problem, alone)}
    monkeypatch.setattr(module, "MAX_COMBINATIONS", 4)
    tried = greedy(replace(search))
    by_pool = [item for item in tried if len(pools_of(problem, item.placement.shapes)) == 1]
    together = [item for item in tried if len(pools_of(problem, item.placement.shapes)) == 2]
    assert len(by_pool) == len(alone[0]) + len(alone[1])
    assert len(together) == 4
    # Of each pool, the best two alone are those that are combined.
    for pool in range(2):
        ranked = sorted(
            (item for item in by_pool if pools_of(problem, item.placement.shapes) == {pool}),
            key=lambda item: item.score,
            reverse=True,
        )
        kept = {item.partition for item in ranked[:2]}
        assert {label for item in together for label in kept if label in item.partition} == kept
    assert best_of(together).score > best_of(by_pool).score
