"""Inputs and settings to a plan: the pipeline of `alpaplan plan` without its command line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import AlpaplanError, AlpaplanWarning
from alpaplan.planning.document import plan_document, with_robustness
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.provenance import attempt_records, provenance_of
from alpaplan.planning.restarts import search_several
from alpaplan.planning.robustness import robustness
from alpaplan.planning.settings import PlanSettings, usable_cores
from alpaplan.planning.start import StartPlan
from alpaplan.planning.tasks import TaskRunner, local_runner
from alpaplan.problem import Placement
from alpaplan.problem.feasibility import check_feasible, check_servable
from alpaplan.problem.processes import shared_without_overhead
from alpaplan.problem.required_checks import check_required
from alpaplan.problem.unprofiled_batches import unprofiled_batches
from alpaplan.search.attempt import ProgressListener, ignore_progress
from alpaplan.search.methods import METHODS
from alpaplan.search.phase import Phase, PhaseListener, ignore_phase
from alpaplan.search.planner import PlanResult, best_of_searches, solve
from alpaplan.search.prediction import Prediction
from alpaplan.search.stopping import StopCriterion, TimeLimit, first_of, never
from alpaplan.search.workers import Workers
from alpaplan.specs.plan import PlanSpec, Provenance
from alpaplan.workload.arrival_sets import ArrivalSets
from alpaplan.workload.model_order import order_of_models

BACKLOG_S = 1e8
"""Pause between two training runs where LLMs are served (seconds; 1e6 to 1e9). Engines serve all
requests to the end, however late; no placement of a few ten thousand takes three years for that.
Nothing happens meanwhile, so that a longer pause costs nothing."""

MAX_PAIRS = 500_000_000
"""Most models times devices of a search (a count): some 20 bytes each, as it keeps placements."""


@dataclass(frozen=True)
class Planned:
    """A plan and how it was found.

    Parameters
    ----------
    document
        The plan, as it is written to a file.
    result
        What the search found: placements, scores and the prediction as arrays and numbers.
    arrivals
        What was searched on, and what the prediction comes from.
    inputs, settings
        What it was made from.
    start
        The plan that the search started from, if there was one.
    """

    document: PlanSpec
    result: PlanResult
    arrivals: ArrivalSets
    inputs: Inputs
    settings: PlanSettings
    start: StartPlan | None = None

    @property
    def prediction(self) -> Prediction:
        """What to expect of the plan, from arrivals that the search did not see."""
        return self.result.prediction

    @property
    def placement(self) -> Placement:
        """The plan's groups and replicas as arrays, in the order of the document."""
        return self.result.best.placement

    @property
    def sharing_a_process(self) -> list[str]:
        """Groups that no backend with a process for each replica could run as planned.

        Several fixed-service models share them, and the cluster says that a process takes no memory
        of its own.
        """
        found = shared_without_overhead(self.inputs.problem, self.placement)
        return [self.document.groups[group].name for group in found]

    def document_in(self, folder: Path) -> PlanSpec:
        """Return the plan as it is written into a folder: its inputs are named relative to that."""
        made = provenance_of(self.inputs, self.settings, folder, self.start)
        provenance = _ended(made, self.result)
        return self.document.model_copy(update={"provenance": provenance})


def plan(
    inputs: Inputs,
    settings: PlanSettings | None = None,
    *,
    folder: Path | None = None,
    arrivals: ArrivalSets | None = None,
    start: StartPlan | None = None,
    stop: StopCriterion = never,
    workers: Workers | None = None,
    runner: TaskRunner | None = None,
    on_evaluation: ProgressListener = ignore_progress,
    on_phase: PhaseListener = ignore_phase,
) -> Planned:
    """Search for a placement of the inputs' models, and predict how it does.

    The same inputs and settings give the same plan, unless a clock or a person ends the search.
    An `AlpaplanWarning` names models whose batches end below the cluster's largest.

    Parameters
    ----------
    inputs
        What to plan.
    settings
        How to search; None for the defaults.
    folder
        Where the plan goes: its inputs are named relative to that. None: the working folder.
    arrivals
        What to search on and what to predict from; None: drawn from the workload.
    start
        The plan that runs now: the search starts from that too, and moves away from it only as far
        as is worth the cost.
    stop
        Ends the search early; the best placement so far is then the plan.
    workers
        Make the attempts of the search in place of threads of this process.
    runner
        Runs the searches if there are several, in place of processes of this machine.
    on_evaluation
        Told of every simulated placement, for a progress display.
    on_phase
        Told that several searches run side by side, and what is done once the search has ended.

    Raises
    ------
    AlpaplanError
        If there are more models and devices than a search has memory for.
    InfeasibleError
        If a model fits nowhere, no model can meet its objective, or the method finds nothing.
    InputError, SpecError
        If the workload has too many arrivals, or none to plan on or to judge by; or if a file has a
        path that a plan cannot name.
    InterruptedWithoutPlanError
        If the search was stopped before it had any placement.
    """
    settings = settings or PlanSettings()
    limits = [] if settings.time_limit_s is None else [TimeLimit(settings.time_limit_s)]
    _require_plannable(inputs)
    # While the files still lie where they were read.
    provenance = provenance_of(inputs, settings, folder or Path(), start)
    arrivals_rng, *search_rngs = random_streams(settings.seed, settings.restarts)
    order = _order_of_models(inputs, settings)
    ordered = inputs.in_order(order)
    if arrivals is None:
        arrivals = draw_arrivals(ordered, arrivals_rng)
    arrivals = arrivals.for_models(ordered.problem.model_names)
    if settings.restarts > 1:
        result = _best_of_several(ordered, arrivals, settings, search_rngs, runner, stop, on_phase)
    else:
        result = solve(
            ordered.problem,
            arrivals,
            settings.method,
            rng=search_rngs[0],
            effort=settings.effort,
            max_evaluations=settings.max_evaluations,
            stop=first_of(stop, *limits),
            jobs=settings.jobs or usable_cores(),
            workers=workers,
            running=None if start is None else start.running(inputs).with_models(order),
            on_evaluation=on_evaluation,
            on_phase=on_phase,
        )
    result = result.with_models(np.argsort(order))
    arrivals = arrivals.for_models(inputs.problem.model_names)
    document = _documented(inputs, result, arrivals, provenance, settings.seed)
    return Planned(document, result, arrivals, inputs, settings, start)


def check_inputs(inputs: Inputs) -> None:
    """Refuse what no search has memory for; warn of batches that end below the cluster's largest.

    Raises
    ------
    AlpaplanError
        If there are too many models and devices.
    """
    _require_searchable(inputs)
    _warn_of_unprofiled_batches(inputs)


def _require_plannable(inputs: Inputs) -> None:
    """Refuse what has no plan, or what no search has memory for."""
    check_inputs(inputs)
    check_feasible(inputs.problem, inputs.profiles)
    check_servable(inputs.problem)
    check_required(inputs.problem)


def _best_of_several(
    inputs: Inputs,
    arrivals: ArrivalSets,
    settings: PlanSettings,
    rngs: Sequence[np.random.Generator],
    runner: TaskRunner | None,
    stop: StopCriterion,
    on_phase: PhaseListener,
) -> PlanResult:
    jobs = settings.jobs or usable_cores()
    here = local_runner(jobs, settings.restarts) if runner is None else nullcontext(runner)
    on_phase(Phase.SEARCHING)
    with here as chosen:
        outcomes = search_several(inputs, arrivals, settings, rngs, chosen, stop)
    on_phase(Phase.DECIDING)
    return best_of_searches(inputs.problem, arrivals, outcomes, rngs[0], jobs)


def random_streams(seed: int, num_searches: int = 1) -> Sequence[np.random.Generator]:
    """Return the generators of the arrivals and of each search: none disturbs another."""
    return np.random.default_rng(seed).spawn(1 + num_searches)


def draw_arrivals(inputs: Inputs, rng: np.random.Generator) -> ArrivalSets:
    """Draw the arrivals to plan on; between two runs every request that is served ends."""
    problem = inputs.problem
    pause_s = float(problem.slo_s.max()) if problem.engines is None else BACKLOG_S
    return inputs.workload.arrival_sets(rng, pause_s=pause_s)


def _order_of_models(inputs: Inputs, settings: PlanSettings) -> NDArray[np.int64]:
    """Return the order in which a method looks at the models: numbers in the workload's order."""
    if METHODS[settings.method].follows_workload:
        return np.arange(inputs.problem.num_models)
    return order_of_models(inputs.workload.models, inputs.workload.recorded)


def _require_searchable(inputs: Inputs) -> None:
    """Refuse at once what a search would fill all memory with."""
    num_devices = sum(pool.num_devices for pool in inputs.cluster.node_pools)
    num_models = inputs.problem.num_models
    if num_devices * num_models > MAX_PAIRS:
        raise AlpaplanError(
            f"models times devices must be at most {MAX_PAIRS:,} for a search, found "
            f"{num_models:,} models on {num_devices:,} devices; plan for parts of them"
        )


def _warn_of_unprofiled_batches(inputs: Inputs) -> None:
    profiles, models = inputs.profiles.values(), inputs.workload.models
    cluster = inputs.files.cluster
    for issue in unprofiled_batches(inputs.cluster, profiles, models):
        message = issue.message if cluster is None else cluster.error_line(issue)
        warnings.warn(AlpaplanWarning(message), stacklevel=4)


def _documented(
    inputs: Inputs,
    result: PlanResult,
    arrivals: ArrivalSets,
    provenance: Provenance,
    seed: int,
) -> PlanSpec:
    """Return the plan as a document, with how far it holds, once the checker has looked at it."""
    ended = _ended(provenance, result)
    document = plan_document(inputs, result, ended, arrivals.source)
    placement, predicted = result.best.placement, result.prediction.slo_attainment
    held = robustness(inputs, placement, document.groups, arrivals, predicted, seed)
    document = with_robustness(document, held)
    _require_sound(inputs, document)
    return document


def _ended(provenance: Provenance, result: PlanResult) -> Provenance:
    """Note what was tried, and what ended the search early, if anything did."""
    tried = attempt_records(result)
    return provenance.model_copy(update={"stopped_early": result.stop_reason, "tried": tried})


def _require_sound(inputs: Inputs, document: PlanSpec) -> None:
    """Let the independent checker look at a plan before anybody sees it."""
    issues = inputs.issues_of(document)
    if issues:
        raise RuntimeError("the plan fails its own check: " + "; ".join(i.message for i in issues))
