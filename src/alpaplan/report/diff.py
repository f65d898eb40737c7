"""What `alpaplan diff` prints: what changes, and the steps to roll it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group, RenderableType

from alpaplan.analysis.plan_diff import GroupChange, GroupDiff, ModelDiff, PlanDiff
from alpaplan.analysis.rollout import Action, StepDiff, StepItem
from alpaplan.report.markdown import escaped, markdown_table
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import device_ranges, name_ranges, percent
from alpaplan.units import format_bytes, format_count, format_seconds, format_steps

MAX_ROWS = 40
"""Longest table shown of groups and models; JSON has all rows. Steps are always shown."""

NO_CHANGES = "No changes."

_OBJECTIVES = {"slo_s": "", "ttft_s": " TTFT", "tpot_s": " TPOT"}


def diff_tables(found: PlanDiff) -> RenderableType:
    """Return a summary and tables; of the same plan twice that there are no changes."""
    if found.is_same:
        return Paragraph(NO_CHANGES)
    summary = (Paragraph(line) for line in _summary(found))
    return Group(*summary, "", *_tables(found))


def diff_markdown(found: PlanDiff) -> str:
    """Return the same as Markdown."""
    if found.is_same:
        return NO_CHANGES
    lines = [part for line in _summary(found) for part in (escaped(line), "")]
    for table in _tables(found):
        lines += markdown_table(table)
    return "\n".join(lines).rstrip("\n")


def _tables(found: PlanDiff) -> Iterator[Table]:
    tables = (_groups(found.groups), _models(found.models), _steps(found.steps))
    return (table for table in tables if table.rows)


def _summary(found: PlanDiff) -> Iterator[str]:
    changes = Counter(group.change for group in found.groups)
    of_groups = ", ".join(
        f"{changes[change]} {change}" for change in GroupChange if change in changes
    )
    num_loads = sum(len(group.load) for group in found.groups)
    num_unloads = sum(len(group.unload) for group in found.groups)
    yield (
        f"Groups: {of_groups}. {format_count(num_loads, 'replica')} to load "
        f"({format_bytes(found.loaded_bytes)}), {num_unloads:,} to unload."
    )
    if found.steps:
        yield f"{format_count(len(found.steps), 'step')}, {format_seconds(found.duration_s)}. " + (
            _service(found)
        )
    if found.outage:
        yield f"Without a replica for a time: {name_ranges(found.outage)}."
    if found.below_floor:
        yield f"Below the floor after {format_steps(found.below_floor)}."


def _service(found: PlanDiff) -> str:
    """Say how well models are served on the way."""
    copies = [step.copies_min for step in found.steps if step.copies_min is not None]
    attained = [step.slo_attainment for step in found.steps if step.slo_attainment is not None]
    text = ""
    if copies:
        what = "replica" if min(copies) == 1 else "replicas"
        text = f"At least {min(copies)} {what} in use of each model that both plans serve"
        text += f", apart from {name_ranges(found.outage)}. " if found.outage else ". "
    if attained:
        text += (
            f"SLO attainment at least {percent(min(attained))}, {percent(attained[-1])} at the end."
        )
    return text.rstrip()


def _groups(groups: Iterable[GroupDiff]) -> Table:
    shown = [group for group in groups if group.change is not GroupChange.KEPT]
    columns = ("group", "was", "change", "devices", "type", "shape", "stay", "load", "unload")
    made = Table(
        f"Groups that change ({len(shown)})", *columns, right=("shape",), optional=("type",)
    )
    for group in shown[:MAX_ROWS]:
        made.add_row(
            group.name,
            group.old or name_ranges(group.overlaps) or "-",
            group.change.value,
            device_ranges(group.devices),
            group.device,
            f"{group.intra_op}x{group.inter_op}",
            *(name_ranges(names) or "-" for names in (group.stay, group.load, group.unload)),
        )
    made.hide_rows(len(shown) - MAX_ROWS, "groups")
    return made


def _models(models: Iterable[ModelDiff]) -> Table:
    shown = [model for model in models if model.has_other_objective or model.has_other_number]
    columns = ("model", "objective", "replicas", "attainment")
    made = Table(f"Models that change ({len(shown)})", *columns, right=columns[2:])
    for model in shown[:MAX_ROWS]:
        old, new = (len(names) for names in model.groups)
        before, after = (_objectives(slo) for slo in model.slo)
        made.add_row(
            model.name,
            f"{before} -> {after}" if model.has_other_objective else after,
            f"{old} -> {new}" if model.has_other_number else str(new),
            " -> ".join(percent(attained) for attained in model.slo_attainment),
        )
    made.hide_rows(len(shown) - MAX_ROWS, "models")
    return made


def _objectives(slo: Mapping[str, float] | None) -> str:
    if slo is None:
        return "none"
    return ", ".join(
        f"{format_seconds(slo[name])}{what}" for name, what in _OBJECTIVES.items() if name in slo
    )


def _steps(steps: Iterable[StepDiff]) -> Table:
    columns = ("step", "do", "replicas", "bytes", "time", "copies", "fullest", "attainment")
    made = Table(
        "Steps", *columns, right=(columns[0], *columns[3:]), optional=("copies", "fullest")
    )
    for step in steps:
        made.add_row(
            str(step.number),
            step.do.value,
            "; ".join(_replicas(step)),
            format_bytes(step.loaded_bytes) if step.do is Action.LOAD else "-",
            format_seconds(step.duration_s),
            "-" if step.copies_min is None else str(step.copies_min),
            percent(step.fullest_device, 0),
            percent(step.slo_attainment),
        )
    return made


def _replicas(step: StepDiff) -> Iterator[str]:
    """Yield what starts or begins to be used, and what stops, group by group."""
    for sign, items in (("+", step.add), ("-", step.remove)):
        for group, models in _by_group(items).items():
            yield f"{sign}{group}: {name_ranges(models)}"


def _by_group(items: Iterable[StepItem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item.group, []).append(item.model)
    return found
