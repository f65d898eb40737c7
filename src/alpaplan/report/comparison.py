"""The tables that `alpaplan compare` prints: plans side by side."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType

from alpaplan.analysis.comparison import ComparedPlan, Comparison, PairedDifference
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.units import format_seconds

MAX_MODELS = 15
"""Longest list of models shown; JSON has all of them."""

_ROWS: tuple[tuple[str, Callable[[ComparedPlan], str]], ...] = (
    ("SLO attainment", lambda plan: percent(plan.slo_attainment)),
    ("gain over first plan", lambda plan: _points(plan.difference)),
    ("95% interval", lambda plan: _interval(plan.difference)),
    ("goodput, requests/s", lambda plan: number(plan.goodput_rps, 4)),
    ("latency mean", lambda plan: format_seconds(plan.latency.mean_s)),
    ("latency p50", lambda plan: format_seconds(plan.latency.p50_s)),
    ("latency p90", lambda plan: format_seconds(plan.latency.p90_s)),
    ("latency p99", lambda plan: format_seconds(plan.latency.p99_s)),
    ("devices used", lambda plan: str(plan.num_devices)),
    ("replicas", lambda plan: str(plan.num_replicas)),
    ("groups", lambda plan: str(sum(plan.groups.values()))),
)
"""Row -> what it says of a plan."""


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Return a column for each plan, and the models that they treat most differently."""
    arrivals = comparison.arrivals
    num_runs = len(arrivals.traces)
    runs = f" in {num_runs} runs" if num_runs > 1 else ""
    source = "of a trace" if arrivals.source == "trace" else "sampled from the workload"
    return Group(
        Paragraph(
            f"{arrivals.num_requests:,} requests {source}, "
            f"{format_seconds(arrivals.duration_s)}{runs}, the same for all plans"
        ),
        _plans(comparison),
        _models(comparison),
    )


def _plans(comparison: Comparison) -> Table:
    names = [plan.name for plan in comparison.plans]
    made = Table("Plans", "", *names, right=names)
    for title, text in _ROWS:
        made.add_row(title, *(text(plan) for plan in comparison.plans))
    kinds = sorted({kind for plan in comparison.plans for kind in plan.groups})
    devices = {device for device, _, _ in kinds}
    for kind in kinds:
        device, intra_op, inter_op = kind
        where = f" {device}" if len(devices) > 1 else ""
        counts = (str(plan.groups.get(kind, 0)) for plan in comparison.plans)
        made.add_row(f"  (intra_op {intra_op}, inter_op {inter_op}){where}", *counts)
    return made


def _models(comparison: Comparison) -> RenderableType:
    models = comparison.most_different_models()
    if not models:
        return Paragraph("every model attains the same number of requests under all plans")
    names = [plan.name for plan in comparison.plans]
    title = "Models, most different first"
    made = Table(title, "model", "requests", *names, right=["requests", *names])
    attainment = comparison.model_attainment()
    for model in models[:MAX_MODELS]:
        made.add_row(
            comparison.model_names[model],
            f"{int(comparison.plans[0].requests[model]):,}",
            *(percent(float(fraction)) for fraction in attainment[model]),
        )
    made.hide_rows(len(models) - MAX_MODELS, "models")
    return made


def _points(difference: PairedDifference | None) -> str:
    return "-" if difference is None else f"{100 * difference.slo_attainment:+.2f} points"


def _interval(difference: PairedDifference | None) -> str:
    if difference is None or difference.interval_95 is None:
        return "-"
    low, high = difference.interval_95
    return f"{100 * low:+.2f} to {100 * high:+.2f}"
