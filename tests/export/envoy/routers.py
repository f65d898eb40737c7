"""Small routers: engines of some groups, and what is written for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alpaplan.export.engines import RoutedGroup, Slo
from alpaplan.export.envoy.files import router_files
from alpaplan.export.names import written
from alpaplan.verification.client import Server
from alpaplan.verification.envoy import running_router
from alpaplan.verification.processes import running_stubs
from alpaplan.verification.stub import LOCALHOST, StubGroup
from alpaplan.verification.stub_queue import StubReplica


@dataclass(frozen=True)
class Engine:
    """What the router knows of an engine."""

    name: str
    group: str
    model: str
    host: str
    port: int
    slo: Slo


Groups = Mapping[str, Sequence[str]]
"""Name of a group -> its models."""


def engines_of(
    groups: Groups, ports: Mapping[str, Mapping[str, int]] | None = None, slo_s: float | None = 5.0
) -> list[Engine]:
    """Return the engines of all groups; without ports, each has one of its own."""
    engines: list[Engine] = []
    for group, models in groups.items():
        for model in models:
            port = 8101 + len(engines) if ports is None else ports[group][model]
            name = written(f"{group}-{model}")
            engines.append(Engine(name, group, model, LOCALHOST, port, Slo(slo_s=slo_s)))
    return engines


def routed(groups: Groups) -> list[RoutedGroup]:
    """Return the groups as the router sees them."""
    return [
        RoutedGroup(name, f"g{g}", tuple(models)) for g, (name, models) in enumerate(groups.items())
    ]


def documents(groups: Groups, **changes: Any) -> dict[str, Any]:
    """Return the router's files as data."""
    settings: dict[str, Any] = {"router_folder": "/etc/alpaplan/envoy", "router_port": 8000}
    slo_s = changes.pop("slo_s", 5.0)
    files = router_files(engines_of(groups, slo_s=slo_s), routed(groups), **settings | changes)
    return {name: yaml.safe_load(content) for name, content in files.items()}


def stub(models: Sequence[str], latency_s: float = 0.0) -> StubGroup:
    """Return a stub that takes so long for each request, and rejects none."""
    # The overhead keeps no stage busy.
    return StubGroup({model: StubReplica(1e6, [[0.0]], latency_s) for model in models})


@dataclass(frozen=True)
class LiveRouter:
    """An Envoy that runs, and the ports of the stubs behind it."""

    server: Server
    folder: Path
    ports: Mapping[str, Mapping[str, int]]


@contextmanager
def live_router(
    envoy: Path,
    folder: Path,
    groups: Groups,
    latency_s: float = 0.0,
    slo_s: float | None = 5.0,
    later: Groups | None = None,
) -> Iterator[LiveRouter]:
    """Run a router in front of stubs, those of groups included that come later only."""
    stubs = {**groups, **(later or {})}
    with running_stubs([stub(each, latency_s) for each in stubs.values()], folder / "log") as found:
        ports = dict(zip(stubs, found, strict=True))

        def files_for(router_folder: str, port: int) -> dict[str, bytes]:
            return router_files(
                engines_of(groups, ports, slo_s),
                routed(groups),
                router_folder=router_folder,
                router_port=port,
                router_address=LOCALHOST,
            )

        with running_router(envoy, files_for, folder) as server:
            yield LiveRouter(server, folder, ports)
