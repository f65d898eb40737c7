"""Fast greedy selection."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Score, Scored
from alpaplan.search.partition import make_partition, pool_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.greedy import neediest_onto_least_used, select_greedily
from alpaplan.search.selection.replicas import ReplicaSelection
from alpaplan.search.stopping import Interrupt
from alpaplan.simulator import Evaluation, Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import attempt_in, search_on


@pytest.fixture
def three() -> Search:
    """Return three models of 4 GB, of which two fit onto each of two devices of 10 GB."""
    models = [make.model("m0"), make.model("m1", weight=5.0), make.model("m2")]
    on = make.cluster(make.pool(devices_per_node=2))
    problem = make.problem(models, [make.profile(shapes=[(1, 1)], weight_bytes=4 * GB)], on)
    trace = Trace(np.arange(6.0), np.arange(6, dtype=np.int32) % 3, problem.model_names, 6.0)
    return search_on(Simulator(problem, trace))


def outcome(missed: list[int], busy_s: list[float]) -> Evaluation:
    """Return what was missed by model, and how busy the groups were."""
    attained = np.zeros(len(missed), dtype=np.int64)
    groups = np.zeros(len(busy_s), dtype=np.int64)
    requests = np.array(missed, dtype=np.int64)
    return Evaluation(
        requests, attained, attained.astype(np.float64), groups, groups, np.array(busy_s)
    )


def test_the_neediest_goes_onto_the_least_used_group(three: Search) -> None:
    problem = three.problem
    selection = ReplicaSelection(problem, [0, 0])
    # A request of m1 counts five times.
    assert neediest_onto_least_used(problem, selection, outcome([9, 2, 3], [2.0, 1.0])) == (
        1,
        1,
    )
    assert neediest_onto_least_used(problem, selection, outcome([11, 2, 3], [2.0, 1.0])) == (
        1,
        0,
    )
    selection.add(1, 0)
    assert neediest_onto_least_used(problem, selection, outcome([11, 2, 3], [2.0, 1.0])) == (
        0,
        0,
    )
    selection.add(1, 2)
    # The second group is full, and the first one is all that is left, however used it is.
    assert neediest_onto_least_used(problem, selection, outcome([0, 0, 3], [2.0, 1.0])) == (
        0,
        2,
    )


def test_models_that_miss_nothing_or_fit_nowhere_get_no_more(three: Search) -> None:
    problem = three.problem
    selection = ReplicaSelection(problem, [0, 0])
    assert neediest_onto_least_used(problem, selection, outcome([0, 0, 0], [0.0, 0.0])) is None
    for group, model in ((0, 0), (1, 0), (0, 1), (1, 2)):
        selection.add(group, model)
    assert neediest_onto_least_used(problem, selection, outcome([5, 5, 5], [0.0, 0.0])) is None


def test_every_step_adds_by_that_rule_and_the_best_one_is_kept(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[NDArray[np.bool_], Score]] = []
    evaluate = Attempt.evaluate

    def noting(self: Attempt, placement: Placement) -> Scored:
        found = evaluate(self, placement)
        seen.append((placement.replicas, found.score))
        return found

    monkeypatch.setattr(Attempt, "evaluate", noting)
    partition = pool_partitions(search.problem, 0)[1]
    found = select_greedily(attempt_in(search), partition)
    assert not seen[0][0].any()
    selection = ReplicaSelection(search.problem, partition.shapes)
    for replicas, _ in seen[1:]:
        result = search.space.training.evaluate(selection.placement())
        choice = neediest_onto_least_used(search.problem, selection, result)
        assert choice is not None
        selection.add(*choice)
        np.testing.assert_array_equal(selection.replicas, replicas)
    assert found.score == max(score for _, score in seen)
    assert found.num_evaluations == len(seen) > 10


def test_a_stop_leaves_the_best_so_far(three: Search) -> None:
    interrupt = Interrupt()
    interrupt.ask()
    singles = make_partition(three.problem, [0, 0])
    found = select_greedily(attempt_in(three, stop=interrupt), singles)
    assert not found.placement.replicas.any()
    limited = attempt_in(three, Budget(max_evaluations=3))
    found = select_greedily(limited, singles)
    assert found.placement.replicas.sum() == 2
    assert found.num_evaluations == 3
