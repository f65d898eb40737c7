"""A plan that exists, with the inputs that it was made from as far as they can be found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alpaplan.cli.output import print_message
from alpaplan.errors import AlpaplanError, InputError

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.overview import PlanOverview
    from alpaplan.planning.paths import InputPaths
    from alpaplan.specs.plan import PlanSpec


def load_overview(
    plan: Path, cluster: Path | None, workload: Path | None, profiles: Path | None
) -> PlanOverview:
    """Load a plan and its inputs.

    What is wrong with inputs that were given is an error. Those that only the plan names may be
    gone or may have changed: then a message says why the plan is shown without them.

    Raises
    ------
    InputError
        With everything wrong with the plan, or with inputs that were given.
    """
    from alpaplan.files.document import load_document
    from alpaplan.planning.overview import PlanOverview
    from alpaplan.planning.paths import InputPaths
    from alpaplan.specs.plan import PlanSpec

    document = load_document(plan, PlanSpec)
    given = InputPaths(cluster, workload, profiles)
    paths = given.or_those_of(document)
    if given != InputPaths():
        return PlanOverview(document.spec, _valid_inputs(paths, document))
    if paths.cluster is None or paths.workload is None:
        return PlanOverview(document.spec)
    try:
        return PlanOverview(document.spec, _valid_inputs(paths, document))
    except AlpaplanError as error:
        reason = error.lines[0] if isinstance(error, InputError) else str(error)
        print_message(f"alpaplan: shown without its inputs: {reason}")
        return PlanOverview(document.spec)


def _valid_inputs(paths: InputPaths, document: Document[PlanSpec]) -> Inputs:
    from alpaplan.planning.inputs import load_inputs

    inputs = load_inputs(paths)
    inputs.require_valid(document)
    return inputs
