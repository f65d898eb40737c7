"""The formats that profiles are imported from: a module and a line here add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Registry

if TYPE_CHECKING:
    from alpaplan.files.importers.request import MeasurementFormat

_PACKAGE = "alpaplan.files.importers"

MEASUREMENT_FORMATS: Registry[MeasurementFormat] = Registry(
    {
        "alpaserve": f"{_PACKAGE}.alpaserve:FORMAT",
        "aiconfigurator": f"{_PACKAGE}.aiconfigurator:FORMAT",
        "aiconfigurator-api": f"{_PACKAGE}.aiconfigurator_api:FORMAT",
        "table": f"{_PACKAGE}.table:FORMAT",
    },
    what="format of measurements",
)
"""Name -> format."""
