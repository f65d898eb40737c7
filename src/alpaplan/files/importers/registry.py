"""The formats that profiles are imported from: a module and a line here add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.files.importers.request import MeasurementFormat

_PACKAGE = "alpaplan.files.importers"

MEASUREMENT_FORMATS: Registry[MeasurementFormat] = Registry(
    {
        "alpaserve": Entry(
            f"{_PACKAGE}.alpaserve:FORMAT",
            "AlpaServe's profiling results (.tsv); takes one --device  [default: v100-16gb]",
        ),
        "aiconfigurator": Entry(
            f"{_PACKAGE}.aiconfigurator:FORMAT",
            "CSV of estimates by aiconfigurator, such as its own results; takes --serving, and for "
            "prefill --input-len  [default: all lengths, with a profile for each]",
        ),
        "aiconfigurator-api": Entry(
            f"{_PACKAGE}.aiconfigurator_api:FORMAT",
            "estimates that the Python package aiconfigurator makes now; FILE is the name of a "
            "model, such as Qwen/Qwen3-8B; needs --device, and --input-len for prefill; takes "
            "--serving, --intra-op and --inter-op",
        ),
        "vidur": Entry(
            f"{_PACKAGE}.vidur:FORMAT",
            "Vidur's profiles of layers, with or without those of collectives (CSV); needs one "
            "--device and --input-len, takes --intra-op and --inter-op",
        ),
        "table": Entry(
            f"{_PACKAGE}.table:FORMAT",
            "CSV with the columns model, device, intra_op, inter_op, batch_size, latency_s, "
            "weight_bytes and, optionally, activation_bytes, one row per configuration and batch "
            "size, or per stage with the column stage; takes --column and --unit",
        ),
    },
    what="format of measurements",
)
"""Name -> format."""
