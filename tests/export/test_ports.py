"""Ports of engines: the same as before, and never two at one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import AlpaplanError
from alpaplan.export.options import ExportOptions
from alpaplan.export.ports import MASTER_PORT_DISTANCE, assign_ports

NAMES = [f"e{number}" for number in range(8)]


@given(
    over_nodes=st.sets(st.sampled_from(NAMES)),
    previous=st.dictionaries(
        st.sampled_from([*NAMES, "gone"]), st.sampled_from(range(8101, 8109)), max_size=4
    ),
    base_port=st.sampled_from([8101, 8105, 8101 + MASTER_PORT_DISTANCE]),
    router_port=st.sampled_from([8000, 8103, 8103 + MASTER_PORT_DISTANCE]),
)
def test_nothing_needs_a_port_that_something_else_needs(
    over_nodes: set[str], previous: dict[str, int], base_port: int, router_port: int
) -> None:
    earlier = {name: port for port, name in {p: n for n, p in previous.items()}.items()}
    options = ExportOptions(base_port=base_port, router_port=router_port)
    try:
        ports = assign_ports(NAMES, over_nodes, earlier, options)
    except AlpaplanError:
        kept = {name: port for name, port in earlier.items() if name in NAMES}
        needed = {
            *kept.values(),
            *(kept[n] + MASTER_PORT_DISTANCE for n in kept if n in over_nodes),
        }
        assert router_port in needed
        return
    assert list(ports) == NAMES
    taken = [router_port, *ports.values(), *(ports[n] + MASTER_PORT_DISTANCE for n in over_nodes)]
    assert len(set(taken)) == len(taken)
    for name, port in ports.items():
        assert port == earlier.get(name, port)
        assert name in earlier or port not in earlier.values()


def test_the_highest_port_is_one_to_meet_at_too() -> None:
    options = ExportOptions(base_port=45_536)
    assert assign_ports(["a"], [], {}, options) == {"a": 45_536}
    with pytest.raises(AlpaplanError, match="largest that it can have is 45535"):
        assign_ports(["a"], ["a"], {}, options)
