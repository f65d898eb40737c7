"""What plans are exported to: a file and a line here add a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.export.targets.target import Target

_PACKAGE = "alpaplan.export.targets"

TARGETS: Registry[Target] = Registry(
    {
        "compose": Entry(f"{_PACKAGE}.compose:COMPOSE", "Docker Compose, a folder for each node"),
        "systemd": Entry(f"{_PACKAGE}.systemd:SYSTEMD", "systemd units, a folder for each node"),
        "kubernetes": Entry(
            f"{_PACKAGE}.kubernetes:KUBERNETES",
            "Kubernetes 1.34 or later with NVIDIA's DRA driver",
        ),
        "envoy": Entry(f"{_PACKAGE}.envoy:ENVOY", "the router alone, for engines that run already"),
        "launch": Entry(
            f"{_PACKAGE}.launch:LAUNCH", "commands as JSON, for Slurm, Ansible, Nomad and the like"
        ),
    },
    what="target",
)
"""Name -> target."""
