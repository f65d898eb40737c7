"""What `alpaplan verify` prints: measured beside simulated."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.analysis.verification import ModelVerification, Verification
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.simulator import LatencyStatistics
from alpaplan.units import format_count, format_seconds
from alpaplan.workload.trace import Trace

_WHAT_STUBS_SHOW = (
    "Stubs answered in place of engines, in the time that the profiles say: what this verifies is "
    "the export, the router and the HTTP path, not how long engines take."
)


def verification_tables(found: Verification) -> RenderableType:
    """Return a verdict, a row for each model and each group, and what went wrong."""
    tables = _of_stubs(found) if found.mode == "stubs" else _of_deployment(found)
    return Group(*_headline(found), *tables, *_groups(found))


def load_line(url: str, arrivals: Trace, input_tokens: int, output_tokens: int) -> str:
    """Return what is going to be sent.

    Parameters
    ----------
    url
        Where to.
    arrivals
        The requests.
    input_tokens, output_tokens
        Of all of them.
    """
    requests = format_count(arrivals.num_requests, "request")
    over_s = float(arrivals.arrival_s[-1] - arrivals.arrival_s[0])
    return (
        f"sending {requests} of {input_tokens:,} input and {output_tokens:,} output tokens over "
        f"{format_seconds(over_s)} to {url}, and one of each model before"
    )


def late_line(late_s: float, objective_s: float) -> str:
    """Return that requests were sent too late for what was measured to mean much."""
    return (
        f"1% of the requests were sent {format_seconds(late_s)} late or more, and the shortest "
        f"objective is {format_seconds(objective_s)}: this machine is too busy for a verdict"
    )


def interrupted_line(num_open: int) -> str:
    """Return what is missing of a verification that Ctrl-C ended."""
    left = f"; {num_open:,} that were still open are left out" if num_open else ""
    return f"interrupted: these are the requests that were sent by then{left}"


def _headline(found: Verification) -> Iterator[RenderableType]:
    yield Paragraph(
        ("SLO attainment ", "bold"),
        (percent(found.slo_attainment), "bold green" if found.agrees else "bold red"),
        f" measured, {percent(found.simulated_attainment)} simulated: {found.attained:,} and "
        f"{found.simulated:,} of {found.requests:,} requests, a difference of "
        f"{found.difference_points:+.2f} points{_limits(found)}",
    )
    latency = found.latency
    yield Paragraph(
        f"latency mean {format_seconds(latency.mean_s)}, p50 {format_seconds(latency.p50_s)}, p90 "
        f"{format_seconds(latency.p90_s)}, p99 {format_seconds(latency.p99_s)}; requests were sent "
        f"{format_seconds(found.generator_late_percentile_s(99))} late at p99"
    )
    yield Paragraph("; ".join(_counts(found)))
    if found.mode == "stubs":
        yield Paragraph(_WHAT_STUBS_SHOW)


def _limits(found: Verification) -> str:
    limits = []
    if found.tolerance_points is not None:
        limits.append(f"at most {found.tolerance_points:g} are allowed")
    if found.required is not None:
        limits.append(f"at least {percent(found.required)} are required")
    return f" ({', '.join(limits)})" if limits else ""


def _counts(found: Verification) -> Iterator[str]:
    """Yield how requests were answered."""
    yield f"{found.answered:,} answered" + "".join(
        f", {number:,} with status {status}" for status, number in found.statuses.items()
    )
    if found.late:
        yield f"{found.late:,} late"
    if found.wrong_group:
        yield f"{found.wrong_group:,} by a group that does not hold the model"
    others = {kind: number for kind, number in found.errors.items() if kind not in found.statuses}
    if others:
        yield "misses: " + ", ".join(f"{number:,} {kind}" for kind, number in others.items())


def _of_stubs(found: Verification) -> Iterator[Table]:
    columns = ("model", "requests", "simulated", "measured")
    made = Table("Models", *columns, right=columns[1:])
    for model in found.models:
        shares = (_share(model.simulated, model), _share(model.attained, model))
        made.add_row(model.name, f"{model.requests:,}", *shares)
    yield made


def _of_deployment(found: Verification) -> Iterator[Table]:
    columns = ("model", "requests", "predicted", "measured", "95% interval")
    made = Table("Models", *columns, right=columns[1:])
    for model in found.models:
        interval = model.interval_95
        made.add_row(
            model.name,
            f"{model.requests:,}",
            _share(model.simulated, model),
            _share(model.attained, model),
            "-" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}",
        )
    yield made
    yield _times(
        "Latency of attained requests, measured / predicted",
        [(model.name, model.latency, model.simulated_latency) for model in found.models],
    )
    for what in ("TTFT", "TPOT"):
        rows = [
            (model.name, getattr(model.tokens, what.lower()), getattr(predicted, what.lower()))
            for model in found.models
            if model.tokens is not None and (predicted := model.simulated_tokens) is not None
        ]
        if rows:
            yield _times(f"{what}, measured / predicted", rows)


def _times(title: str, rows: list[tuple[str, LatencyStatistics, LatencyStatistics]]) -> Table:
    made = Table(title, "model", "p50", "p90", "p99", right=("p50", "p90", "p99"))
    for name, measured, predicted in rows:
        pairs = (
            (measured.p50_s, predicted.p50_s),
            (measured.p90_s, predicted.p90_s),
            (measured.p99_s, predicted.p99_s),
        )
        made.add_row(
            name, *(f"{format_seconds(one)} / {format_seconds(other)}" for one, other in pairs)
        )
    return made


def _groups(found: Verification) -> Iterator[Table]:
    if not found.groups:
        return
    columns = ("group", "simulated", "measured")
    made = Table("Requests of groups", *columns, right=columns[1:])
    for group in found.groups:
        made.add_row(group.name, f"{group.simulated:,}", f"{group.requests:,}")
    yield made


def _share(count: int, model: ModelVerification) -> str:
    return percent(count / model.requests) if model.requests else "-"
