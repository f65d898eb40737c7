"""The files of a schedule's export: a folder for each placement, and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alpaplan.analysis.plan_diff import PlanDiff
from alpaplan.analysis.rollout import RolloutSettings
from alpaplan.export.diff.diff import diff_plans
from alpaplan.export.diff.loading import changes_of
from alpaplan.export.exported import json_bytes, listed_files
from alpaplan.export.fidelity import Fidelity
from alpaplan.export.files import export_files
from alpaplan.export.request import Made
from alpaplan.files.export_json import EXPORT_NAME
from alpaplan.planning.schedules.arrivals import arrivals_between


def steps_of_schedule(made: Made) -> tuple[PlanDiff, ...]:
    """Return the steps from each placement to the next one.

    A model goes without a replica only if there is no other order: the schedule has asked for it.

    Raises
    ------
    NoOrderError
        If there is no order of steps at all.
    """
    diffed = changes_of(made.document, made.inputs)
    settings = RolloutSettings(allow_outage=made.inputs.problem.model_names)
    return tuple(
        diff_plans(
            pair.old,
            pair.new,
            made.inputs,
            arrivals_between(made.inputs, pair.start_s, pair.end_s),
            settings,
        )
        for pair in diffed.pairs
    )


def schedule_files(made: Made, changes: Sequence[PlanDiff]) -> dict[str, bytes]:
    """Return path -> content of all files, in the order in which they are to be written.

    The document that lists the others is the last.

    Parameters
    ----------
    made
        The exports of all placements.
    changes
        The steps from each to the next one.
    """
    files: dict[str, bytes] = {}
    placements: list[dict[str, Any]] = []
    for number, (start_s, export) in enumerate(made.exports):
        place = f"{number + 1:0{len(str(len(made.exports)))}}"
        folder = f"{place}-from-{start_s:.15g}s"
        files |= {f"{folder}/{path}": data for path, data in export_files(export).items()}
        steps = f"{place}-steps.json" if number else None
        if steps is not None:
            files[steps] = json_bytes(changes[number - 1].to_json_dict())
        placements.append({"start_s": start_s, "folder": folder, "steps": steps})
    return files | {EXPORT_NAME: _document(made, placements, files)}


def fidelity_of(made: Made) -> tuple[Fidelity, ...]:
    """Return what differs from any of the placements, each thing once."""
    return tuple(dict.fromkeys(entry for _, export in made.exports for entry in export.fidelity))


def _document(
    made: Made, placements: Sequence[Mapping[str, Any]], files: Mapping[str, bytes]
) -> bytes:
    """Return the document of the whole: later exports ask it for files and ports."""
    first = made.exports[0][1]
    ports = {engine.name: engine.port for _, export in made.exports for engine in export.engines}
    data = {
        "kind": "schedule-export",
        "version": 1,
        "target": first.target,
        "schedule": {"sha256": first.plan_sha256, "alpaplan": first.plan_version},
        "options": first.options.to_json_dict(),
        "files": listed_files(files),
        "placements": list(placements),
        "engines": [{"name": name, "port": port} for name, port in ports.items()],
    }
    return json_bytes(data)
