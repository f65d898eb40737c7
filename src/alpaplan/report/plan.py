"""The summary that `alpaplan plan` prints: the plan, what it predicts, and what lost to it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.analysis.engine_versions import differing_engines
from alpaplan.analysis.recording import summarize_recording
from alpaplan.planning.device_use import DeviceUse
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned
from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import describe_unservable, unservable_models
from alpaplan.problem.memory import memory_fill
from alpaplan.report.attempts import steps_table, tried_table
from alpaplan.report.engine_versions import describe_engines
from alpaplan.report.exportable import describe_sharing
from alpaplan.report.plan_tables import MAX_ROWS, groups_table, models_table, tokens_table
from alpaplan.report.prediction import prediction_lines
from alpaplan.report.prose import Paragraph
from alpaplan.report.recording import describe_recording
from alpaplan.report.text import some_names
from alpaplan.specs.plan import PlanSpec
from alpaplan.units import format_bytes

SUMMARY_ROWS = 6
"""Groups and models that a summary shows (rows; 4 to 10), so that it holds on one screen."""

SUMMARY_RANGES = 18
"""Ranges of names that it shows of the replicas on all groups (a count; 12 to 24)."""


def plan_summary(planned: Planned, *, explain: bool = False) -> RenderableType:
    """Return what a person should see of a finished search: at most a screen.

    Parameters
    ----------
    planned
        The plan, and how it was found.
    explain
        Whether to show everything: more groups and models, all attempts, and what each step of
        the search gained.
    """
    problem, result, plan = planned.inputs.problem, planned.result, planned.document
    most = MAX_ROWS if explain else SUMMARY_ROWS
    most_ranges = None if explain else SUMMARY_RANGES // min(most + 1, len(plan.groups))
    fill = memory_fill(problem, result.best.placement).tolist()
    return Group(
        *prediction_lines(plan, DeviceUse.of(plan, planned.inputs.cluster)),
        *_recording(planned.inputs),
        *_moves(planned),
        *_not_served(problem, plan, most),
        *_engines(planned.inputs, plan),
        *_exportable(planned),
        groups_table(plan, fill, most, most_ranges),
        models_table(plan.models, most),
        *(tokens_table(plan.models) if explain else ()),
        tried_table(result, explain=explain),
        *([steps_table(result)] if explain else []),
    )


def _recording(inputs: Inputs) -> Iterator[RenderableType]:
    """Yield what is assumed of a trace in place of the workload's arrivals."""
    if inputs.files.trace is not None:
        # All models have the same trace.
        recording = summarize_recording(next(iter(inputs.workload.recorded.values())))
        yield Paragraph(describe_recording(recording, str(inputs.files.trace)))


def _moves(planned: Planned) -> Iterator[RenderableType]:
    """Yield what has to be loaded, where the search started from a plan that runs."""
    loaded_bytes = planned.result.loaded_bytes
    if loaded_bytes is not None:
        what = "nothing" if loaded_bytes == 0 else f"{format_bytes(loaded_bytes)} of weights"
        yield Paragraph(f"{what} to load beside what runs: alpaplan diff shows the steps")


def _not_served(problem: PlacementProblem, plan: PlanSpec, most: int) -> Iterator[RenderableType]:
    """Yield which models cannot be served, and which have no replica."""
    unservable = unservable_models(problem)
    for model in unservable[:most]:
        yield Paragraph(describe_unservable(problem, model), style="yellow")
    if len(unservable) > most:
        rest = some_names([model.name for model in unservable[most:]], MAX_ROWS)
        yield Paragraph(f"nor can {rest}", style="yellow")
    absent = [model.name for model in plan.models if not model.groups]
    if absent:
        some = some_names(absent, MAX_ROWS)
        yield Paragraph(f"models without a replica: {some}", style="yellow")


def _exportable(planned: Planned) -> Iterator[RenderableType]:
    """Yield what keeps a plan from being exported, if anything does."""
    if planned.sharing_a_process:
        yield Paragraph(describe_sharing(planned.sharing_a_process), style="yellow")


def _engines(inputs: Inputs, plan: PlanSpec) -> Iterator[RenderableType]:
    """Yield which engines the LLMs' profiles are of, if they differ."""
    engines = differing_engines(plan, inputs.workload.models, inputs.profiles)
    if engines:
        yield Paragraph(describe_engines(engines), style="yellow")
