"""The figures at the top of the page: what a plan promises, each with what it means below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alpaplan.planning.overview import PlanOverview
from alpaplan.report.text import attained, missed, number, percent
from alpaplan.specs.prediction import HELD_ATTAINMENT, Prediction
from alpaplan.units import format_count, format_seconds


@dataclass(frozen=True)
class Tile:
    """A figure, what it is, and more about it."""

    name: str
    figure: str
    note: str = ""


def tiles_of(overview: PlanOverview) -> tuple[Tile, ...]:
    """Return the figures of a plan, the most important first."""
    prediction = overview.plan.prediction
    tiles = [_devices(overview)]
    if prediction is not None:
        tiles = [_attainment(prediction), *tiles, *_robustness(prediction), *_speed(prediction)]
    return tuple(tiles)


def _attainment(prediction: Prediction) -> Tile:
    arrivals = prediction.arrivals
    requests = None if arrivals is None else arrivals.requests
    note = ""
    if prediction.confidence_interval_95 is not None:
        low, high = map(percent, prediction.confidence_interval_95)
        note = f"95% confidence {low} to {high}"
    if requests is not None:
        num_missed = missed(prediction.slo_attainment, requests)
        note += f"{'; ' if note else ''}{num_missed:,} of {requests:,} requests missed"
    return Tile("SLO attainment", attained(prediction.slo_attainment, requests), note)


def _devices(overview: PlanOverview) -> Tile:
    use = overview.use
    figure = f"{use.num_used:,}"
    if use.num_devices is not None:
        figure += f" of {use.num_devices:,}"
    num_groups = sum(bool(group.replicas) for group in overview.plan.groups)
    num_replicas = sum(len(group.replicas) for group in overview.plan.groups)
    note = f"{format_count(num_groups, 'group')}, {format_count(num_replicas, 'replica')}"
    if use.busy is not None:
        note = f"{percent(use.busy, 0)} busy; {note}"
    return Tile("GPUs used", figure, note)


def _robustness(prediction: Prediction) -> Iterator[Tile]:
    if prediction.headroom_rate_scale is not None:
        scale = number(prediction.headroom_rate_scale)
        yield Tile(
            "Headroom",
            f"{scale}x",
            f"the traffic until less than {HELD_ATTAINMENT:.0%} is attained",
        )
    if prediction.node_loss:
        worst = prediction.node_loss[0]
        yield Tile(
            "Worst node loss", percent(worst.slo_attainment, 1), f"attained without {worst.node}"
        )


def _speed(prediction: Prediction) -> Iterator[Tile]:
    if prediction.goodput_rps is not None:
        yield Tile(
            "Goodput", f"{number(prediction.goodput_rps)}/s", "requests per second within their SLO"
        )
    if prediction.output_tokens_per_s is not None:
        yield Tile("Output tokens", f"{prediction.output_tokens_per_s:,.0f}/s", "of all LLMs")
    names = (
        ("Latency p99", prediction.latency_s, "of requests within their SLO"),
        ("TTFT p99", prediction.ttft_s, "to the first token"),
        ("TPOT p99", prediction.tpot_s, "for each token after it"),
    )
    for name, found, what in names:
        if found is not None:
            yield Tile(name, format_seconds(found.p99), f"{what}; p50 {format_seconds(found.p50)}")
