"""What commands that run plans share: the arrivals to run them on, and one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpaplan.cli.inputs import spec_errors_of
from alpaplan.cli.traces import read_trace_of
from alpaplan.problem.plan_placement import placement_of_plan
from alpaplan.simulator import Replay, Simulator
from alpaplan.specs.cluster import Dispatch
from alpaplan.workload.arrival_sets import workload_trace

if TYPE_CHECKING:
    from alpaplan.cli.inputs import Inputs
    from alpaplan.problem import Placement, PlacementProblem
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.workload.trace import Trace


def arrivals_of_trace(inputs: Inputs, path: Path) -> Trace:
    """Read a trace file of the workload's models.

    Raises
    ------
    InputError
        With everything wrong with the file, models that the workload does not have included.
    """
    return read_trace_of(path, inputs.problem.model_names).trace


def arrivals_of_workload(inputs: Inputs, duration_s: float | None, seed: int) -> Trace:
    """Replay the workload's recorded arrivals and sample the others.

    Raises
    ------
    InputError
        If there are too many arrivals, or none at all.
    """
    with spec_errors_of({"workload": inputs.workload}):
        rng = np.random.default_rng(seed)
        return workload_trace(inputs.models, inputs.recorded, rng, duration_s)


@dataclass(frozen=True)
class PlanRunner:
    """A plan ready to run on any arrivals.

    Parameters
    ----------
    problem
        The problem under the plan's dispatch rule.
    placement
        The plan's groups that hold replicas.
    """

    problem: PlacementProblem
    placement: Placement

    @classmethod
    def of(cls, inputs: Inputs, plan: PlanSpec, dispatch: str | None) -> PlanRunner:
        """Take a plan that the checker finds nothing wrong with.

        The dispatch rule is the one asked for; else the plan's, as that is deployed; else
        the cluster's.
        """
        if dispatch is not None:
            rule = Dispatch(dispatch)
        else:
            rule = plan.routing.dispatch if plan.routing is not None else inputs.problem.dispatch
        problem = replace(inputs.problem, dispatch=rule)
        return cls(problem, placement_of_plan(problem, inputs.cluster.spec, plan))

    def replay(self, arrivals: Trace) -> Replay:
        """Run the plan once."""
        return Simulator(self.problem, arrivals).replay(self.placement)
