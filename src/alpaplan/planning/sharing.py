"""Why sharing devices pays or does not, for the inputs of a plan."""

from __future__ import annotations

from alpaplan.analysis.sharing import SharingAnalysis, analyze_sharing
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.located_errors import located_errors
from alpaplan.problem.feasibility import check_feasible


def analyze(inputs: Inputs) -> SharingAnalysis:
    """Return what queueing theory says of a workload on a cluster.

    Raises
    ------
    InfeasibleError
        If a model fits nowhere.
    InputError, SpecError
        If the workload's arrivals have no known rate.
    """
    check_feasible(inputs.problem, inputs.profiles)
    workload = inputs.workload
    with located_errors(workload=workload.document):
        return analyze_sharing(inputs.problem, workload.models, workload.recorded)
