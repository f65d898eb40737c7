"""What a plan promises, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.planning.device_use import DeviceUse
from alpaplan.report.prose import Paragraph
from alpaplan.report.text import device_ranges, missed, number, percent
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.prediction import HELD_ATTAINMENT, LatencySummary, Prediction
from alpaplan.units import format_count, format_seconds


def prediction_lines(plan: PlanSpec, use: DeviceUse) -> Iterator[Paragraph]:
    """Yield what to expect of a plan and what it uses, the most important first.

    Parameters
    ----------
    plan
        The plan.
    use
        The devices that it uses.
    """
    prediction = plan.prediction
    if prediction is not None:
        yield _attainment(prediction)
    yield Paragraph(_use(plan, use))
    if prediction is not None:
        yield from map(Paragraph, _robustness(prediction))
        yield from map(Paragraph, _speed(prediction))
        yield from map(Paragraph, _caches(prediction))
        yield from map(Paragraph, _certainty(prediction))


def _attainment(prediction: Prediction) -> Paragraph:
    text = ""
    if prediction.confidence_interval_95 is not None:
        low, high = map(percent, prediction.confidence_interval_95)
        text = f" (95% confidence {low} to {high})"
    if prediction.arrivals is not None:
        requests = prediction.arrivals.requests
        text += f": {missed(prediction.slo_attainment, requests):,} of {requests:,} unseen requests"
        text += " missed"
    attained = percent(prediction.slo_attainment)
    return Paragraph(("SLO attainment ", "bold"), (attained, "bold green"), text)


def _use(plan: PlanSpec, use: DeviceUse) -> str:
    """Describe what is used: devices, groups and replicas."""
    of_all = "" if use.num_devices is None else f" of {use.num_devices:,}"
    busy = "" if use.busy is None else f", {percent(use.busy, 0)} busy"
    num_replicas = sum(len(group.replicas) for group in plan.groups)
    models = {replica.model for group in plan.groups for replica in group.replicas}
    text = (
        f"{use.num_used:,}{of_all} GPUs{busy}; "
        f"{format_count(sum(bool(group.replicas) for group in plan.groups), 'group')} with "
        f"{format_count(num_replicas, 'replica')} of {format_count(len(models), 'model')}"
    )
    if plan.unused_devices:
        text += f"; left over: {device_ranges(plan.unused_devices)}"
    return text


def _robustness(prediction: Prediction) -> Iterator[str]:
    """Yield how much more traffic the plan stands, and what the loss of a node leaves."""
    parts = []
    if prediction.headroom_rate_scale is not None:
        scale = number(prediction.headroom_rate_scale)
        parts.append(f"{HELD_ATTAINMENT:.0%} holds up to {scale} times this traffic")
    if prediction.node_loss:
        worst = prediction.node_loss[0]
        parts.append(f"without {worst.node}: {percent(worst.slo_attainment)}")
    if parts:
        yield "; ".join(parts)


def _caches(prediction: Prediction) -> Iterator[str]:
    """Yield how full the fullest KV cache gets, and how often requests lose their place."""
    engines = [
        (engine.kv_peak_tokens / engine.kv_tokens, engine.model, group.name)
        for group in prediction.groups
        for engine in group.replicas
        if engine.kv_tokens
    ]
    if engines:
        share, model, group = max(engines)
        count = sum(engine.preemptions for each in prediction.groups for engine in each.replicas)
        yield (
            f"KV caches at most {percent(share, 0)} full ({model} on {group}), "
            f"{format_count(count, 'preemption')}"
        )


def _speed(prediction: Prediction) -> Iterator[str]:
    parts = []
    if prediction.goodput_rps is not None:
        parts.append(f"goodput {number(prediction.goodput_rps, 4)} requests/s")
    if prediction.latency_s is not None:
        latency = prediction.latency_s
        parts.append(
            f"latency mean {format_seconds(latency.mean)}, p50 {format_seconds(latency.p50)}, "
            f"p90 {format_seconds(latency.p90)}, p99 {format_seconds(latency.p99)}"
        )
    if parts:
        yield ", ".join(parts)
    parts = []
    if prediction.output_tokens_per_s is not None:
        parts.append(f"{prediction.output_tokens_per_s:,.0f} output tokens/s")
    for name, found in (("TTFT", prediction.ttft_s), ("TPOT", prediction.tpot_s)):
        if found is not None:
            parts.append(_two_percentiles(name, found))
    if parts:
        yield "LLMs: " + ", ".join(parts)


def _two_percentiles(name: str, found: LatencySummary) -> str:
    return f"{name} p50 {format_seconds(found.p50)}, p99 {format_seconds(found.p99)}"


def _certainty(prediction: Prediction) -> Iterator[str]:
    """Yield how one run may turn out, and what no placement could surpass."""
    if prediction.prediction_interval_95 is not None and prediction.arrivals is not None:
        low, high = map(percent, prediction.prediction_interval_95)
        run = format_seconds(prediction.arrivals.run_s)
        trained = ""
        if prediction.training_slo_attainment is not None:
            trained = f"; in training it was {percent(prediction.training_slo_attainment)}"
        yield f"one run of {run} is expected between {low} and {high}{trained}"
    bound = prediction.upper_bound
    if bound is not None and bound.limit is not None:
        yield (
            f"at most {percent(bound.slo_attainment)} of the first run is possible "
            f"({bound.limit.value} is the limit); this plan attains {percent(bound.reached)}"
        )
