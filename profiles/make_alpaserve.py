"""Make the profiles of AlpaServe's models (V100 16 GB) from the paper's Table 1.

Run it from anywhere, with alpaplan installed::

    python profiles/make_alpaserve.py [FOLDER]

It writes a model profile for each model into FOLDER (default: beside this script), and into its
folder ``layers`` a layer profile of those whose layers are published; running it again gives the
same bytes. What is measured is latency and size of each model in Table 1 of AlpaServe (Li et al.,
OSDI 2023, arXiv 2302.11665). Every other number follows from these two.

A model with t = intra_op devices for each stage, L and W being latency and size in Table 1, takes

    L * (1/t + c * (1 - 1/t))

where c, the cost of intra-op communication, comes from two all-reduces a layer of seq_len * hidden
fp16 values, each 2 * (t - 1)/t of its bytes over the link (ring all-reduce), so
c = 2 * (2 * layers * seq_len * hidden * 2 bytes) / (LINK_BYTES_PER_S * L). seq_len, hidden and
layers are those that AlpaServe serves (``bert_specs`` in benchmarks/alpa/bert_model.py of
github.com/alpa-projects/mms). This is the intra-op overhead of the paper's section 3.3. Weights
divide by t.

- Models whose shape is published: latency is divided among the attention and MLP halves of the
  layers by their multiply-adds, between which Alpa cuts too, after the embedding has what it takes
  to read and write its rows. Size is divided by parameters. A layer hands seq_len * hidden fp16
  values on, over the same link as the all-reduces. `alpaplan profile partition` cuts this chain.
  Sends were not measured alone. The sum over 2 to 16 stages was measured within 3% of one stage
  (GPT 2.6B and 6.7B, batch size 1; simulator/scripts/pipeline_latency/profile.csv there), and with
  this link it is 0.1 to 2.1% above, at intra_op 1. The 0.9% a stage of AlpaServe's simulator is for
  everything that stages cost, and belongs to the cluster file (``stage_overhead``).
- Others: stages are equal, sends are left out, and c is C_DEFAULT.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.profiling.stages import cut_into_stages
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.units import BYTE_UNITS

DEVICE = "v100-16gb"
INTRA_OPS = (1, 2, 4, 8)
INTER_OPS = (1, 2, 4, 8, 16)
MAX_DEVICES = 32
LINK_BYTES_PER_S = 40_000_000_000
"""NVLink 2.0 between V100s of a p3.16xlarge: 50 GB/s nominal on a doubled link, 80% of it used."""
MEMORY_BYTES_PER_S = 900e9
"""HBM2 of a V100, nominal (NVIDIA's data sheet): what the embedding is limited by."""
C_DEFAULT = 0.15
"""Just above the 0.13-0.14 of the BERT models, as experts exchange tokens besides."""
VOCABULARY = 51200
VALUE_BYTES = 2
"""fp16."""
NANOSECONDS = 10**9


@dataclass(frozen=True)
class Shape:
    """What a transformer with equal layers is made of."""

    seq_len: int
    hidden: int
    num_layers: int

    @property
    def output_bytes(self) -> int:
        """Bytes that each layer hands on."""
        return self.seq_len * self.hidden * VALUE_BYTES


@dataclass(frozen=True)
class TableRow:
    """One model of AlpaServe's Table 1.

    Parameters
    ----------
    latency_s
        One request on as few devices as hold the model.
    weight_bytes
        Size of the model.
    shape
        Of its layers; None if not published: stages are equal then.
    min_devices
        Fewest devices that hold it, as stages; `latency_s` is of these.
    """

    latency_s: float
    weight_bytes: int
    shape: Shape | None = None
    min_devices: int = 1


TABLE_1 = {
    "bert-1.3b": TableRow(0.151, 2_400_000_000, Shape(2048, 2048, 24)),
    "bert-2.7b": TableRow(0.238, 5_400_000_000, Shape(2048, 2560, 32)),
    "bert-6.7b": TableRow(0.395, 13_400_000_000, Shape(2048, 4096, 32)),
    "bert-104b": TableRow(4.6, 208_000_000_000, min_devices=16),
    "moe-1.3b": TableRow(0.150, 2_600_000_000),
    "moe-2.4b": TableRow(0.171, 4_800_000_000),
    "moe-5.3b": TableRow(0.234, 10_600_000_000),
}


def communication_cost(row: TableRow) -> float:
    """Intra-op communication of infinitely many devices, over the latency on one: ``c``."""
    if row.shape is None:
        return C_DEFAULT
    num_reduces = 2 * row.shape.num_layers
    return 2 * num_reduces * row.shape.output_bytes / (LINK_BYTES_PER_S * row.latency_s)


def slowdown(row: TableRow, intra_op: int) -> float:
    """Latency over that on one device."""
    return 1 / intra_op + communication_cost(row) * (1 - 1 / intra_op)


def layer_profile(name: str, row: TableRow, shape: Shape) -> LayerProfileSpec:
    """Return the embedding and the halves of all layers.

    Work and parameters of the halves are those of Vaswani et al. 2017 (arXiv 1706.03762):
    projections 4 h^2 a token and scores 2 s h; the MLP, four times as wide as the model, 8 h^2.
    Halves are rounded to bytes and nanoseconds. The embedding has what is left to Table 1.
    """
    square = shape.hidden**2
    work = (4 * square + 2 * shape.seq_len * shape.hidden, 8 * square)
    parameters = (4 * square, 8 * square)
    embedding = (VOCABULARY + shape.seq_len) * shape.hidden
    all_parameters = shape.num_layers * sum(parameters) + embedding
    weights = [round(row.weight_bytes * part / all_parameters) for part in parameters]
    lookup_s = 2 * shape.output_bytes / MEMORY_BYTES_PER_S
    first_ns, halves_ns = {}, {}
    for intra_op in INTRA_OPS:
        factor = slowdown(row, intra_op) * NANOSECONDS
        layer_ns = (row.latency_s - lookup_s) * factor / shape.num_layers
        halves_ns[intra_op] = [round(layer_ns * part / sum(work)) for part in work]
        total_ns = round(row.latency_s * factor)
        first_ns[intra_op] = total_ns - shape.num_layers * sum(halves_ns[intra_op])
    first_bytes = row.weight_bytes - shape.num_layers * sum(weights)
    layers = [_layer(shape, "embedding", first_bytes, first_ns)]
    for index in range(shape.num_layers):
        for half, kind in enumerate(("attention", "mlp")):
            half_ns = {intra_op: halves[half] for intra_op, halves in halves_ns.items()}
            layers.append(_layer(shape, f"{kind}-{index}", weights[half], half_ns))
    return LayerProfileSpec.model_validate(
        {
            "kind": "layer-profile",
            "version": 1,
            "name": name,
            "source": f"{measured(row)} {derived_layers(row, shape)}",
            "device": DEVICE,
            "link": {"latency_s": 0, "bandwidth_bytes_per_s": LINK_BYTES_PER_S},
            "layers": layers,
        }
    )


def _layer(
    shape: Shape, name: str, weight_bytes: int, latency_ns: dict[int, int]
) -> dict[str, object]:
    return {
        "name": name,
        "weight_bytes": weight_bytes,
        "latency_s": {t: {1: ns / NANOSECONDS} for t, ns in latency_ns.items()},
        "output_bytes": {1: shape.output_bytes},
    }


def cut_profile(layers: LayerProfileSpec) -> ModelProfileSpec:
    """Cut layers into stages, in every configuration that is not too large."""
    profile = cut_into_stages(layers, intra_ops=INTRA_OPS, inter_ops=INTER_OPS).profile
    configs = [config for config in profile.configs if config.num_devices <= MAX_DEVICES]
    return profile.model_copy(update={"configs": tuple(configs)})


def equal_profile(name: str, row: TableRow) -> ModelProfileSpec:
    """Return a profile with equal stages: to the microsecond, weights up to the megabyte."""
    configs = []
    for intra_op in INTRA_OPS:
        for inter_op in INTER_OPS:
            if not row.min_devices <= intra_op * inter_op <= MAX_DEVICES:
                continue
            stage_s = round(row.latency_s * slowdown(row, intra_op) / inter_op, 6)
            megabytes = math.ceil(row.weight_bytes / (intra_op * inter_op) / BYTE_UNITS["MB"])
            configs.append(
                {
                    "device": DEVICE,
                    "intra_op": intra_op,
                    "inter_op": inter_op,
                    "stage_weight_bytes": [f"{megabytes}MB"] * inter_op,
                    "stage_latency_s": {1: [stage_s] * inter_op},
                }
            )
    source = f"{measured(row)} {derived_configs(row)}"
    return ModelProfileSpec.model_validate(
        {"kind": "model-profile", "version": 1, "name": name, "source": source, "configs": configs}
    )


def measured(row: TableRow) -> str:
    """Return what is measured."""
    return (
        "Measured: AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665) Table 1, V100 16 GB, "
        f"{row.latency_s * 1e3:g} ms and {row.weight_bytes / 1e9:g} GB, taken for intra_op 1, "
        f"inter_op {row.min_devices}."
    )


def derived_layers(row: TableRow, shape: Shape) -> str:
    """Return how layers are derived from what is measured."""
    return (
        f"Derived by profiles/make_alpaserve.py, not measured: its division among the attention "
        f"and MLP halves of {shape.num_layers} layers of {shape.hidden} hidden, by multiply-adds "
        f"and parameters; higher intra_op, as L * (1/intra_op + c * (1 - 1/intra_op)) with c = "
        f"{communication_cost(row):.3f} for all-reduces; sends, at {LINK_BYTES_PER_S / 1e9:g} GB/s."
        f" Working memory is left to the cluster's reserved memory."
    )


def derived_configs(row: TableRow) -> str:
    """Return how configurations are derived from what is measured."""
    return (
        f"Derived by profiles/make_alpaserve.py, not measured: all other configurations, as "
        f"L * (1/intra_op + c * (1 - 1/intra_op)) with c = {communication_cost(row):.3f} for "
        f"all-reduces; stages are equal (layers not published); weights divide by intra_op. "
        f"Working memory is left to the cluster's reserved memory."
    )


def main(folder: Path) -> None:
    """Write all profiles into the folder."""
    (folder / "layers").mkdir(exist_ok=True)
    for name, row in TABLE_1.items():
        if row.shape is None:
            profile = equal_profile(name, row)
        else:
            layers = layer_profile(name, row, row.shape)
            profile = cut_profile(layers)
            path = folder / "layers" / f"{name}.yaml"
            path.write_text(profile_to_yaml(layers), encoding="utf-8")
        (folder / f"{name}.yaml").write_text(profile_to_yaml(profile), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
