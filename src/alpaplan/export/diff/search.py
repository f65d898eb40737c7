"""The search for an order of steps, with what may be given up for one."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from alpaplan.errors import AlpaplanError
from alpaplan.export.diff.exact_order import exact_order, fewest_outages
from alpaplan.export.diff.fleet import Fleet
from alpaplan.export.diff.order import Moves, Order, Stuck, greedy_order
from alpaplan.export.diff.steps import Step, rollout_steps
from alpaplan.problem.feasibility import name_models
from alpaplan.units import exact_bytes


class NoOrderError(AlpaplanError):
    """No order of steps was found that keeps a replica of every model in use."""

    exit_code = 1


def find_steps(
    fleet: Fleet,
    copies: int,
    may_go_down: Collection[str],
    groups_at_once: int | None = None,
) -> list[Step]:
    """Return the steps of a roll-out.

    Parameters
    ----------
    fleet
        What runs.
    copies
        How many replicas of each model to keep in use, where there is an order that does; else one
        of each.
    may_go_down
        Models that may be without one, if there is no other way.
    groups_at_once
        How many groups change together at most, where that can be chosen; None: as many as there
        is room for, which takes the fewest steps.

    Raises
    ------
    NoOrderError
        If no order was found.
    """
    _require_room_at_first(fleet)
    for number in dict.fromkeys((copies, 1)):
        moves = Moves.keeping(fleet, number)
        order = _order_of(moves, groups_at_once)
        if order is None and may_go_down:
            down = fewest_outages(moves, may_go_down)
            if down is not None:
                moves = Moves.keeping(fleet, number, down)
                order = _order_of(moves, groups_at_once)
        if order is not None:
            return rollout_steps(moves, order, groups_at_once)
    raise NoOrderError(_reason(moves, may_go_down))


def _reason(moves: Moves, may_go_down: Collection[str]) -> str:
    """Say which models are in the way of an order of steps."""
    found = fewest_outages(moves, moves.needed)
    models = sorted(found or moves.needed)
    others = sorted({*models} - {*may_go_down}) or models
    why = "there is no room for new ones beside what has to run"
    if all(moves.names(moves.new_of[m]) <= moves.names(moves.old_of[m]) for m in others):
        why = "each new engine has the name of one that runs, which has to stop first"
    reason = (
        f"no order of steps was found in which {name_models(others)} would always have a replica "
        f"in use: {why}"
    )
    if found is None:
        return reason
    options = " ".join(f"--allow-outage {shlex.quote(model)}" for model in models)
    return f"{reason}; there is an order with {options}"


def _order_of(moves: Moves, groups_at_once: int | None) -> Order | None:
    """Return an order; None if none was found."""
    try:
        return greedy_order(moves, groups_at_once)
    except Stuck:
        return exact_order(moves)


def _require_room_at_first(fleet: Fleet) -> None:
    """Make sure that what runs now keeps the memory rule of the new plan's cluster.

    Raises
    ------
    NoOrderError
        If it does not: then no order can.
    """
    memory = fleet.memory([*fleet.staying, *fleet.old])
    overfull = memory.overfull()
    if overfull.size:
        number = int(overfull[0])
        node, device = fleet.devices[number]
        models = sorted(
            {
                fleet.engines[engine].model
                for engine in (*fleet.staying, *fleet.old)
                if number in fleet.engines[engine].devices
            }
        )
        needed = memory.kept_on(number) + memory.in_turn_on(number)
        raise NoOrderError(
            f"no order of steps can keep the memory rule of the new plan's cluster: on device "
            f"{device} of {node} {name_models(models)} of the old plan already need "
            f"{exact_bytes(needed)}, but only {exact_bytes(int(fleet.usable_bytes[number]))} are "
            "available"
        )
