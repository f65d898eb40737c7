"""Composes a search: problem and arrivals in, a placement and its prediction out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InfeasibleError, InterruptedWithoutPlanError
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import DeviceAssignment, assign_devices
from alpaplan.problem.memory import placement_fits
from alpaplan.problem.near_devices import unused_devices
from alpaplan.problem.required_checks import describe_missing
from alpaplan.search.attempt import ProgressListener, Watch, ignore_progress
from alpaplan.search.bounds.bound import AttainmentBound, attainment_bound
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Candidate
from alpaplan.search.decide import decide
from alpaplan.search.methods import DEFAULT_METHOD, METHODS
from alpaplan.search.methods.dedicated import DEDICATED
from alpaplan.search.methods.round_robin import ROUND_ROBIN
from alpaplan.search.phase import Phase, PhaseListener, ignore_phase
from alpaplan.search.prediction import Prediction, predict
from alpaplan.search.running import Running, devices_of
from alpaplan.search.search import Search, SearchStep
from alpaplan.search.space import SearchSpace
from alpaplan.search.start_from import improve_running, worth_moving
from alpaplan.search.stopping import StopCriterion, never
from alpaplan.search.workers import Workers, threads
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Effort, StopReason
from alpaplan.workload.arrival_sets import ArrivalSets


@dataclass(frozen=True)
class PlanResult:
    """The placement that won, and why.

    Parameters
    ----------
    best
        The winner; its placement has no empty groups.
    tried, chosen
        Every attempt, in the order in which it was made, and the index of the winner. It need
        not have the best score in training: see `alpaplan.search.decide`.
    devices
        Where the winner's groups run, and devices that are left over.
    prediction
        What to expect of it, from arrivals that the search did not see.
    bound, bound_reached
        An upper bound for all placements on the first trace of those arrivals, and what the winner
        attains there: weighted fractions of all requests.
    num_evaluations
        Placements that were simulated.
    stop_reason
        Why the search ended early; None if it ran to its end.
    steps
        What each step gained, for methods that have several.
    loaded_bytes
        Weights that have to be loaded, where the search started from what runs.
    """

    best: Candidate
    chosen: int
    tried: tuple[Candidate, ...]
    devices: DeviceAssignment
    prediction: Prediction
    bound: AttainmentBound
    bound_reached: float
    num_evaluations: int
    stop_reason: StopReason | None
    steps: tuple[SearchStep, ...]
    loaded_bytes: int | None = None

    def with_models(self, order: NDArray[np.int64]) -> PlanResult:
        """Return the result with renumbered models: ``order[m]`` becomes ``m``."""
        predicted = tuple(self.prediction.models[m] for m in order)
        return replace(
            self,
            best=self.best.with_models(order),
            tried=tuple(candidate.with_models(order) for candidate in self.tried),
            prediction=replace(self.prediction, models=predicted),
        )


@dataclass(frozen=True)
class SearchOutcome:
    """The outcome of one of several independent searches.

    Parameters
    ----------
    tried, best
        Every attempt, and the winner among them.
    used
        What was simulated.
    stop_reason
        Why it ended early; None if it ran to its end.
    strain
        See `alpaplan.search.search.Search`.
    """

    tried: tuple[Candidate, ...]
    best: Candidate
    used: Usage
    stop_reason: StopReason | None
    strain: float = 1.0


def search_once(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    method: str,
    *,
    rng: np.random.Generator,
    effort: Effort,
    max_evaluations: int | None,
    stop: StopCriterion,
    jobs: int,
) -> SearchOutcome:
    """Search as `solve` does, and predict nothing; parameters and errors as there."""
    with threads(jobs) as workers:
        watch = Watch(stop, ignore_progress)
        budget = _budget(problem, method, effort, max_evaluations)
        search = _search(problem, arrivals, budget, rng, workers, watch)
        tried, best = _find(search, method, arrivals)
    return SearchOutcome(tuple(tried), best, search.used, search.stop_reason, search.strain)


def best_of_searches(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    outcomes: Sequence[SearchOutcome],
    rng: np.random.Generator,
    jobs: int,
) -> PlanResult:
    """Decide between the winners of independent searches as a search does between its own.

    Parameters
    ----------
    problem, arrivals
        What all of them searched.
    outcomes
        At least one.
    rng, jobs
        See `solve`.
    """
    with threads(jobs) as workers:
        watch = Watch(never, ignore_progress)
        budget = _budget(problem, DEFAULT_METHOD, Effort.LOW, None)
        search = _search(problem, arrivals, budget, rng, workers, watch)
        for outcome in outcomes:
            search.used += outcome.used
            search.strain = max(search.strain, outcome.strain)
        best = decide(search, [outcome.best for outcome in outcomes], arrivals.deciding)
        stopped = (each.stop_reason for each in outcomes if each.stop_reason is not None)
        search.stop_reason = next(stopped, None)
        tried = [candidate for outcome in outcomes for candidate in outcome.tried]
        return _judged(search, arrivals, tried, best)


def solve(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    method: str = DEFAULT_METHOD,
    *,
    rng: np.random.Generator,
    effort: Effort = Effort.MEDIUM,
    max_evaluations: int | None = None,
    stop: StopCriterion = never,
    jobs: int = 1,
    workers: Workers | None = None,
    running: Running | None = None,
    on_evaluation: ProgressListener = ignore_progress,
    on_phase: PhaseListener = ignore_phase,
) -> PlanResult:
    """Search for a placement and predict how it does.

    Parameters
    ----------
    problem
        The problem; has to be feasible (`alpaplan.problem.feasibility`).
    arrivals
        What to search on and what to predict from.
    method
        A name from `alpaplan.search.methods.METHODS`.
    rng
        Source of all random choices.
    effort
        Budget in work, for methods that need one; see `alpaplan.search.budget`.
    max_evaluations
        Most placements that may be simulated; None for no such limit.
    stop
        Ends the search early; the best placement so far is returned.
    jobs
        Attempts side by side, in threads. The result does not depend on it.
    workers
        What makes the attempts, in place of threads.
    running
        What runs now. The search also starts from that, and changes only what is worth its price.
    on_evaluation
        Called after every simulated placement, for a progress display.
    on_phase
        Called when each phase after the search begins.

    Raises
    ------
    InfeasibleError
        If the method finds no placement that holds any replica.
    InterruptedWithoutPlanError
        If the search was stopped before it had such a placement.
    """
    watch = Watch(stop, on_evaluation)
    with threads(jobs) if workers is None else nullcontext(workers) as chosen:
        budget = _budget(problem, method, effort, max_evaluations)
        search = _search(problem, arrivals, budget, rng, chosen, watch)
        known = [] if running is None else improve_running(search, running)
        tried, best = _find(search, method, arrivals, on_phase)
        if running is None:
            on_phase(Phase.PREDICTING)
            return _judged(search, arrivals, tried, best)
        settled = worth_moving(search, running, [*known, *tried], best, arrivals.deciding)
    tried = [*known, *tried, settled.candidate]
    placed = settled.placed
    on_phase(Phase.PREDICTING)
    judged = _judged(search, arrivals, tried, settled.candidate, devices_of(problem, placed))
    return replace(judged, loaded_bytes=running.loaded_bytes(problem, placed))


def _budget(
    problem: PlacementProblem, method: str, effort: Effort, max_evaluations: int | None
) -> Budget:
    return Budget(max_evaluations, METHODS[method].max_work(effort, problem))


def _search(
    problem: PlacementProblem,
    arrivals: ArrivalSets,
    budget: Budget,
    rng: np.random.Generator,
    workers: Workers,
    watch: Watch,
) -> Search:
    training, screening = arrivals.training, arrivals.screening
    space = SearchSpace(
        problem,
        Simulator(problem, training),
        Simulator(problem, screening),
        longer=arrivals.longer,
    )
    return Search(space, budget, rng, workers, watch)


def _find(
    search: Search,
    method: str,
    arrivals: ArrivalSets,
    on_phase: PhaseListener = ignore_phase,
) -> tuple[list[Candidate], Candidate]:
    """Run a method and decide; return all candidates, and the winner."""
    tried = METHODS[method].run(search)
    if not _places_something(tried):
        # A budget may be too small for the method. Any plan is better than none, and this one needs
        # no budget.
        tried = [*tried, *ROUND_ROBIN.run(search)]
    required = search.problem.required is not None
    if required and all(candidate.score.missing_replicas for candidate in tried):
        # With groups of their own, required replicas fit if they fit at all.
        tried = [*tried, *DEDICATED.run(search)]
    if _places_something(tried):
        on_phase(Phase.DECIDING)
        best = decide(search, tried, arrivals.deciding)
        if best.score.missing_replicas:
            missing = describe_missing(search.problem, best.placement)
            raise InfeasibleError(f"no placement found with all required replicas\n{missing}")
        return tried, best
    if search.stop_reason is not None:
        raise InterruptedWithoutPlanError(
            f"stopped by {search.stop_reason} before it had a first plan"
        )
    raise InfeasibleError(f"method {method!r} found no placement for this cluster and workload")


def _judged(
    search: Search,
    arrivals: ArrivalSets,
    tried: list[Candidate],
    best: Candidate,
    devices: DeviceAssignment | None = None,
) -> PlanResult:
    """Put the winner on devices, unless it has some already, and predict how it does."""
    problem = search.problem
    placement = best.placement.without_empty_groups()
    if devices is None:
        devices = _devices_of(problem, best.placement)
    if devices is None or not placement_fits(problem, placement):
        raise RuntimeError("the search made a placement that breaks its own rules")
    unseen = [Simulator(problem, trace) for trace in arrivals.unseen]
    evaluation = search.space.training.evaluate(placement)
    return PlanResult(
        best=replace(best, placement=placement, evaluation=evaluation),
        chosen=next(index for index, candidate in enumerate(tried) if candidate is best),
        tried=tuple(tried),
        devices=devices,
        prediction=predict(problem, unseen, placement),
        bound=attainment_bound(problem, arrivals.unseen[0]),
        bound_reached=unseen[0].evaluate(placement).weighted_attainment(problem.model_weight),
        num_evaluations=search.used.num_evaluations,
        stop_reason=search.stop_reason,
        steps=tuple(search.steps),
    )


def _devices_of(problem: PlacementProblem, placement: Placement) -> DeviceAssignment | None:
    """Return the devices of the groups in use.

    The others have devices too, as the search took them to have: without these, replicas that it
    keeps on different nodes might share one.
    """
    assigned = assign_devices(problem, placement.shapes.tolist())
    if assigned is None:
        return None
    spans = tuple(assigned.groups[group] for group in placement.in_use.tolist())
    return DeviceAssignment(spans, unused_devices(problem, spans))


def _places_something(tried: Iterable[Candidate]) -> bool:
    return any(candidate.placement.replicas.any() for candidate in tried)
