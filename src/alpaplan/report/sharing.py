"""The tables that `alpaplan analyze` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.analysis.pipelines import ProfiledPipeline
from alpaplan.analysis.pool import QUANTILE, Pool
from alpaplan.analysis.sharing import DedicatedModel, SharingAnalysis
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import name_ranges, number, percent
from alpaplan.units import format_seconds

MAX_ROWS = 40
"""Longest table of models shown; JSON has all of them."""


def analysis_tables(analysis: SharingAnalysis) -> RenderableType:
    """Return the load, what each model would need alone, and which pipelines pay."""
    return Group(
        *_headline(analysis),
        _models(analysis),
        *_notes(analysis),
        *_pipelines(analysis),
    )


def _headline(analysis: SharingAnalysis) -> Iterator[Paragraph]:
    pool = analysis.pool
    yield Paragraph(
        ("offered load ", "bold"),
        (f"{pool.load_erlangs:.3g} erlangs", "bold green"),
        f" on {pool.num_devices:,} devices: {percent(pool.utilization, 1)} utilized",
    )
    yield from _devices(analysis)
    yield Paragraph(_waits(pool))
    if pool.tightest is not None and not math.isnan(pool.breaks_quantile):
        yield Paragraph(
            f"the tightest objective, {pool.tightest}, is missed from "
            f"{percent(pool.breaks_quantile, 0)} utilization on"
        )


def _devices(analysis: SharingAnalysis) -> Iterator[Paragraph]:
    total = analysis.devices_apart
    if total is None:
        return
    noun = "device" if total == 1 else "devices"
    text = (
        f"by formulas of queues, {QUANTILE:.0%} of each model's requests are in time with "
        f"{total:,.0f} {noun} if each model has its own"
    )
    if not math.isnan(analysis.pool.devices_quantile):
        text += (
            f", {_count(analysis.pool.devices_quantile)} if all models wait in one line for them"
        )
    if analysis.num_left_out:
        text += f" ({analysis.num_left_out:,} left out: too slow, or beyond the formulas)"
    yield Paragraph(text)
    yield Paragraph(
        "these are bounds of queues without what model parallelism and rejected requests gain: a "
        "plan often does with fewer, and `alpaplan size --axis nodes` finds with how few"
    )


def _waits(pool: Pool) -> str:
    if pool.utilization >= 1:
        return (
            "with all devices shared, requests wait ever longer, because more work arrives than "
            "is done"
        )
    poisson_s, alike_s = format_seconds(pool.wait_m_g_1_s), format_seconds(pool.wait_m_d_1_s)
    if not math.isfinite(pool.wait_mean_s):
        return (
            f"with all devices shared, requests wait {poisson_s} on average if arrivals are "
            f"Poisson (M/G/1; {alike_s} if requests are also alike, M/D/1); the formulas do not "
            "cover arrivals as they are"
        )
    return (
        f"with all devices shared, requests wait {format_seconds(pool.wait_mean_s)} on average "
        f"(Allen-Cunneen; {poisson_s} if arrivals are Poisson, M/G/1; {alike_s} if requests are "
        f"also alike, M/D/1), {QUANTILE:.0%} of them less than "
        f"{format_seconds(pool.wait_quantile_s)}"
    )


def _models(analysis: SharingAnalysis) -> Table:
    headers = (
        "slo",
        "alone",
        "rate",
        "CV",
        "dispersion",
        "load",
        "M/D/1",
        "mean",
        "p99",
        "devices",
    )
    optional = ("CV", "M/D/1", "alone", "dispersion")
    title = f"Each model on devices of its own ({len(analysis.models)})"
    made = Table(title, "model", *headers, right=headers, optional=optional)
    rows: dict[tuple[str, ...], list[str]] = {}
    for model in sorted(analysis.models, key=lambda model: -model.load_erlangs):
        rows.setdefault(_cells(model), []).append(model.name)
    for cells, names in list(rows.items())[:MAX_ROWS]:
        made.add_row(name_ranges(names), *cells)
    made.hide_rows(sum(len(names) for names in list(rows.values())[MAX_ROWS:]))
    return made


def _cells(model: DedicatedModel) -> tuple[str, ...]:
    return (
        format_seconds(model.slo_s),
        format_seconds(model.latency_s),
        number(model.arrivals.rate_rps),
        number(model.arrivals.cv),
        number(model.arrivals.dispersion),
        f"{model.load_erlangs:.2f}",
        percent(model.breaks_poisson, 0),
        percent(model.breaks_mean, 0),
        percent(model.breaks_quantile, 0),
        _count(model.devices_quantile),
    )


def _notes(analysis: SharingAnalysis) -> Iterator[Paragraph]:
    yield Paragraph(
        "alone: latency without waiting on the smallest configuration that fits. Utilization from "
        "which on the objective is missed: by the mean latency if arrivals are Poisson (M/D/1) or "
        f"as they are (mean), and by the latency of {QUANTILE:.0%} of the requests (p99). devices: "
        "needed for p99"
    )
    for what, names in (
        ("too slow for their objective even without waiting", analysis.too_slow),
        (
            "counted as in their busiest window",
            analysis.counted_by("busiest window"),
        ),
        ("measured in their recorded arrivals", analysis.counted_by("recorded")),
        (
            "gaps without a variance, which the formulas do not cover",
            analysis.beyond_formulas,
        ),
    ):
        if names:
            yield Paragraph(f"{what}: {name_ranges(names)}")


def _pipelines(analysis: SharingAnalysis) -> Iterator[RenderableType]:
    pool = analysis.pool
    if not analysis.pipelines:
        yield Paragraph("no profile has both a configuration of one stage that fits and a pipeline")
        return
    here = f"at {percent(pool.utilization, 0)}"
    headers = ("stages", "alpha", "beta", "pays if Poisson", "pays as here", here)
    title = "Pipelines instead of a group for each model (AlpaServe, section 3.4)"
    made = Table(title, "profile", "on", *headers, right=headers, optional=headers[3:4])
    rows: dict[tuple[str, ...], list[str]] = {}
    for each in analysis.pipelines:
        rows.setdefault(_pipeline_cells(each), []).append(each.profile)
    for cells, names in rows.items():
        made.add_row(name_ranges(names), *cells)
    yield made
    yield from _tolerances(analysis)


def _pipeline_cells(pipeline: ProfiledPipeline) -> tuple[str, ...]:
    width = "" if pipeline.intra_op == 1 else f" x {pipeline.intra_op}"
    return (
        f"{pipeline.device}{width}",
        str(pipeline.num_stages),
        f"{pipeline.alpha:.3f}",
        f"{pipeline.beta:.3f}",
        _range(pipeline.pays_poisson),
        "-" if pipeline.pays_here is None else _range(pipeline.pays),
        {True: "pays", False: "does not", None: "-"}[pipeline.pays_here],
    )


def _tolerances(analysis: SharingAnalysis) -> Iterator[RenderableType]:
    if not analysis.tolerances:
        yield Paragraph("the devices are overloaded: no placement serves all of this in time")
        return
    yield Paragraph(
        "alpha: latency relative to one stage. beta: slowest stage times number of stages, "
        "relative to one stage. pays: range of utilizations in which the pipeline pays"
    )
    headers = ("stages", "alpha = beta if Poisson", "as here", "beta with alpha = 1")
    title = f"Largest overheads that pooling repays at {percent(analysis.pool.utilization, 0)}"
    made = Table(title, *headers, right=headers)
    for each in analysis.tolerances:
        made.add_row(
            str(each.num_stages),
            f"{each.alpha_poisson:.3f}",
            "-" if math.isnan(each.alpha) else f"{each.alpha:.3f}",
            f"{each.beta:.3f}",
        )
    yield made


def _range(ends: tuple[float, float] | None) -> str:
    if ends is None:
        return "never"
    return f"{100 * ends[0]:.1f} to {percent(ends[1], 1)}"


def _count(devices: float) -> str:
    return "-" if math.isnan(devices) else f"{devices:,.0f}"
