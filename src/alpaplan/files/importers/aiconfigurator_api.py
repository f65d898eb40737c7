"""Estimates that the package aiconfigurator makes for the request, where it is installed.

It composes a model's prefill step from times of single operators (matrix products, attention,
all-reduces, ...) that were measured on each GPU under each serving backend: ``cli_estimate`` in
mode ``static_ctx``, which is what ``aiconfigurator cli estimate --estimate-mode static_ctx``
prints as TTFT. What its numbers mean stands in `alpaplan.files.importers.aiconfigurator`, which
reads tables of them.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.files.importers import cells
from alpaplan.files.importers.aiconfigurator import source_text
from alpaplan.files.importers.aiconfigurator_results import device_of, system_of
from alpaplan.files.importers.measurement import Measurement
from alpaplan.files.importers.request import (
    ImportRequest,
    MeasurementFormat,
    ProgressListener,
    Reading,
)
from alpaplan.files.line_issues import Place
from alpaplan.registry import must_be_one_of
from alpaplan.units import BYTE_UNITS

BACKEND = "vllm"
"""Serving system whose operators are taken, in the version that the package has as current."""

BATCH_SIZES = (1, 2, 4, 8)
INTRA_OPS = (1, 2, 4, 8)
INTER_OPS = (1, 2, 4, 8)
MAX_DEVICES = 16
"""Devices of the largest group if the request does not say which `inter_op` it wants."""

SIGNIFICANT_DIGITS = 9
"""Of estimated seconds: far below what an estimate can mean (a count; 6 to 17)."""

MAX_REASON_LENGTH = 200
"""Characters of the package's own words that a message shows."""


@dataclass(frozen=True)
class _Package:
    """The parts of aiconfigurator that are used.

    Parameters
    ----------
    version
        Of the package.
    estimate
        Its ``cli_estimate``.
    newest_version
        Its ``get_latest_database_version``: of a backend's operators on a system.
    devices
        Device types that it has the backend's operators of, sorted.
    known_models
        Models that it ships the configuration of.
    load_model
        Loads a model's configuration, a mapping with ``layers``, or raises anything.
    """

    version: str
    estimate: Any
    newest_version: Any
    devices: tuple[str, ...]
    known_models: tuple[str, ...]
    load_model: Any

    @classmethod
    def load(cls) -> _Package:
        """Import the package.

        Raises
        ------
        AlpaplanError
            If it is not installed, or broken.
        """
        how = "pip install 'alpaplan[aiconfigurator]'"
        try:
            # By name, as nothing else here needs it and it is an extra.
            top, api, database, common, utils = (
                importlib.import_module(f"aiconfigurator{part}")
                for part in ("", ".cli.api", ".sdk.perf_database", ".sdk.common", ".sdk.utils")
            )
            systems = database.get_supported_databases()
            return cls(
                version=top.__version__,
                estimate=api.cli_estimate,
                newest_version=database.get_latest_database_version,
                devices=tuple(sorted(device_of(s) for s in systems if BACKEND in systems[s])),
                known_models=tuple(sorted(common.DefaultHFModels)),
                load_model=utils.get_model_config_from_model_path,
            )
        except ModuleNotFoundError as error:
            what = "the package aiconfigurator, which is not installed"
            raise AlpaplanError(f"--from aiconfigurator-api needs {what}: {how}") from error
        except Exception as error:  # broken, or of a version with other names
            what = f"this version of aiconfigurator cannot be used ({_reason(error)})"
            raise AlpaplanError(f"{what}: {how}") from error


@dataclass(frozen=True)
class _Shape:
    """A model in one parallel configuration on one device type."""

    model: str
    device: str
    intra_op: int
    inter_op: int

    def __str__(self) -> str:
        return f"{self.model} on {self.device} intra_op {self.intra_op} inter_op {self.inter_op}"


def read(request: ImportRequest, listener: ProgressListener) -> Reading:
    """Estimate each model of the request on each of its device types.

    Configurations that the package cannot estimate, or that are out of memory on such a device,
    are left out with a note.

    Raises
    ------
    AlpaplanError
        If the package is absent, does not know a model or device type, or can estimate nothing
        of a model.
    """
    input_len = request.input_len
    if input_len is None or not request.devices:
        raise AlpaplanError("--device and --input-len must be given")
    with _quiet():
        package = _Package.load()
        models = tuple(dict.fromkeys(request.files))
        num_layers = _num_layers(package, models, request.devices)
        shapes = _shapes(models, request)
        sizes = request.batch_sizes or BATCH_SIZES
        # Once and not by each estimate, which would take ten times as long to find it out.
        versions = {
            device: package.newest_version(system=system_of(device), backend=BACKEND)
            for device in request.devices
        }
        measurements: list[Measurement] = []
        notes: list[str] = []
        for number, shape in enumerate(shapes):
            listener(number, len(shapes))
            if shape.inter_op > num_layers[shape.model]:
                layers = f"the model has {num_layers[shape.model]} layers"
                notes.append(f"{shape}: left out: {layers}, which are fewer than stages")
                continue
            try:
                found = list(_estimates(package, shape, sizes, input_len, versions[shape.device]))
            except Exception as error:  # whatever the package finds wrong with a configuration
                notes.append(f"{shape}: left out: {_reason(error)}")
                continue
            measurements += found
            lacking = [str(size) for size in sizes if size not in {m.batch_size for m in found}]
            if lacking:
                which = ", ".join(lacking)
                notes.append(f"{shape}: left out, out of memory at batch size {which}")
        listener(len(shapes), len(shapes))
    _check_any(models, measurements, notes)

    def source(model: str, measured: Sequence[Measurement]) -> str:
        origin = f"as of its version {package.version} (aiconfigurator-api)"
        return source_text(model, measured, input_len, origin)

    return Reading(measurements, source, notes)


def _num_layers(package: _Package, models: Sequence[str], devices: Sequence[str]) -> dict[str, int]:
    """Return the layers of each model, after a look at whether the package knows what is asked."""
    for device in devices:
        if device not in package.devices:
            raise AlpaplanError(f"--device {must_be_one_of(package.devices, device)}")
    num_layers = {}
    for model in models:
        try:
            cells.model(model)
            num_layers[model] = package.load_model(model)["layers"]
        except Exception as error:  # not found, no network, not JSON, an unknown architecture, ...
            hint = did_you_mean(model, package.known_models)
            what = f"{model}: aiconfigurator cannot load this model{hint}"
            raise AlpaplanError(f"{what} ({_reason(error)})") from error
    return num_layers


def _check_any(
    models: Sequence[str], measurements: Sequence[Measurement], notes: Sequence[str]
) -> None:
    estimated = {measurement.model for measurement in measurements}
    for model in models:
        if model not in estimated:
            why = next(note for note in notes if note.startswith(f"{model} on "))
            raise AlpaplanError(f"no configuration can be estimated: {why}")


def _shapes(models: Sequence[str], request: ImportRequest) -> list[_Shape]:
    return [
        _Shape(model, device, intra_op, inter_op)
        for model, device, intra_op, inter_op in itertools.product(
            models,
            dict.fromkeys(request.devices),
            request.intra_ops or INTRA_OPS,
            request.inter_ops or INTER_OPS,
        )
        if request.inter_ops is not None or inter_op == 1 or intra_op * inter_op <= MAX_DEVICES
    ]


def _estimates(
    package: _Package, shape: _Shape, sizes: Sequence[int], input_len: int, version: str
) -> Iterator[Measurement]:
    """Yield an estimate for each batch size that fits into memory."""
    for size in sizes:
        result = package.estimate(
            shape.model,
            system_of(shape.device),
            mode="static_ctx",
            backend_name=BACKEND,
            backend_version=version,
            isl=input_len,
            osl=1,
            batch_size=size,
            tp_size=shape.intra_op,
            pp_size=shape.inter_op,
            # Experts are cut like everything else; dense models ignore these two.
            moe_tp_size=shape.intra_op,
            moe_ep_size=1,
        )
        if result.summary.check_oom():
            continue
        memory_gib = result.summary.get_memory()
        latency_s = result.ttft / 1e3 / shape.inter_op
        yield Measurement(
            shape.model,
            shape.device,
            shape.intra_op,
            shape.inter_op,
            size,
            (float(f"{latency_s:.{SIGNIFICANT_DIGITS}g}"),) * shape.inter_op,
            (_bytes(memory_gib["weights"]),) * shape.inter_op,
            (_bytes(memory_gib["activations"] + memory_gib["kvcache"]),) * shape.inter_op,
            Place(shape.model),
            f"{result.backend_name} {result.backend_version}",
        )


def _bytes(gibibytes: float) -> int:
    return math.ceil(gibibytes * BYTE_UNITS["GiB"])


def _reason(error: Exception) -> str:
    """Return the first line of what the package says, without its own paths."""
    text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    text = re.sub(r" at /\S+", "", text).strip()
    return text if len(text) <= MAX_REASON_LENGTH else f"{text[:MAX_REASON_LENGTH]}..."


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the package's warnings and log lines, several for each estimate, from the terminal."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


FORMAT = MeasurementFormat(
    read, required=("--device", "--input-len"), optional=("--intra-op", "--inter-op")
)
