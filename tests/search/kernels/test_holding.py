"""Added groups hold what the memory rule allows, in whatever order replicas are put there."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import keep_what_fits
from alpaplan.search.kernels.holding import bring, hold, hold_listed, hold_listed_backwards
from tests.search.kernels.problems import Bench, nowhere, problems


def kept(problem: PlacementProblem, shape: int, order: list[int]) -> list[int]:
    """Return what the rest of the program lets a group hold of models in an order."""
    servable = servable_replicas(problem)[shape]
    wanted = np.array([model for model in order if servable[model]], dtype=np.int64)
    return sorted(keep_what_fits(problem, shape, wanted).tolist())


@given(problems(), st.data(), st.randoms())
def test_what_fits_is_what_the_memory_rule_keeps(
    problem: PlacementProblem, data: st.DataObject, random: Random
) -> None:
    bench = Bench(problem, nowhere(problem))
    options, change = bench.options, bench.change
    count = problem.num_models
    order = list(range(count))
    random.shuffle(order)
    change.order[:count] = order
    shapes = st.integers(0, len(problem.shapes) - 1)
    forwards, backwards = (bring(options, change, data.draw(shapes)) for _ in range(2))
    hold_listed(options, change, forwards, 0, count)
    hold_listed_backwards(options, change, backwards, 0, count)
    for place, tried in ((forwards, order), (backwards, order[::-1])):
        held = np.flatnonzero(change.held.reshape(2, count)[place]).tolist()
        assert held == kept(problem, int(change.shape[place]), tried)
        assert change.num_held[place] == len(held)


@given(problems(), st.data())
def test_an_added_group_is_empty_whatever_its_place_had(
    problem: PlacementProblem, data: st.DataObject
) -> None:
    bench = Bench(problem, nowhere(problem))
    options, change = bench.options, bench.change
    shape = data.draw(st.integers(0, len(problem.shapes) - 1))
    models = range(problem.num_models)
    found = []
    for _ in range(2):
        change.counts[:] = 0
        place = bring(options, change, shape)
        found.append([hold(options, change, place, model) for model in models])
        assert found[-1] == change.held[: problem.num_models].tolist()
        # What is there already stays, and is not counted twice.
        assert [hold(options, change, place, model) for model in models] == found[-1]
    assert found[0] == found[1]
