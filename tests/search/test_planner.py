"""From problem and arrivals to a judged placement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.errors import InfeasibleError, InterruptedWithoutPlanError
from alpaplan.problem import PlacementProblem
from alpaplan.problem.memory import placement_fits
from alpaplan.search import planner
from alpaplan.search.budget import WORK, Usage
from alpaplan.search.candidate import Score
from alpaplan.search.methods import METHODS
from alpaplan.search.planner import PlanResult, solve
from alpaplan.search.stopping import Interrupt
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Effort, StopReason, UnseenSource
from alpaplan.workload.arrival_sets import ArrivalSets
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import served_models
from tests.solved import small_arrival_sets


@pytest.fixture(scope="module")
def arrivals() -> ArrivalSets:
    return small_arrival_sets(served_models())


def plan(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    method: str = "greedy",
    max_evaluations: int | None = 300,
    **more: object,
) -> PlanResult:
    """Plan with a fresh generator and a small budget."""
    settings: dict[str, object] = {"rng": np.random.default_rng(1)} | more
    return solve(problem, arrivals, method, max_evaluations=max_evaluations, **settings)  # type: ignore[arg-type]


def assert_same(one: PlanResult, other: PlanResult) -> None:
    np.testing.assert_array_equal(one.best.placement.shapes, other.best.placement.shapes)
    np.testing.assert_array_equal(one.best.placement.replicas, other.best.placement.replicas)
    assert [item.score for item in one.tried] == [item.score for item in other.tried]
    assert one.prediction == other.prediction
    assert one.steps == other.steps
    assert one.num_evaluations == other.num_evaluations


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_winner_is_one_of_what_was_tried(
    method: str, problem: PlacementProblem, arrivals: ArrivalSets
) -> None:
    result = plan(problem, arrivals, method)
    chosen, best = result.tried[result.chosen], result.best
    assert (chosen.method, chosen.partition, chosen.score) == (
        best.method,
        best.partition,
        best.score,
    )
    expected = chosen.placement.without_empty_groups()
    np.testing.assert_array_equal(best.placement.replicas, expected.replicas)
    assert best.placement.replicas.any(axis=1).all()
    assert placement_fits(problem, best.placement)
    assert len(result.devices.groups) == best.placement.num_groups
    assert result.stop_reason is None
    # What is said about the training is true of the placement without its empty groups.
    assert replace(best.score, merit=None) == Score.of(problem, best.evaluation)


@pytest.mark.parametrize("method", METHODS)
def test_any_budget_is_enough_for_some_plan(
    method: str, problem: PlacementProblem, arrivals: ArrivalSets
) -> None:
    # Divided among partitions, one of so many may be left where none has found anything.
    for max_evaluations in (1, 5, 11, 15, 19, 23):
        result = plan(problem, arrivals, method, max_evaluations)
        assert result.best.placement.replicas.any()


def test_devices_of_groups_without_replicas_are_left_over() -> None:
    # One request and one replica: a second group has nothing to do.
    problem = make.problem(on=make.cluster(make.pool(devices_per_node=2)))
    trace = Trace(np.zeros(1), np.zeros(1, np.int32), problem.model_names, 1.0)
    arrivals = ArrivalSets(trace, trace, (), (trace, trace), UnseenSource.HELD_OUT)
    result = plan(problem, arrivals, "selective-replication")
    assert result.tried[result.chosen].placement.num_groups == 2
    assert result.best.placement.num_groups == 1
    assert [span.count for span in result.devices.unused] == [1]


def test_less_effort_is_less_work(
    problem: PlacementProblem, arrivals: ArrivalSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    for effort, work in zip(Effort, (2_000_000, 8_000_000, 30_000_000), strict=True):
        monkeypatch.setitem(WORK, effort, work)
    used = {Effort.LOW: 0, Effort.MEDIUM: 0}
    for effort in used:

        def count(more: Usage, _: Score | None, effort: Effort = effort) -> None:
            used[effort] += more.work

        plan(problem, arrivals, "auto", None, effort=effort, on_evaluation=count)
    assert used[Effort.LOW] < 0.5 * used[Effort.MEDIUM]


def test_baselines_end_by_themselves_whatever_the_effort(
    problem: PlacementProblem, arrivals: ArrivalSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ample = plan(problem, arrivals, "greedy", None)
    for effort in Effort:
        monkeypatch.setitem(WORK, effort, 100_000)
    assert_same(ample, plan(problem, arrivals, "greedy", None, effort=Effort.LOW))
    assert plan(problem, arrivals, "greedy", 300).num_evaluations < ample.num_evaluations


def test_a_search_that_is_stopped_at_once_has_the_plan_that_needs_no_search(
    problem: PlacementProblem, arrivals: ArrivalSets
) -> None:
    interrupt = Interrupt()
    interrupt.ask()
    result = plan(problem, arrivals, "greedy", stop=interrupt)
    assert result.best.method == "round-robin"
    assert result.tried[result.chosen].method == "round-robin"
    assert result.stop_reason is StopReason.INTERRUPT
    # Deciding takes time too, and there is none.
    assert result.steps == ()


def test_a_stop_before_any_plan_and_a_cluster_for_nothing_are_told_apart() -> None:
    problem = make.problem(profiles=[make.profile(weight_bytes=99 * GB)])
    arrivals = small_arrival_sets(make.workload(make.model()).served_models())
    with pytest.raises(InfeasibleError, match="method 'greedy' found no placement"):
        plan(problem, arrivals)
    interrupt = Interrupt()
    interrupt.ask()
    with pytest.raises(InterruptedWithoutPlanError, match="stopped by interrupt before"):
        plan(problem, arrivals, stop=interrupt)


def test_what_is_predicted_comes_from_unseen_arrivals_alone(
    problem: PlacementProblem, arrivals: ArrivalSets
) -> None:
    result = plan(problem, arrivals)
    placement = result.best.placement
    simulators = [Simulator(problem, trace) for trace in arrivals.unseen]
    attained = sum(int(own.evaluate(placement).attained.sum()) for own in simulators)
    requests = sum(trace.num_requests for trace in arrivals.unseen)
    assert result.prediction.num_requests == requests
    assert result.prediction.slo_attainment == attained / requests
    assert result.prediction.num_runs == len(arrivals.unseen)
    nothing_else = replace(arrivals, unseen=arrivals.unseen[::-1])
    assert plan(problem, nothing_else).best.score == result.best.score


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_no_placement_reaches_more_than_the_bound(
    method: str, problem: PlacementProblem, arrivals: ArrivalSets
) -> None:
    result = plan(problem, arrivals, method)
    first = Simulator(problem, arrivals.unseen[0]).evaluate(result.best.placement)
    assert result.bound_reached == first.weighted_attainment(problem.model_weight)
    assert result.bound_reached <= result.bound.bound <= 1


def test_a_placement_that_does_not_fit_is_never_given_out(
    problem: PlacementProblem, arrivals: ArrivalSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "assign_devices", lambda *_: None)
    with pytest.raises(RuntimeError, match="breaks its own rules"):
        plan(problem, arrivals)
