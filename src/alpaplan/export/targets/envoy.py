"""The router alone: engines that somebody else starts."""

from __future__ import annotations

from alpaplan.export.targets.target import Target

ENVOY = Target(
    files=lambda _, __: {}, starts_engines=False, spans_nodes=True, keeps_device_order=True
)
"""Nothing but what every export has."""
