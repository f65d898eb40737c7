"""What `alpaplan plan --check` prints: whether a plan is current, and what would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.cli.output import print_json, print_text
from alpaplan.cli.renewal import exit_if_stale, print_verdict

if TYPE_CHECKING:
    from alpaplan.analysis.plan_diff import PlanDiff
    from alpaplan.files.document import Document
    from alpaplan.planning.plan import Planned
    from alpaplan.specs.plan import PlanSpec


def report_check(committed: Document[PlanSpec], planned: Planned, output_format: str) -> None:
    """Print whether a plan is current, and what differs if it is not.

    Parameters
    ----------
    committed
        The plan.
    planned
        What its inputs give now.
    output_format
        ``"table"`` for a line for each difference; ``"json"`` or ``"markdown"`` for the diff with
        its steps.

    Raises
    ------
    SystemExit
        With 1 if the plan is stale.
    """
    from alpaplan.analysis.staleness import staleness
    from alpaplan.report.staleness import staleness_markdown

    found = staleness(committed.spec, planned.document)
    if output_format == "table":
        print_verdict(committed.path, found)
    elif output_format == "json":
        print_json(_diff(committed, planned).to_json_dict() | {"stale": found.is_stale})
    else:
        print_text(staleness_markdown(str(committed.path), found, _roll_out(committed, planned)))
    exit_if_stale(found)


def _roll_out(committed: Document[PlanSpec], planned: Planned) -> str:
    """Return the diff as Markdown, or why there is no order of steps."""
    from alpaplan.export.diff.search import NoOrderError
    from alpaplan.report.diff import diff_markdown
    from alpaplan.report.markdown import escaped

    try:
        return diff_markdown(_diff(committed, planned))
    except NoOrderError as error:
        return escaped(f"{error}.")


def _diff(committed: Document[PlanSpec], planned: Planned) -> PlanDiff:
    """Return the diff from the plan to what its inputs give now."""
    import hashlib

    from alpaplan.analysis.rollout import RolloutSettings
    from alpaplan.export.diff.deployed import DeployedPlan, load_deployed
    from alpaplan.export.diff.diff import diff_plans
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.runs import arrivals_for

    inputs = planned.inputs
    sha256 = hashlib.sha256(plan_to_yaml(planned.document).encode()).hexdigest()
    old = load_deployed(committed, InputPaths().or_those_of(committed))
    new = DeployedPlan.of_inputs(planned.document, sha256, inputs)
    return diff_plans(old, new, inputs, arrivals_for(inputs, None), RolloutSettings())
