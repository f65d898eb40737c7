"""What if: plans that have lost nodes, and traffic that is denser or thinner than stated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.located_errors import located_errors
from alpaplan.specs.arrivals import at_rate_scale
from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec
from alpaplan.workload.arrival_sets import recorded_trace
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class RateScales:
    """How many times as fast requests come as is stated or recorded.

    Parameters
    ----------
    everyone
        Factor of all rates.
    by_model
        Model -> another factor of its rate, besides that of all.
    """

    everyone: float = 1.0
    by_model: Mapping[str, float] = field(default_factory=dict)

    @property
    def change_nothing(self) -> bool:
        """Whether requests come as stated."""
        return self.everyone == 1 and all(scale == 1 for scale in self.by_model.values())

    def of_models(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the factor of each model, ``float64[M]``.

        Raises
        ------
        AlpaplanError
            If a factor is of a model that is not there.
        """
        unknown = [name for name in self.by_model if name not in set(names)]
        if unknown:
            found = f"{unknown[0]!r}{did_you_mean(unknown[0], names)}"
            raise AlpaplanError(f"a rate scale must be of a model of the workload, found {found}")
        return np.array([self.everyone * self.by_model.get(name, 1.0) for name in names])

    def of_trace(self, trace: Trace) -> Trace:
        """Let time pass so much faster in a trace; no request is lost.

        Where models have different factors, the requests of faster ones end earlier.
        """
        factors = self.of_models(trace.model_names)
        if self.change_nothing:
            return trace
        if (factors == factors[0]).all():
            return trace.faster(float(factors[0]))
        arrival_s = trace.arrival_s / factors[trace.model]
        order = np.argsort(arrival_s, kind="stable")
        duration_s = trace.duration_s / float(factors.min())
        return replace(trace.take(order), arrival_s=arrival_s[order], duration_s=duration_s)


AS_STATED = RateScales()
"""Requests come as stated or recorded."""


@dataclass(frozen=True)
class WhatIf:
    """What is not as the cluster and the workload say.

    Parameters
    ----------
    lost_nodes
        Nodes that are gone, with every group that has a device on one of them.
    rates
        How many times as fast requests come.
    """

    lost_nodes: tuple[str, ...] = ()
    rates: RateScales = AS_STATED

    def require_known(self, inputs: Inputs) -> None:
        """Make sure that the cluster has the nodes, and the workload the models.

        Raises
        ------
        AlpaplanError
            If a node or a model is unknown.
        """
        pools = inputs.cluster.node_pools
        nodes = [pool.node_name(index) for pool in pools for index in range(pool.num_nodes)]
        unknown = [node for node in self.lost_nodes if node not in set(nodes)]
        if unknown:
            found = f"{unknown[0]!r}{did_you_mean(unknown[0], nodes)}"
            raise AlpaplanError(f"a lost node must be one of the cluster's nodes, found {found}")
        self.rates.of_models(inputs.problem.model_names)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON: nothing if all is as stated."""
        if not self.lost_nodes and self.rates == AS_STATED:
            return {}
        return {
            "what_if": {
                "without": list(self.lost_nodes),
                "rate_scale": self.rates.everyone,
                "model_rate_scale": dict(self.rates.by_model),
            }
        }


@overload
def without_nodes(plan: PlanSpec, nodes: Collection[str]) -> PlanSpec: ...
@overload
def without_nodes(plan: PlanOrSchedule, nodes: Collection[str]) -> PlanOrSchedule: ...
def without_nodes(plan: PlanOrSchedule, nodes: Collection[str]) -> PlanOrSchedule:
    """Return what is left of a plan: its groups that have no device on any of some nodes.

    Nothing is placed anew, and models may be left without a replica. Of a schedule it is what is
    left of each placement.
    """
    lost = set(nodes)
    if isinstance(plan, ScheduleSpec):
        placements = tuple(
            each.model_copy(update={"groups": _groups_outside(each.groups, lost)})
            for each in plan.placements
        )
        return plan.model_copy(update={"placements": placements})
    groups = _groups_outside(plan.groups, lost)
    left = {group.name for group in groups}
    models = tuple(
        model.model_copy(update={"groups": tuple(name for name in model.groups if name in left)})
        for model in plan.models
    )
    unused = tuple(part for part in plan.unused_devices if part.node not in lost)
    return plan.model_copy(update={"groups": groups, "models": models, "unused_devices": unused})


def _groups_outside(groups: Sequence[GroupSpec], lost: Collection[str]) -> tuple[GroupSpec, ...]:
    """Return the groups without a device on lost nodes."""
    return tuple(group for group in groups if not any(part.node in lost for part in group.devices))


def with_rates(
    inputs: Inputs, scale: float = 1.0, by_model: Mapping[str, float] | None = None
) -> Inputs:
    """Return the same inputs under denser or thinner traffic.

    The rates of all processes are multiplied; their CVs and the durations of states and windows
    stay. Recorded arrivals come as much faster; see `RateScales.of_trace`. The documents stay.

    Parameters
    ----------
    inputs
        What to change.
    scale
        Factor of all rates, above 0.
    by_model
        Model -> another factor of its rate.

    Raises
    ------
    AlpaplanError
        If a factor is of a model that is not there.
    InputError, SpecError
        If recorded arrivals span no time.
    """
    rates = RateScales(scale, by_model or {})
    workload = inputs.workload
    factors = rates.of_models(inputs.problem.model_names)
    if rates.change_nothing:
        return inputs
    models = tuple(
        replace(model, arrivals=at_rate_scale(model.arrivals, factor))
        for model, factor in zip(workload.models, factors.tolist(), strict=True)
    )
    recorded = workload.recorded
    if recorded:
        # Files of different length are cut before any model's requests come faster.
        with located_errors(workload=workload.document):
            recorded = dict.fromkeys(recorded, rates.of_trace(recorded_trace(models, recorded)))
    return replace(inputs, workload=replace(workload, models=models, recorded=recorded))
