"""The tables of a plan's groups and models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alpaplan.report.tables import Table
from alpaplan.report.text import attained, device_ranges, name_ranges, percent, some_ranges
from alpaplan.specs.plan import GroupSpec, PlannedModel, PlanSpec
from alpaplan.specs.prediction import LatencySummary
from alpaplan.units import format_seconds

MAX_ROWS = 40
"""Longest table shown (rows); the plan document has all."""


def groups_table(
    plan: PlanSpec,
    memory_fill: Sequence[float | None] = (),
    most: int = MAX_ROWS,
    most_ranges: int | None = None,
) -> Table:
    """Return a row for each group, in plan order or, if there are too many, the busiest first.

    Parameters
    ----------
    plan
        The plan.
    memory_fill
        Used part of the memory of each group, as far as it is known.
    most, most_ranges
        Most rows, and most ranges of names in one; None for all.
    """
    predicted = plan.prediction.groups if plan.prediction is not None else ()
    busy = {group.name: group.utilization for group in predicted}
    fill = dict(zip((group.name for group in plan.groups), memory_fill, strict=False))
    types = {group.device for group in plan.groups}
    columns = ["group", "devices", "type", "intra_op", "inter_op", "memory", "busy", "replicas"]
    left_out = {"type": len(types) < 2, "memory": not any(fill.values()), "busy": not busy}
    columns = [column for column in columns if not left_out.get(column)]
    right = [column for column in columns if column not in ("group", "devices", "type", "replicas")]
    groups = list(plan.groups)
    most = _shown_of(len(groups), most)
    title = f"Groups ({len(groups)})" + (f" on {types.pop()}" if len(types) == 1 else "")
    if len(groups) > most and busy:
        groups.sort(key=lambda group: -busy.get(group.name, 0.0))
        title += ", busiest first"
    made = Table(title, *columns, right=right)
    for group in groups[:most]:
        cells = {
            "group": group.name,
            "devices": device_ranges(group.devices),
            "type": group.device,
            "intra_op": str(group.intra_op),
            "inter_op": str(group.inter_op),
            "memory": percent(fill.get(group.name), 0),
            "busy": percent(busy.get(group.name), 0),
            "replicas": _describe_replicas(group, most_ranges),
        }
        made.add_row(*(cells[column] for column in columns))
    rest = groups[most:]
    if rest and busy:
        highest = percent(max(busy.get(group.name, 0.0) for group in rest), 0)
        made.hide_rows(len(rest), f"groups, at most {highest} busy")
    else:
        made.hide_rows(len(rest), "groups")
    return made


def _shown_of(count: int, most: int) -> int:
    """Return how many rows are shown: a note on a single other one would be as long as the row."""
    return count if count == most + 1 else most


def _describe_replicas(group: GroupSpec, most_ranges: int | None) -> str:
    """Name the models, and behind them the limits of those that batch less than they could."""
    caps: dict[int, list[str]] = {}
    for replica in group.replicas:
        if replica.max_batch_size is not None:
            caps.setdefault(replica.max_batch_size, []).append(replica.model)
    limits = [f"{name_ranges(models)} up to {cap}" for cap, models in sorted(caps.items())]
    models = [replica.model for replica in group.replicas]
    names = some_ranges(models, len(models) if most_ranges is None else most_ranges)
    return f"{names} (batches: {', '.join(limits)})" if limits else names


def models_table(models: Sequence[PlannedModel], most: int = MAX_ROWS) -> Table:
    """Return a row for each model, the worst first; of LLMs with the times to their tokens.

    Parameters
    ----------
    models
        The models as planned.
    most
        Most rows.
    """
    has_llms = any(model.ttft_s is not None for model in models)
    percentiles = ("p99",) if has_llms else ("p50", "p90", "p99")
    times = [*percentiles, *(["TTFT p99", "TPOT p99"] if has_llms else [])]
    made = Table(
        f"Models ({len(models)}), worst first",
        *("model", "profile", "slo", "groups", "attainment", *times),
        right=("slo", "attainment", *times),
        optional=("profile",) if has_llms else ("p90", "p50", "profile"),
    )
    ranked = worst_first(models)
    most = _shown_of(len(ranked), most)
    for model in ranked[:most]:
        cells = _times(model.latency_s, *percentiles)
        if has_llms:
            cells += _times(model.ttft_s, "p99") + _times(model.tpot_s, "p99")
        made.add_row(
            model.name,
            model.profile,
            describe_objectives(model),
            name_ranges(model.groups) or "none",
            attained(model.slo_attainment, model.requests),
            *cells,
        )
    rest = ranked[most:]
    if rest and rest[0].slo_attainment is not None:
        at_least = attained(rest[0].slo_attainment, rest[0].requests)
        made.hide_rows(len(rest), f"models, at {at_least} or better")
    else:
        made.hide_rows(len(rest), "models")
    return made


def _times(found: LatencySummary | None, *percentiles: str) -> list[str]:
    if found is None:
        return ["-"] * len(percentiles)
    return [format_seconds(getattr(found, percentile)) for percentile in percentiles]


def describe_objectives(model: PlannedModel) -> str:
    """Name the objectives: a latency, or those on tokens with what they are of behind them."""
    parts = []
    if model.slo is not None and model.slo.ttft_s is not None:
        parts.append(f"{format_seconds(model.slo.ttft_s)} TTFT")
    if model.slo is not None and model.slo.tpot_s is not None:
        parts.append(f"{format_seconds(model.slo.tpot_s)} TPOT")
    if model.slo_s is not None:
        parts.append(format_seconds(model.slo_s))
    return ", ".join(parts)


def tokens_table(models: Sequence[PlannedModel], most: int = MAX_ROWS) -> Iterator[Table]:
    """Yield when the tokens of LLMs come, in the order of the models' table, if there are any.

    Parameters
    ----------
    models
        The models as planned.
    most
        Most rows.
    """
    llms = [model for model in worst_first(models) if model.ttft_s is not None]
    if not llms:
        return
    percentiles = ("TTFT p50", "TTFT p90", "TTFT p99", "TPOT p50", "TPOT p90", "TPOT p99")
    optional = ("TTFT p90", "TPOT p90")
    columns = ("model", *percentiles)
    made = Table("Tokens of served requests", *columns, right=percentiles, optional=optional)
    for model in llms[:most]:
        ttft = _times(model.ttft_s, "p50", "p90", "p99")
        made.add_row(model.name, *ttft, *_times(model.tpot_s, "p50", "p90", "p99"))
    made.hide_rows(len(llms) - most, "models")
    yield made


def worst_first(models: Sequence[PlannedModel]) -> list[PlannedModel]:
    """Return models by attainment, those that nobody asked for last."""
    return sorted(models, key=lambda m: 2.0 if m.slo_attainment is None else m.slo_attainment)
