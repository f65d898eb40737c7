"""The package aiconfigurator, where it is installed: what of it is asked, and how.

It composes a model's steps from times of single operators (matrix products, attention,
all-reduces, ...) that were measured on each GPU under each serving backend: ``cli_estimate`` in the
modes ``static_ctx`` and ``static_gen``, which are what ``aiconfigurator cli estimate
--estimate-mode static_ctx`` and so on print as TTFT and TPOT.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.files.importers import cells
from alpaplan.files.importers.aiconfigurator_results import device_of, system_of
from alpaplan.files.importers.measurement import Measured
from alpaplan.files.importers.request import ImportRequest, ProgressListener
from alpaplan.registry import must_be_one_of
from alpaplan.units import BYTE_UNITS

BACKEND = "vllm"
"""Serving system whose operators are taken, in the version that the package has as current."""

INTRA_OPS = (1, 2, 4, 8)
INTER_OPS = (1, 2, 4, 8)
MAX_DEVICES = 16
"""Devices of the largest group if the request does not say which `inter_op` it wants."""

Found = TypeVar("Found", bound=Measured)

MAX_REASON_LENGTH = 200
"""Characters of the package's own words that a message shows."""


@dataclass(frozen=True)
class Package:
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
    def load(cls) -> Package:
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
class Shape:
    """A model in one parallel configuration on one device type."""

    model: str
    device: str
    intra_op: int
    inter_op: int

    def __str__(self) -> str:
        return f"{self.model} on {self.device} intra_op {self.intra_op} inter_op {self.inter_op}"


@dataclass(frozen=True)
class ShapeEstimator:
    """Estimates a model in one parallel configuration on one device type.

    Parameters
    ----------
    package, shape
        What estimates, and what is estimated.
    database_version
        Of the backend's operators.
    """

    package: Package
    shape: Shape
    database_version: str

    def estimate(self, mode: str, batch_size: int, input_len: int, output_len: int) -> Any:
        """Return the package's result for a batch of prompts or of decoding requests."""
        shape = self.shape
        return self.package.estimate(
            shape.model,
            system_of(shape.device),
            mode=mode,
            backend_name=BACKEND,
            backend_version=self.database_version,
            isl=input_len,
            osl=output_len,
            batch_size=batch_size,
            tp_size=shape.intra_op,
            pp_size=shape.inter_op,
            # Experts are cut like everything else; dense models ignore these two.
            moe_tp_size=shape.intra_op,
            moe_ep_size=1,
        )


def estimate_shapes(
    request: ImportRequest,
    listener: ProgressListener,
    estimates: Callable[[ShapeEstimator, list[str]], list[Found]],
) -> tuple[list[Found], list[str], str]:
    """Estimate each model of the request on each of its device types.

    Configurations that the package cannot estimate are left out with a note.

    Parameters
    ----------
    request, listener
        What is asked for, and who is told how far it is.
    estimates
        Makes the estimates of one shape, and adds notes on what of it is left out.

    Returns
    -------
    All estimates, the notes, and the version of the package.

    Raises
    ------
    AlpaplanError
        If the package is absent, does not know a model or device type, or can estimate nothing
        of a model.
    """
    with _quiet():
        package = Package.load()
        models = tuple(dict.fromkeys(request.files))
        num_layers = _num_layers(package, models, request.devices)
        shapes = _shapes(models, request)
        # Once and not by each estimate, which would take ten times as long to find it out.
        versions = {
            device: package.newest_version(system=system_of(device), backend=BACKEND)
            for device in request.devices
        }
        found: list[Found] = []
        notes: list[str] = []
        estimated: set[str] = set()
        for number, shape in enumerate(shapes):
            listener(number, len(shapes))
            if shape.inter_op > num_layers[shape.model]:
                layers = f"the model has {num_layers[shape.model]} layers"
                notes.append(f"{shape}: left out: {layers}, which are fewer than stages")
                continue
            try:
                new = estimates(ShapeEstimator(package, shape, versions[shape.device]), notes)
            except Exception as error:  # whatever the package finds wrong with a configuration
                notes.append(f"{shape}: left out: {_reason(error)}")
                continue
            found += new
            if new:
                estimated.add(shape.model)
        listener(len(shapes), len(shapes))
    for model in models:
        if model not in estimated:
            why = next(note for note in notes if note.startswith(f"{model} on "))
            raise AlpaplanError(f"no configuration can be estimated: {why}")
    return found, notes, package.version


def _num_layers(package: Package, models: Sequence[str], devices: Sequence[str]) -> dict[str, int]:
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


def _shapes(models: Sequence[str], request: ImportRequest) -> list[Shape]:
    return [
        Shape(model, device, intra_op, inter_op)
        for model, device, intra_op, inter_op in itertools.product(
            models,
            dict.fromkeys(request.devices),
            request.intra_ops or INTRA_OPS,
            request.inter_ops or INTER_OPS,
        )
        if request.inter_ops is not None or inter_op == 1 or intra_op * inter_op <= MAX_DEVICES
    ]


def bytes_of(gibibytes: float) -> int:
    """Return the bytes of a number of GiB, rounded up."""
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
