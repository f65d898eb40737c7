"""`alpaplan report`: a plan as one page that needs nothing else, neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpaplan.planning.overview import PlanOverview
from alpaplan.planning.provenance import hashes_of
from alpaplan.planning.traffic_curve import CurvePoint
from alpaplan.printable import printable
from alpaplan.report.figure import FLEET_COLORS
from alpaplan.report.fleet import OTHERS, Cell, fleet_picture
from alpaplan.report.plan_tables import groups_table, models_table, tokens_table, worst_first
from alpaplan.report.show import (
    attempts_table,
    caches_table,
    devices_table,
    node_loss_table,
    replicas_table,
)
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.report.web.curve import curve_picture
from alpaplan.report.web.tiles import tiles_of
from alpaplan.specs.plan import InputRecord
from alpaplan.units import format_bytes

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = "page.html.j2"
"""In the folder `templates` of this package."""

OPEN_ROWS = 16
"""Models that a table shows before it is opened (rows; 10 to 30): the worst ones."""

HASH_LETTERS = 12
"""Letters of a hash that are shown (a count): enough to tell files apart."""


@dataclass(frozen=True)
class InputRow:
    """One input of a plan: what it is, where, its hash, and whether it is still the same."""

    role: str
    place: str
    sha256: str
    state: str


def report_page(overview: PlanOverview, name: str, curve: Sequence[CurvePoint] = ()) -> str:
    """Return the page; equal plans and inputs give equal pages.

    Parameters
    ----------
    overview
        The plan, with its inputs as far as they are known.
    name
        Name of the plan's file.
    curve
        What it attains under less and more traffic; empty if that is not known.
    """
    template = _environment().get_template(TEMPLATE)
    page: str = template.render(**_shown(overview, name, curve))
    return page


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("alpaplan.report.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    environment.filters["percent"] = percent
    return environment


def _safe(value: Any) -> Any:
    """Leave no control characters in texts; they are escaped for HTML after that."""
    return printable(value, keep_lines=True) if type(value) is str else value


def _shown(overview: PlanOverview, name: str, curve: Sequence[CurvePoint]) -> dict[str, Any]:
    """Return all that the template shows."""
    plan, inputs = overview.plan, overview.inputs
    picture = fleet_picture(overview)
    largest = max((len(node.cells) for node in picture.nodes), default=1)
    if overview.models:
        models = models_table(overview.models, most=len(overview.models))
        llms = tuple(tokens_table(overview.models, most=len(overview.models)))
    else:
        models, llms = replicas_table(overview), ()
    return {
        "name": name,
        "title": name
        if inputs is None
        else f"{inputs.workload.spec.name} on {inputs.cluster.name}",
        "tiles": tiles_of(overview),
        "picture": picture,
        "largest_node": largest,
        "node_rem": _node_rem(len(picture.nodes), largest),
        "label_units": 8.5 if len(picture.nodes) <= 2 else 10.5,
        "describe_cell": _describe_cell,
        "colors": FLEET_COLORS,
        "others": OTHERS,
        "models": models,
        "missed_parts": _missed_parts(overview),
        "open_rows": OPEN_ROWS,
        "llms": llms,
        "devices": devices_table(overview),
        "groups": groups_table(plan, most=len(plan.groups)),
        "caches": tuple(caches_table(overview)),
        "node_loss": tuple(node_loss_table(plan)),
        "attempts": tuple(attempts_table(plan)),
        "curve": curve_picture(curve) if curve else None,
        "curve_table": _curve_table(curve),
        "prediction": plan.prediction,
        "made": plan.provenance,
        "inputs": _input_rows(overview),
    }


def _node_rem(num_nodes: int, largest: int) -> float:
    """Return the least width of a node in its grid: few nodes have room to be large."""
    device_rem = 5.5 if num_nodes <= 2 else 3.5 if num_nodes <= 4 else 2.3
    return round(min(64.0, max(9.0, device_rem * largest)), 1)


def _missed_parts(overview: PlanOverview) -> list[float]:
    """Return the misses of each model in the order of the table, beside those of the worst."""
    missed = [1.0 - (model.slo_attainment or 0.0) for model in worst_first(overview.models)]
    known = [model.slo_attainment is not None for model in worst_first(overview.models)]
    if not any(known):
        return []
    worst = max(part for part, is_known in zip(missed, known, strict=True) if is_known) or 1.0
    return [part / worst if is_known else 0.0 for part, is_known in zip(missed, known, strict=True)]


def _describe_cell(node: str, cell: Cell) -> str:
    """Return what a device says when it is pointed at, and to who cannot see it."""
    device = cell.device
    parts = [f"{node}[{device.index}]"]
    if device.group is None:
        parts.append("left over")
    else:
        parts.append(f"group {device.group}, stage {device.stage}")
    if device.memory is not None:
        used, usable = device.memory.used_bytes, device.memory.usable_bytes
        parts.append(f"{format_bytes(used)} of {format_bytes(usable)}")
    if device.utilization is not None:
        parts.append(f"{percent(device.utilization, 0)} busy")
    if cell.models:
        parts.append(f"holds {', '.join(cell.models)}")
    return "; ".join(parts)


def _curve_table(curve: Sequence[CurvePoint]) -> Table:
    columns = ("traffic", "attainment", "worst model", "its attainment")
    made = Table("Attainment by traffic", *columns, right=("traffic", "attainment", columns[3]))
    for point in curve:
        made.add_row(
            f"{number(point.rate_scale)}x",
            percent(point.slo_attainment),
            point.worst_model,
            percent(point.worst_attainment),
        )
    return made


def _input_rows(overview: PlanOverview) -> list[InputRow]:
    made = overview.plan.provenance
    if made is None:
        return []
    found = None if overview.inputs is None else hashes_of(overview.inputs)
    return [_input_row(record, found) for record in made.inputs]


def _input_row(record: InputRecord, found: frozenset[str] | None) -> InputRow:
    state = "not looked at"
    if found is not None:
        state = "as planned" if record.sha256 in found else "not as planned"
    place = record.path or f"shipped: {record.name}"
    return InputRow(record.role, place, record.sha256[:HASH_LETTERS], state)
