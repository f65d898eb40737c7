"""The search for an order of steps, with what may be given up for one."""

from __future__ import annotations

from collections.abc import Collection

from alpaplan.errors import AlpaplanError
from alpaplan.export.diff.exact_order import exact_order
from alpaplan.export.diff.fleet import Fleet
from alpaplan.export.diff.order import Moves, Order, Stuck, greedy_order
from alpaplan.export.diff.steps import Step, rollout_steps
from alpaplan.problem.feasibility import name_models
from alpaplan.units import exact_bytes


class NoOrderError(AlpaplanError):
    """No order of steps was found that keeps a replica of every model in use."""

    exit_code = 1


def find_steps(fleet: Fleet, copies: int, may_go_down: Collection[str]) -> list[Step]:
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

    Raises
    ------
    NoOrderError
        If no order was found.
    """
    _require_room_at_first(fleet)
    stuck: Collection[str] = ()
    for number in dict.fromkeys((copies, 1)):
        down: set[str] = set()
        while True:
            moves = Moves.keeping(fleet, number, down)
            found, stuck = _order_of(moves)
            if found is not None:
                return rollout_steps(moves, found)
            more = {model for model in may_go_down if model in moves.needed}
            # Those that are stuck themselves, before others that may only be in their way.
            more = more & set(stuck) or more
            if not more:
                break
            down |= more
    raise NoOrderError(
        f"no order of steps was found in which {name_models(sorted(stuck))} would always have a "
        "replica in use: there is no room for new ones beside the old ones; --allow-outage names "
        "models that may go down"
    )


def _order_of(moves: Moves) -> tuple[Order | None, Collection[str]]:
    """Return an order, or None and the models that were stuck."""
    try:
        return greedy_order(moves), ()
    except Stuck as stuck:
        return exact_order(moves), stuck.models


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
