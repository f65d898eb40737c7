"""What `alpaplan show` prints: who runs where, how full that is, and what the plan promises."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType

from alpaplan.planning.overview import DeviceOverview, NodeOverview, PlanOverview
from alpaplan.report.markdown import escaped, markdown_table
from alpaplan.report.plan_tables import groups_table, models_table, tokens_table
from alpaplan.report.prediction import prediction_lines
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import name_ranges, number_ranges, percent
from alpaplan.specs.plan import PlanSpec
from alpaplan.units import format_bytes, format_count, format_seconds

OPEN_ROWS = 12
"""Longest table that Markdown does not fold away (rows; 8 to 20): a pull request is no place for
more."""


def overview_tables(overview: PlanOverview) -> RenderableType:
    """Return everything that a plan says, and what its inputs tell of it."""
    return Group(*_parts_of(overview))


def overview_markdown(overview: PlanOverview, title: str) -> str:
    """Return the same as Markdown below a heading; long tables are folded away."""
    lines = [f"### {escaped(title)}", ""]
    lines += [
        f"- {escaped(part.plain)}" for part in _parts_of(overview) if isinstance(part, Paragraph)
    ]
    lines.append("")
    for part in _parts_of(overview):
        if isinstance(part, Paragraph):
            continue
        table = list(markdown_table(part))
        if len(part.rows) > OPEN_ROWS:
            _, *rest = table
            summary = html.escape(part.title)
            table = [f"<details><summary><b>{summary}</b></summary>", *rest, "</details>", ""]
        lines += table
    return "\n".join(lines).rstrip("\n")


def _parts_of(overview: PlanOverview) -> Iterator[Paragraph | Table]:
    plan = overview.plan
    yield from prediction_lines(plan, overview.use)
    yield devices_table(overview)
    yield groups_table(plan, most=len(plan.groups))
    if overview.models:
        yield models_table(overview.models, most=len(overview.models))
        yield from tokens_table(overview.models, most=len(overview.models))
    else:
        yield replicas_table(overview)
    yield from caches_table(overview)
    yield from node_loss_table(plan)
    yield from attempts_table(plan)


def devices_table(overview: PlanOverview) -> Table:
    """Return a row for each part of a node that a group has, or that is left over."""
    has_memory = bool(overview.memory)
    has_caches = any(overview.kv_tokens(group.name) for group in overview.plan.groups)
    busy = ("busy",) if overview.utilization else ()
    caches = ("KV caches",) if has_caches else ()
    memory = ("used", *caches, "of", "full") if has_memory else ()
    made = Table(
        f"Devices of {format_count(len(overview.nodes), 'node')}",
        *("node", "type", "devices", "group", *memory, *busy),
        right=("devices", *memory, *busy),
        optional=("type", *caches),
    )
    for node in overview.nodes:
        for group, devices in _parts(node):
            row = [node.name, node.device or "-", number_ranges([d.index for d in devices])]
            row.append("left over" if group is None else group)
            if has_memory:
                row += _describe_memory(devices, has_caches=has_caches)
            if busy:
                row.append(percent(devices[0].utilization, 0))
            made.add_row(*row, style="dim" if group is None else "")
    return made


def _parts(node: NodeOverview) -> Iterator[tuple[str | None, list[DeviceOverview]]]:
    """Yield the devices of a node that lie side by side and belong to one group."""
    for group, devices in groupby(node.devices, key=lambda device: device.group):
        yield group, list(devices)


def _describe_memory(devices: list[DeviceOverview], *, has_caches: bool) -> list[str]:
    """Return what devices use, that for KV caches, what each has, and how full the fullest is."""
    held = [device.memory for device in devices if device.memory is not None]
    used = [memory.used_bytes for memory in held]
    caches = [sum(memory.kv_bytes.values()) for memory in held]
    usable = max((memory.usable_bytes for memory in held), default=1)
    shown = [_range_of_bytes(used), *([_range_of_bytes(caches)] if has_caches else [])]
    return [*shown, format_bytes(usable), percent(max(used, default=0) / usable, 0)]


def _range_of_bytes(numbers: list[int]) -> str:
    """Show the least and the most of some numbers of bytes, or the one that all are."""
    if not any(numbers):
        return "-"
    least, most = format_bytes(min(numbers)), format_bytes(max(numbers))
    return most if least == most else f"{least} to {most}"


def replicas_table(overview: PlanOverview) -> Table:
    """Return the models that a plan names, where nothing else is known of them."""
    replicas = overview.groups_of_models
    made = Table(f"Models ({len(replicas)})", "model", "replicas", "groups", right=("replicas",))
    for name, groups in replicas.items():
        made.add_row(name, str(len(groups)), name_ranges(groups))
    return made


def caches_table(overview: PlanOverview) -> Iterator[Table]:
    """Yield the KV caches of engines, if there are any, and how full they are expected to get."""
    predicted = overview.plan.prediction.groups if overview.plan.prediction is not None else ()
    rows = [
        (
            *(group.name, engine.model, f"{engine.kv_tokens:,}"),
            percent(engine.kv_peak_tokens / engine.kv_tokens, 0) if engine.kv_tokens else "-",
            f"{engine.preemptions:,}",
        )
        for group in predicted
        for engine in group.replicas
    ] or [
        (group.name, model, f"{tokens:,}", "-", "-")
        for group in overview.plan.groups
        for model, tokens in overview.kv_tokens(group.name).items()
    ]
    if not rows:
        return
    columns = ("group", "model", "KV tokens", "peak", "preemptions")
    made = Table("KV caches of engines", *columns, right=columns[2:])
    for row in rows:
        made.add_row(*row)
    yield made


def node_loss_table(plan: PlanSpec) -> Iterator[Table]:
    """Yield what the loss of each node leaves, if the plan tells."""
    if plan.prediction is None or not plan.prediction.node_loss:
        return
    made = Table("What is left without a node", "node", "attainment", right=("attainment",))
    for loss in plan.prediction.node_loss:
        made.add_row(loss.node, percent(loss.slo_attainment))
    yield made


def attempts_table(plan: PlanSpec) -> Iterator[Table]:
    """Yield the attempts that the plan tells of: the winner and the best others."""
    if plan.provenance is None or not plan.provenance.tried:
        return
    made = Table(
        "Tried, on training arrivals",
        *("method", "groups (intra_op, inter_op)", "replicas", "attainment", "latency"),
        right=("replicas", "attainment", "latency"),
    )
    for number, attempt in enumerate(plan.provenance.tried):
        latency_s = attempt.mean_latency_s
        made.add_row(
            attempt.method + (" (chosen)" if number == 0 else ""),
            attempt.partition,
            str(attempt.replicas),
            percent(attempt.slo_attainment),
            "-" if latency_s is None else format_seconds(latency_s),
        )
    yield made
