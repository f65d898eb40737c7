"""Which port each engine has: the same as before, where there was one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from alpaplan.errors import AlpaplanError
from alpaplan.export.options import MAX_PORT, ExportOptions

MASTER_PORT_DISTANCE = 20_000
"""How far above its port the processes of an engine on several nodes meet."""


def assign_ports(
    names: Sequence[str],
    over_nodes: Collection[str],
    previous: Mapping[str, int],
    options: ExportOptions,
) -> dict[str, int]:
    """Return the port of each engine. No two need the same one, for themselves or to meet at.

    Parameters
    ----------
    names
        Engines, in order.
    over_nodes
        Those of them that run on several nodes.
    previous
        Engine -> port, of an earlier export. Engines of the same name keep their port, and others
        get ports that no earlier one had, as old and new ones run side by side for a while.
    options
        First port, and that of the router.

    Raises
    ------
    AlpaplanError
        If there are too few ports, or an engine has had the router's.
    """

    def needed(name: str, port: int) -> set[int]:
        return {port, port + MASTER_PORT_DISTANCE} if name in over_nodes else {port}

    ports = {name: previous[name] for name in names if name in previous}
    clash = next((n for n, port in ports.items() if options.router_port in needed(n, port)), None)
    if clash is not None:
        raise AlpaplanError(
            f"router_port must not be a port of an engine, but {clash!r} had {ports[clash]} in the "
            f"previous export{_and_master(ports[clash]) if clash in over_nodes else ''}"
        )
    taken = {options.router_port, *previous.values()}
    taken.update(*(needed(name, port) for name, port in ports.items()))
    port = options.base_port
    for name in names:
        if name in ports:
            continue
        while not taken.isdisjoint(needed(name, port)):
            port += 1
        ports[name] = port
        taken |= needed(name, port)
    for name in names:
        most = MAX_PORT - (MASTER_PORT_DISTANCE if name in over_nodes else 0)
        if ports[name] > most:
            raise AlpaplanError(
                f"there are too few ports above base_port: engine {name!r} would have "
                f"{ports[name]}, and the largest that it can have is {most}"
            )
    return {name: ports[name] for name in names}


def _and_master(port: int) -> str:
    return f", and its processes meet at {port + MASTER_PORT_DISTANCE}"
