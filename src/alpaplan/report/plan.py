"""The summary that `alpaplan plan` prints: the plan, what it predicts, and what lost to it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.analysis.attempts import Attempt, Verdict, ranked_attempts, step_gains
from alpaplan.analysis.recording import summarize_recording
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned
from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import describe_unservable, unservable_models
from alpaplan.problem.memory import memory_fill
from alpaplan.report.prose import Paragraph
from alpaplan.report.recording import describe_recording
from alpaplan.report.tables import Table
from alpaplan.report.text import device_ranges, name_ranges, percent, some_names
from alpaplan.search.planner import PlanResult
from alpaplan.specs.plan import GroupSpec, PlannedModel, PlanSpec
from alpaplan.units import format_seconds

MAX_ROWS = 40
"""Longest table shown; the plan document has all rows."""


def plan_summary(planned: Planned, *, explain: bool = False) -> RenderableType:
    """Return everything that a person should see of a finished search.

    Parameters
    ----------
    planned
        The plan, and how it was found.
    explain
        Whether to show what each step of the search gained, too.
    """
    problem, result, plan = planned.inputs.problem, planned.result, planned.document
    return Group(
        *_headline(problem, result, plan),
        *_recording(planned.inputs),
        _groups_table(problem, result, plan),
        _models_table(plan),
        *_tokens_table(plan),
        _tried_table(result),
        *([_steps_table(result)] if explain else []),
    )


def _recording(inputs: Inputs) -> Iterator[RenderableType]:
    """Yield what is assumed of a trace in place of the workload's arrivals."""
    if inputs.files.trace is not None:
        # All models have the same trace.
        recording = summarize_recording(next(iter(inputs.workload.recorded.values())))
        yield Paragraph(describe_recording(recording, str(inputs.files.trace)))


def _headline(
    problem: PlacementProblem, result: PlanResult, plan: PlanSpec
) -> Iterator[RenderableType]:
    prediction = result.prediction
    low, high = prediction.confidence_interval_95
    one_low, one_high = prediction.prediction_interval_95
    yield Paragraph(
        ("SLO attainment ", "bold"),
        (percent(prediction.slo_attainment), "bold green"),
        f" (95% confidence {percent(low)} to {percent(high)}) "
        f"on {prediction.num_requests:,} unseen requests",
    )
    yield Paragraph(
        f"one run of {format_seconds(prediction.run_s)} is expected between {percent(one_low)} and "
        f"{percent(one_high)}; in training it was "
        f"{percent(result.best.evaluation.slo_attainment)}"
    )
    latency = prediction.latency
    yield Paragraph(
        f"goodput {prediction.goodput_rps:.4g} requests/s, latency mean "
        f"{format_seconds(latency.mean_s)}, p50 {format_seconds(latency.p50_s)}, "
        f"p90 {format_seconds(latency.p90_s)}, p99 {format_seconds(latency.p99_s)}"
    )
    tokens = prediction.tokens
    if tokens is not None and prediction.output_tokens_per_s is not None:
        yield Paragraph(
            f"LLMs: {prediction.output_tokens_per_s:,.0f} output tokens/s, "
            + ", ".join(
                f"{name} p50 {format_seconds(found.p50_s)}, p99 {format_seconds(found.p99_s)}"
                for name, found in (("TTFT", tokens.ttft), ("TPOT", tokens.tpot))
            )
        )
    if result.bound.limit is not None:
        yield Paragraph(
            f"no placement can attain more than {percent(result.bound.bound)} of the first run "
            f"({result.bound.limit.value} is the limit); this one attains "
            f"{percent(result.bound_reached)}"
        )
    for model in unservable_models(problem)[:MAX_ROWS]:
        yield Paragraph(describe_unservable(problem, model), style="yellow")
    absent = [model.name for model in plan.models if not model.groups]
    if absent:
        some = some_names(absent, MAX_ROWS)
        yield Paragraph(f"models without a replica: {some}", style="yellow")
    if plan.unused_devices:
        count = sum(len(item.devices) for item in plan.unused_devices)
        where = device_ranges(plan.unused_devices)
        yield Paragraph(f"devices left over: {count}, {where}", style="yellow")


def _groups_table(problem: PlacementProblem, result: PlanResult, plan: PlanSpec) -> Table:
    fill = memory_fill(problem, result.best.placement)
    made = Table(
        f"Groups ({len(plan.groups)})",
        *("group", "devices", "type", "intra_op", "inter_op", "memory", "replicas"),
        right=("intra_op", "inter_op", "memory"),
    )
    for g, group in enumerate(plan.groups[:MAX_ROWS]):
        made.add_row(
            group.name,
            device_ranges(group.devices),
            group.device,
            str(group.intra_op),
            str(group.inter_op),
            percent(float(fill[g]), 0),
            _describe_replicas(group),
        )
    made.hide_rows(len(plan.groups) - MAX_ROWS, "groups")
    return made


def _describe_replicas(group: GroupSpec) -> str:
    """Name the models, and behind them the limits of those that batch less than they could."""
    caps: dict[int, list[str]] = {}
    for replica in group.replicas:
        if replica.max_batch_size is not None:
            caps.setdefault(replica.max_batch_size, []).append(replica.model)
    limits = [f"{name_ranges(models)} up to {cap}" for cap, models in sorted(caps.items())]
    names = name_ranges([replica.model for replica in group.replicas])
    return f"{names} (batches: {', '.join(limits)})" if limits else names


def _models_table(plan: PlanSpec) -> Table:
    made = Table(
        f"Models ({len(plan.models)}), worst first",
        *("model", "profile", "slo", "groups", "attainment", "p50", "p90", "p99"),
        right=("slo", "attainment", "p50", "p90", "p99"),
        optional=("p50", "p90"),
    )
    for model in _worst_first(plan)[:MAX_ROWS]:
        latency = model.latency_s
        made.add_row(
            model.name,
            model.profile,
            _describe_objectives(model),
            name_ranges(model.groups) or "none",
            percent(model.slo_attainment),
            *(
                ("-", "-", "-")
                if latency is None
                else (format_seconds(x) for x in (latency.p50, latency.p90, latency.p99))
            ),
        )
    made.hide_rows(len(plan.models) - MAX_ROWS, "models")
    return made


def _describe_objectives(model: PlannedModel) -> str:
    """Name the objectives: a latency, or those on tokens with what they are of behind them."""
    parts = []
    if model.slo is not None and model.slo.ttft_s is not None:
        parts.append(f"{format_seconds(model.slo.ttft_s)} TTFT")
    if model.slo is not None and model.slo.tpot_s is not None:
        parts.append(f"{format_seconds(model.slo.tpot_s)} TPOT")
    if model.slo_s is not None:
        parts.append(format_seconds(model.slo_s))
    return ", ".join(parts)


def _tokens_table(plan: PlanSpec) -> Iterator[Table]:
    """Yield when the tokens of LLMs come, in the order of the models' table."""
    llms = [model for model in _worst_first(plan) if model.ttft_s is not None]
    if not llms:
        return
    percentiles = ("TTFT p50", "TTFT p90", "TTFT p99", "TPOT p50", "TPOT p90", "TPOT p99")
    optional = ("TTFT p90", "TPOT p90")
    columns = ("model", *percentiles)
    made = Table("Tokens of served requests", *columns, right=percentiles, optional=optional)
    for model in llms[:MAX_ROWS]:
        times: list[str] = []
        for found in (model.ttft_s, model.tpot_s):
            if found is None:
                times += ["-"] * 3
            else:
                times += map(format_seconds, (found.p50, found.p90, found.p99))
        made.add_row(model.name, *times)
    made.hide_rows(len(llms) - MAX_ROWS, "models")
    yield made


def _worst_first(plan: PlanSpec) -> list[PlannedModel]:
    return sorted(plan.models, key=lambda m: 2.0 if m.slo_attainment is None else m.slo_attainment)


def _tried_table(result: PlanResult) -> Table:
    made = Table(
        f"Tried ({result.num_evaluations:,} placements simulated), on training arrivals",
        *("method", "groups (intra_op, inter_op)", "replicas", "attainment", "latency", ""),
        right=("replicas", "attainment", "latency"),
    )
    for attempt in ranked_attempts(result)[:MAX_ROWS]:
        candidate = attempt.candidate
        made.add_row(
            candidate.method,
            candidate.partition,
            str(int(candidate.placement.replicas.sum())),
            percent(candidate.score.attainment),
            format_seconds(candidate.evaluation.mean_latency_s),
            _describe_verdict(attempt),
        )
    made.hide_rows(len(result.tried) - MAX_ROWS, "attempts")
    return made


def _steps_table(result: PlanResult) -> Table:
    columns = ("step", "placements", "attainment", "gained")
    made = Table(
        "What each step gained in points, on training arrivals", *columns, right=columns[1:]
    )
    for gain in step_gains(result):
        made.add_row(
            "\n  ".join([gain.step.name, *gain.step.notes]),
            f"{gain.step.num_evaluations:,}",
            percent(gain.step.best.attainment),
            f"{100 * gain.gained:+.2f}",
        )
    return made


def _describe_verdict(attempt: Attempt) -> str:
    if attempt.verdict is Verdict.MISSES_MORE:
        return f"{100 * attempt.missed_more:.2f} points fewer"
    if attempt.verdict is Verdict.SLOWER:
        return f"{format_seconds(attempt.slower_s)} slower"
    return str(attempt.verdict.value)
