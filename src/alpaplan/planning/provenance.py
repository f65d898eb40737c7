"""Where a plan came from: enough to make it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from alpaplan import __version__
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.search.planner import PlanResult
from alpaplan.specs.plan import InputRecord, Provenance


def provenance_of(
    inputs: Inputs, settings: PlanSettings, result: PlanResult, folder: Path
) -> Provenance:
    """Return the provenance of a plan that lies in a folder.

    Parameters
    ----------
    inputs, settings, result
        What was planned, how, and what came out.
    folder
        Where the plan goes: its inputs are named relative to that.
    """
    trace = inputs.files.trace
    return Provenance(
        alpaplan=__version__,
        method=settings.method,
        seed=settings.seed,
        effort=settings.effort.value,
        max_evaluations=settings.max_evaluations,
        stopped_early=result.stop_reason.value if result.stop_reason else None,
        trace=None if trace is None else _path_from(folder, trace),
        inputs=tuple(_records(inputs, folder)),
    )


def _records(inputs: Inputs, folder: Path) -> Iterator[InputRecord]:
    """Yield every file with its hash; shipped profiles by name, as they lie beside no plan."""
    files = inputs.files
    if files.cluster is not None:
        yield _record("cluster", files.cluster.sha256, path=_path_from(folder, files.cluster.path))
    if files.workload is not None:
        path = _path_from(folder, files.workload.path)
        yield _record("workload", files.workload.sha256, path=path)
    for name, profile in sorted(files.profiles.items()):
        if files.profiles_are_shipped:
            yield _record("profile", profile.sha256, name=name)
        else:
            yield _record("profile", profile.sha256, path=_path_from(folder, profile.path))
    for trace, sha256 in sorted(files.traces.items()):
        yield _record("trace", sha256, path=_path_from(folder, trace))


def _record(role: str, sha256: str, **place: str) -> InputRecord:
    return InputRecord.model_validate({"role": role, "sha256": sha256, **place})


def _path_from(folder: Path, path: Path) -> str:
    """Return how a file is named in a plan that lies in a folder.

    A pipe is named as it was given: it has no place that others could find it at.
    """
    if not path.is_file():
        return path.as_posix()
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
