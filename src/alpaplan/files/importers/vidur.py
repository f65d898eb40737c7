"""Vidur's profiles: measured times of one transformer layer and of collectives, by size.

Vidur (Agrawal et al., "Vidur", MLSys 2024, https://github.com/microsoft/vidur) profiles a layer's
operators but for the attention kernel, by tokens of a batch and `intra_op`, and all-reduces by
bytes. From them come

- a block's time: ``layer_ms_without_attention_kernel`` at the tokens of a batch of prompts, on a
  line between two rows, and, if devices share it, two all-reduces of the hidden states;
- estimated as in `alpaplan profile estimate`, since Vidur has no such numbers: the attention
  kernel, embedding and head, sends between stages, all-reduces if no file of collectives is there,
  and all memory, by the architectures of the models that Vidur profiled.

Batch sizes with more tokens than were measured are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers import cells
from alpaplan.files.importers.measurement import Measurement, file_names
from alpaplan.files.importers.request import (
    ImportRequest,
    MeasurementFormat,
    MeasurementReading,
    ProgressListener,
)
from alpaplan.files.importers.rows import Layout, parse_cells, read_rows
from alpaplan.files.importers.vidur_models import vidur_model
from alpaplan.files.line_issues import FileIssues, Place
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Device, Dtype
from alpaplan.profiling.estimate import staged_configs
from alpaplan.profiling.layer_estimate import PARALLELISMS, LayerEstimate, Sweep
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import STACKS
from alpaplan.registry import must_be_one_of

_LAYER_KEYS = ("model", "tp", "num_tokens")
_LAYER_MS = "layer_ms_without_attention_kernel"
LAYERS = Layout((*_LAYER_KEYS, _LAYER_MS), other_columns=True)

_NETWORK_KEYS = ("node_type", "collective", "num_workers", "devices_per_node", "size_bytes")
NETWORK = Layout((*_NETWORK_KEYS, "median_ms"), other_columns=True)

_CONVERTERS = {
    "model": cells.model,
    "tp": cells.parallelism,
    "num_tokens": cells.count,
    _LAYER_MS: cells.milliseconds,
}
_NETWORK_CONVERTERS = {
    "node_type": cells.name,
    "collective": cells.name,
    "num_workers": cells.count,
    "devices_per_node": cells.count,
    "size_bytes": cells.positive_bytes,
    "median_ms": cells.milliseconds,
}


@dataclass
class _Curve:
    """Measured seconds by a size."""

    seconds: dict[int, float] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        return max(self.seconds)

    def at(self, size: float) -> float:
        """Return the time on the line between two measured sizes, or the nearest one's."""
        sizes = sorted(self.seconds)
        return float(np.interp(size, sizes, [self.seconds[one] for one in sizes]))


@dataclass
class _Measured:
    """What all files say: layers by model and `intra_op`, all-reduces by node type and devices."""

    layers: dict[tuple[str, int], _Curve] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    all_reduces: dict[tuple[str, int], _Curve] = field(default_factory=dict)

    def all_reduces_on(self, device: str, num_devices: int) -> _Curve | None:
        """Return those of a node of a device type: a DGX for modules on a board, else any other."""
        gpu, _, board = device.partition("-")
        wanted = f"{gpu}_dgx" if board == "sxm" else f"{gpu}_pairwise_nvlink"
        return self.all_reduces.get((wanted, num_devices))


@dataclass(frozen=True)
class _MeasuredLayers(LayerEstimate):
    """Layers on paper but for the blocks, whose time was measured at each batch size."""

    measured: _Measured = field(default_factory=_Measured)
    model: str = ""

    def latency_s(self, batch_size: int) -> list[float]:
        """Latency of each layer."""
        embedding_s, *blocks_s, head_s = super().latency_s(batch_size)
        block_s = self._block_s(batch_size)
        return [embedding_s, *(block_s for _ in blocks_s), head_s]

    def _block_s(self, batch_size: int) -> float:
        prefill, roofline = self.prefill(batch_size), self.roofline
        (block,) = self.transformer.kinds
        attention = block.mixer
        if not isinstance(attention, Attention):
            raise TypeError(f"must be attention, found {attention!r}")
        numbers = prefill.num_tokens * self.transformer.hidden_size
        all_reduce_s = roofline.all_reduce_s(numbers, self.intra_op)
        measured = self.measured.all_reduces_on(roofline.device.name, self.intra_op)
        if measured is not None:
            all_reduce_s = measured.at(numbers * roofline.dtype.activation_bytes)
        num_sums = 1 if block.parallel else 2
        return (
            self.measured.layers[self.model, self.intra_op].at(prefill.num_tokens)
            + roofline.attention_s(attention, batch_size, prefill.input_len, self.intra_op)
            + num_sums * all_reduce_s
        )


def read(request: ImportRequest, _listener: ProgressListener) -> MeasurementReading:
    """Read profiles that were made on the one device type of the request.

    Raises
    ------
    AlpaplanError
        If the device is not in the catalog, or a prompt has more tokens than were measured.
    """
    device, input_len = _device(request), request.input_len or 0
    issues = FileIssues()
    measured = _read_files(request.files, issues)
    issues.raise_any()
    measurements: list[Measurement] = []
    notes: list[str] = []
    for model, place in measured.places.items():
        transformer = vidur_model(model)
        if transformer is None:
            what = "left out, as its architecture is not known here; try alpaplan profile estimate"
            notes.append(f"{model}: {what}")
            continue
        found = list(_configs(transformer, model, device, measured, request))
        for config in found:
            measurements += [
                Measurement(
                    model,
                    config.device,
                    config.intra_op,
                    config.inter_op,
                    size,
                    latency_s,
                    config.stage_weight_bytes,
                    (config.stage_activation_bytes or {}).get(size),
                    place,
                )
                for size, latency_s in config.stage_latency_s.items()
            ]
        if not found:
            tokens = f"prompts of {input_len} tokens in the memory of {device.name}"
            notes.append(f"{model}: left out, nothing was measured that serves {tokens}")
    has_network = any(measured.all_reduces_on(device.name, n) for n in PARALLELISMS)

    def source(model: str, found: Sequence[Measurement]) -> str:
        estimated = "the attention kernel, embedding, head, sends between stages and memory"
        blocks = "blocks and all-reduces" if has_network else "blocks"
        if not has_network:
            estimated += ", and all-reduces,"
        return (
            f"Prefill of prompts of {input_len} tokens by {model} in bf16 on {device.name}: "
            f"{blocks} as Vidur measured them, from {file_names(found)} (vidur); {estimated} are "
            "estimated as by alpaplan profile estimate."
        )

    return MeasurementReading(measurements, source, notes, issues)


def _configs(
    transformer: Transformer,
    model: str,
    device: Device,
    measured: _Measured,
    request: ImportRequest,
) -> Iterator[Any]:
    """Yield the configurations of a model that fit the device's memory."""
    roofline = Roofline(device, Dtype.BF16, next(iter(STACKS.values())))
    for intra_op in request.intra_ops or PARALLELISMS:
        curve = measured.layers.get((model, intra_op))
        if curve is None or not transformer.shares_into(intra_op):
            continue
        sizes = request.batch_sizes or PARALLELISMS
        kept = tuple(n for n in sizes if n * (request.input_len or 0) <= curve.largest)
        if 1 in kept:
            inter_ops = request.inter_ops or PARALLELISMS
            sweep = Sweep(request.input_len or 0, kept, inter_ops=inter_ops)
            layers = _MeasuredLayers(transformer, roofline, sweep, intra_op, measured, model)
            yield from staged_configs(layers, device.memory_bytes)[0]


def _read_files(files: Sequence[str], issues: FileIssues) -> _Measured:
    measured = _Measured()
    for path in files:
        for row in read_rows(path, LAYERS, issues, other=NETWORK):
            if "collective" in row.cells:
                values = parse_cells(row, _NETWORK_CONVERTERS, _NETWORK_KEYS, issues)
                if values is not None and "median_ms" in values:
                    _add_collective(measured, values)
                continue
            values = parse_cells(row, _CONVERTERS, _LAYER_KEYS, issues)
            if values is None or _LAYER_MS not in values:
                continue
            curve = measured.layers.setdefault((values["model"], values["tp"]), _Curve())
            if values["num_tokens"] in curve.seconds:
                what = f"duplicate {values['model']} tp {values['tp']}"
                issues.add(row.place, f"{what} num_tokens {values['num_tokens']}")
            curve.seconds[values["num_tokens"]] = values[_LAYER_MS]
            measured.places.setdefault(values["model"], row.place)
    return measured


def _add_collective(measured: _Measured, values: Mapping[str, Any]) -> None:
    """Keep an all-reduce among devices of one node."""
    num_devices = values["num_workers"]
    if values["collective"] == "all_reduce" and values["devices_per_node"] == num_devices:
        curve = measured.all_reduces.setdefault((values["node_type"], num_devices), _Curve())
        curve.seconds[values["size_bytes"]] = values["median_ms"]


def _device(request: ImportRequest) -> Device:
    if len(request.devices) != 1:
        what = "must be given once because the files do not name it"
        raise AlpaplanError(f"--device {what}, found {len(request.devices)}")
    (name,) = request.devices
    if name not in DEVICES:
        raise AlpaplanError(f"--device {must_be_one_of(DEVICES, name)}")
    return DEVICES[name]


FORMAT = MeasurementFormat(
    read, required=("--device", "--input-len"), optional=("--intra-op", "--inter-op")
)
