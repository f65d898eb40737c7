"""How far a plan holds: how much more traffic it serves, and what is left when a node is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.what_if import with_rates
from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import UnseenSource
from alpaplan.specs.plan import GroupSpec
from alpaplan.specs.prediction import HELD_ATTAINMENT, MAX_NODE_LOSSES
from alpaplan.workload.arrival_sets import LLM_TRAINING_RUN_REQUESTS, ArrivalSets
from alpaplan.workload.trace import Trace

LARGEST_SCALE = 64.0
"""Rates are scaled up and down so far (a factor; 16 to 1,000): what holds there holds anywhere."""

SCALE_STEP = 1.02
"""How far apart what holds and what does not may be in the end (a factor; 1.01 to 1.1)."""

RUNS = 2
"""Runs of each scale, and of each lost node (a count; 1 to 10)."""

MOST_NODES = 32
"""Nodes whose loss is simulated (a count; 10 to 100): those that most requests hang on."""


@dataclass(frozen=True)
class Robustness:
    """How far a plan holds.

    Parameters
    ----------
    headroom_rate_scale
        Largest factor of all rates with which `HELD_ATTAINMENT` is attained, rounded down; None if
        there is none.
    node_loss
        Nodes and what is attained without each, the worst first.
    """

    headroom_rate_scale: float | None
    node_loss: tuple[tuple[str, float], ...]


def robustness(
    inputs: Inputs,
    placement: Placement,
    groups: Sequence[GroupSpec],
    arrivals: ArrivalSets,
    predicted: float,
    seed: int,
) -> Robustness:
    """Measure how far a plan holds, on arrivals that its search did not see.

    Parameters
    ----------
    inputs
        What the plan is for.
    placement, groups
        The plan's groups with replicas, as arrays and as in its document.
    arrivals
        What it was searched and judged on.
    predicted
        What it attains of all of the arrivals that it is judged on. Whether it holds as stated
        follows from that, as fewer runs could say otherwise.
    seed
        Of samples at other rates.
    """
    stated = [_shortened(inputs, trace) for trace in arrivals.unseen[:RUNS]]
    return Robustness(
        _headroom(inputs, placement, arrivals, predicted, seed),
        _node_loss(inputs, placement, groups, stated),
    )


def _headroom(
    inputs: Inputs, placement: Placement, arrivals: ArrivalSets, predicted: float, seed: int
) -> float | None:
    """Find the largest scale that holds, by doubling and then by bisection."""

    def holds(scale: float) -> bool:
        runs = _runs_at(inputs, arrivals, scale, seed)
        return _attainment(inputs, placement, runs) >= HELD_ATTAINMENT

    held, missed = 1.0, 1.0
    if predicted >= HELD_ATTAINMENT:
        while missed == held:
            missed = 2 * held
            if missed > LARGEST_SCALE:
                return LARGEST_SCALE
            if holds(missed):
                held = missed
    else:
        while held == missed:
            held = missed / 2
            if held < 1 / LARGEST_SCALE:
                return None
            if not holds(held):
                missed = held
    while missed / held > SCALE_STEP:
        middle = math.sqrt(held * missed)
        held, missed = (middle, missed) if holds(middle) else (held, middle)
    return _rounded_down(held)


def _rounded_down(scale: float) -> float:
    """Return no more than a scale, with two digits."""
    digits = 1 - math.floor(math.log10(scale))
    return math.floor(scale * 10.0**digits + 1e-9) / 10.0**digits


def _runs_at(inputs: Inputs, arrivals: ArrivalSets, scale: float, seed: int) -> list[Trace]:
    """Return runs of as many requests at another rate."""
    if arrivals.source is UnseenSource.HELD_OUT:
        return [trace.faster(scale) for trace in arrivals.unseen]
    workload = with_rates(inputs, scale).workload
    duration_s = _shortened(inputs, arrivals.unseen[0]).duration_s / scale
    return [workload.sample(duration_s, seed + number) for number in range(RUNS)]


def _shortened(inputs: Inputs, trace: Trace) -> Trace:
    """Return no more of a run than can be simulated again and again, as LLMs' requests are dear."""
    if inputs.problem.engines is None or trace.num_requests <= LLM_TRAINING_RUN_REQUESTS:
        return trace
    return trace.window(0.0, float(trace.arrival_s[LLM_TRAINING_RUN_REQUESTS]))


def _node_loss(
    inputs: Inputs, placement: Placement, groups: Sequence[GroupSpec], runs: Sequence[Trace]
) -> tuple[tuple[str, float], ...]:
    nodes = list(dict.fromkeys(part.node for group in groups for part in group.devices))
    on_node = np.zeros((len(nodes), len(groups)), dtype=np.bool_)
    number = {node: index for index, node in enumerate(nodes)}
    for index, group in enumerate(groups):
        on_node[[number[part.node] for part in group.devices], index] = True
    whole = Simulator(inputs.problem, runs[0]).evaluate(placement)
    num_replicas = placement.replicas.sum(axis=0)
    hanging = []
    for lost in on_node:
        gone = placement.replicas[lost].sum(axis=0)
        silenced = whole.requests[(gone > 0) & (gone == num_replicas)]
        hanging.append((int(silenced.sum()), int(whole.group_attained[lost].sum())))
    # First those that leave most requests without a replica, then those that attain most.
    looked_at = sorted(range(len(nodes)), key=lambda index: hanging[index], reverse=True)
    left = [
        (nodes[index], _attainment(inputs, placement.take(~on_node[index]), runs))
        for index in sorted(looked_at[:MOST_NODES])
    ]
    return tuple(sorted(left, key=lambda pair: pair[1])[:MAX_NODE_LOSSES])


def _attainment(inputs: Inputs, placement: Placement, runs: Sequence[Trace]) -> float:
    """Return what is attained of all requests of some runs; 1 without any."""
    found = [Simulator(inputs.problem, trace).evaluate(placement) for trace in runs]
    requests = sum(int(evaluation.requests.sum()) for evaluation in found)
    attained = sum(int(evaluation.attained.sum()) for evaluation in found)
    return attained / requests if requests else 1.0
