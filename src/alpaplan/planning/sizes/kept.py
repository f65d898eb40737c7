"""Plans and points that stay in a folder, so that a second run takes up what is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alpaplan import __version__
from alpaplan.errors import InputError
from alpaplan.files.document import load_document
from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.files.reading import decode_text, exists, read_bytes
from alpaplan.files.writing import (
    make_folder,
    require_writable,
    require_writable_folder,
    write_atomically,
)
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.provenance import provenance_of
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.results import AxisLimit
from alpaplan.planning.sizes.steps import AS_STATED, PlanFound, Variation
from alpaplan.specs.plan import PlanSpec, VariedInputs
from alpaplan.units import format_value

POINTS = "points.jsonl"
"""File of the points in a folder, one JSON object a line."""

MAX_POINTS_BYTES = 2**26
"""Its largest size (bytes), as of documents: some 200,000 points."""

PLANS = "plans"
"""Folder of the plans in it."""

KEY_DIGITS = 16
"""Hexadecimal digits of the key of a plan (a count): inputs, settings and version."""


@dataclass
class Kept:
    """Plans of this run and of earlier ones with the same inputs, settings and version.

    Parameters
    ----------
    inputs
        What is planned.
    folder
        Where plans and points are; None: nothing is kept once the program ends.
    """

    inputs: Inputs
    folder: Path | None
    _lines: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    _names: dict[int, tuple[PlanSpec, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.folder is not None:
            require_writable_folder(self.folder, [POINTS], self.inputs.files.paths())
            make_folder(self.folder)
            make_folder(self.folder / PLANS)
            self._lines = _read_lines(self.folder / POINTS)

    def find(self, variation: Variation, settings: PlanSettings) -> PlanFound | None:
        """Return what an earlier run found, if it is there and whole."""
        key = self._key(variation, settings)
        line = self._lines.get(key)
        if self.folder is None or line is None:
            return None
        if line.get("plan") is None:
            return PlanFound(None, line.get("reason"))
        path = self.folder / line["plan"]
        try:
            document = load_document(path, PlanSpec)
        except InputError:
            return None
        if document.sha256 != line.get("sha256"):
            return None
        self._names[id(document.spec)] = (document.spec, line["plan"])
        return PlanFound(document.spec)

    def keep(self, variation: Variation, settings: PlanSettings, found: PlanFound) -> PlanFound:
        """Say where a plan comes from, and write it with a line about its point."""
        key = self._key(variation, settings)
        line: dict[str, Any] = {
            "key": key,
            "method": settings.method,
            **variation.to_json_dict(),
            "slo_attainment": None,
            "plan": None,
        }
        if found.plan is None:
            self._write_line(line | {"reason": found.reason})
            return found
        name = f"{PLANS}/{variation.words}-{settings.method}-{key}.yaml"
        folder = Path() if self.folder is None else self.folder / PLANS
        plan = self.placed(found.plan, variation, settings, folder)
        if self.folder is None:
            return replace(found, plan=plan)
        sha256 = self._write_plan(plan, name)
        attainment = None if plan.prediction is None else plan.prediction.slo_attainment
        self._write_line(line | {"slo_attainment": attainment, "plan": name, "sha256": sha256})
        return replace(found, plan=plan)

    def placed(
        self, plan: PlanSpec, variation: Variation, settings: PlanSettings, folder: Path
    ) -> PlanSpec:
        """Return a plan that says where it comes from, as seen from a folder."""
        provenance = provenance_of(self.inputs, settings, folder)
        if variation != AS_STATED:
            varied = {} if variation.axis is None else {variation.axis: variation.factor}
            nodes = dict(variation.nodes) or None
            provenance = provenance.model_copy(
                update={"varied": VariedInputs(**varied, nodes=nodes)}
            )
        return plan.model_copy(update={"provenance": provenance})

    def path_of(self, plan: PlanSpec) -> Path | None:
        """Return where a plan was written; None if it was not."""
        name = self._names.get(id(plan), (plan, None))[1]
        return None if self.folder is None or name is None else self.folder / name

    def require_limit(self, axis: str, method: str) -> None:
        """Make sure that the plan of a limit can be written, and over none of the inputs.

        Raises
        ------
        InputError
            If it cannot be.
        """
        if self.folder is not None:
            require_writable(self.folder / _limit_name(axis, method), self.inputs.files.paths())

    def with_limit(self, limit: AxisLimit) -> AxisLimit:
        """Write the plan of a limit under a name of its own, and a line for each of its points."""
        if self.folder is None:
            return limit
        plan = limit.plan
        if plan is not None and plan.provenance is not None:
            here = provenance_of(self.inputs, PlanSettings(), self.folder)
            places = {"inputs": here.inputs, "trace": here.trace}
            provenance = plan.provenance.model_copy(update=places)
            plan = plan.model_copy(update={"provenance": provenance})
            self._write_plan(plan, _limit_name(limit.axis, limit.method))
        self.add_points(
            (limit.axis, {"method": limit.method} | point.to_json_dict(self.name_of))
            for point in limit.points
        )
        return replace(limit, plan=plan)

    def add_points(self, points: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Write a line for each point, given by its axis and what JSON has of it."""
        for axis, point in points:
            key = self._digest(axis, point["method"], repr(point["value"]))
            self._lines[key] = {"key": key, "axis": axis} | point
        self._write_lines()

    def name_of(self, plan: PlanSpec) -> Path | None:
        """Return where a plan was written, relative to the folder; None if it was not."""
        path = self.path_of(plan)
        return None if path is None or self.folder is None else path.relative_to(self.folder)

    def _key(self, variation: Variation, settings: PlanSettings) -> str:
        return self._digest(repr(replace(settings, jobs=None)), repr(variation))

    def _digest(self, *parts: str) -> str:
        whole = "\0".join([__version__, *_identity(self.inputs), *parts])
        return hashlib.sha256(whole.encode()).hexdigest()[:KEY_DIGITS]

    def _write_plan(self, plan: PlanSpec, name: str) -> str:
        """Write a plan into the folder; returns the hash of its bytes."""
        data = plan_to_yaml(plan).encode()
        if self.folder is not None:
            write_atomically(self.folder / name, data)
        self._names[id(plan)] = (plan, name)
        return hashlib.sha256(data).hexdigest()

    def _write_line(self, line: dict[str, Any]) -> None:
        self._lines[line["key"]] = line
        self._write_lines()

    def _write_lines(self) -> None:
        if self.folder is None:
            return
        # Not as they came: that depends on what ran side by side.
        ordered = sorted(self._lines.values(), key=_order)
        lines = [json.dumps(each, allow_nan=False) for each in ordered]
        write_atomically(self.folder / POINTS, "".join(f"{each}\n" for each in lines).encode())


def _order(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(line.get("axis", "")), str(line.get("method", "")), line["key"]


def _limit_name(axis: str, method: str) -> str:
    return f"{axis}-{method}.yaml"


def _identity(inputs: Inputs) -> list[str]:
    """Return what tells inputs from others: the bytes of their files, or their contents."""
    files = inputs.files
    documents = [files.cluster, files.workload, *files.profiles.values()]
    hashes = [document.sha256 for document in documents if document is not None]
    if files.cluster is None or files.workload is None:
        hashes += [repr(inputs.cluster), repr(inputs.workload.models), repr(inputs.profiles)]
    # A trace in place of the workload's arrivals is the only one there is.
    is_replaced = files.trace is not None
    return [*hashes, *files.traces.values(), f"{is_replaced} {files.as_recorded}"]


def _read_lines(path: Path) -> dict[str, dict[str, Any]]:
    """Return key -> line of a file of points, none if it is not there.

    Raises
    ------
    InputError
        If it cannot be read, or is somebody else's, which the points of this run would replace.
    """
    found: dict[str, dict[str, Any]] = {}
    if not exists(path):
        return found
    text = decode_text(path, read_bytes(path, MAX_POINTS_BYTES))
    for number, row in enumerate(text.splitlines(), start=1):
        line = _line_of(row)
        if line is None:
            what = f"must be a point of an earlier run, found {format_value(row)}"
            raise InputError([f"{path}:{number}: {what}"])
        if isinstance(line.get("plan", 0), str | None):
            found[line["key"]] = line
    return found


def _line_of(row: str) -> dict[str, Any] | None:
    """Read a line of a file of points; None if it is none."""
    try:
        line = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and isinstance(line.get("key"), str) else None
