"""Make the profiles of AlpaServe's models (V100 16 GB) from the paper's Table 1.

Run it from anywhere, with Python 3.11 or later and nothing else installed::

    python profiles/make_alpaserve.py [FOLDER]

It writes one YAML file a model into FOLDER (default: beside this script); running it again
gives the same bytes. What is measured is latency and size of each model in Table 1 of
AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665). Every other number follows from these two by

    latency(t, p)[s] = L * (1/t + c * (1 - 1/t)) * share[s]
    weights(t, p)[s] = W * weight_share[s] / t

with t = intra_op, p = inter_op, L and W from Table 1, and

- c, the cost of intra-op communication: two all-reduces a layer of seq_len * hidden fp16 values,
  each 2 * (t - 1)/t of its bytes over the link (ring all-reduce), so
  c = 2 * (2 * layers * seq_len * hidden * 2 bytes) / (LINK_BYTES_PER_S * L).
  seq_len, hidden and layers are those that AlpaServe serves (``bert_specs`` in
  benchmarks/alpa/bert_model.py of github.com/alpa-projects/mms). Models whose shape is not
  published get C_DEFAULT. This is the intra-op overhead of the paper's section 3.3.
- share, the uneven partition of the paper's section 3.3: Alpa cuts between operators, here
  between the attention and the MLP half of a layer, so that the longest stage is as short as
  possible. The work of a half is its multiply-adds.
- no term for sending activations between stages: the sum over 2 to 16 stages was measured within 3%
  of one stage (GPT 2.6B and 6.7B, batch size 1; simulator/scripts/pipeline_latency/profile.csv
  there), and its simulator's 0.9% a stage belongs to the cluster file (``stage_overhead``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from profile_yaml import Config, write_profile

DEVICE = "v100-16gb"
INTRA_OPS = (1, 2, 4, 8)
INTER_OPS = (1, 2, 4, 8, 16)
MAX_DEVICES = 32
LINK_BYTES_PER_S = 40e9
"""NVLink 2.0 between V100s of a p3.16xlarge: 50 GB/s nominal on a doubled link, 80% of it used."""
C_DEFAULT = 0.15
"""Just above the 0.13-0.14 of the BERT models, as experts exchange tokens besides."""
VOCABULARY = 51200


@dataclass(frozen=True)
class Shape:
    """What a transformer with equal layers is made of."""

    seq_len: int
    hidden: int
    num_layers: int


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
    weight_bytes: float
    shape: Shape | None = None
    min_devices: int = 1


TABLE_1 = {
    "bert-1.3b": TableRow(0.151, 2.4e9, Shape(2048, 2048, 24)),
    "bert-2.7b": TableRow(0.238, 5.4e9, Shape(2048, 2560, 32)),
    "bert-6.7b": TableRow(0.395, 13.4e9, Shape(2048, 4096, 32)),
    "bert-104b": TableRow(4.6, 208e9, min_devices=16),
    "moe-1.3b": TableRow(0.150, 2.6e9),
    "moe-2.4b": TableRow(0.171, 4.8e9),
    "moe-5.3b": TableRow(0.234, 10.6e9),
}


def communication_cost(row: TableRow) -> float:
    """Intra-op communication of infinitely many devices, over the latency on one: ``c``."""
    if row.shape is None:
        return C_DEFAULT
    num_reduces = 2 * row.shape.num_layers
    bytes_each = row.shape.seq_len * row.shape.hidden * 2
    return 2 * num_reduces * bytes_each / (LINK_BYTES_PER_S * row.latency_s)


def half_layers(shape: Shape) -> list[tuple[float, float]]:
    """(multiply-adds, parameters) of each attention and each MLP half, in order.

    Vaswani et al. 2017 (arXiv 1706.03762): projections 4 h^2 a token and scores 2 s h;
    the MLP, four times as wide as the model, 8 h^2.
    """
    square = shape.hidden**2
    attention = (4.0 * square + 2.0 * shape.seq_len * shape.hidden, 4.0 * square)
    mlp = (8.0 * square, 8.0 * square)
    return [attention, mlp] * shape.num_layers


def partition(work: Sequence[float], num_stages: int) -> list[int]:
    """First item of each stage when the largest stage is as small as possible.

    Dynamic program over (items, stages); of equal cuts the earliest.
    """
    prefix = [0.0]
    for item in work:
        prefix.append(prefix[-1] + item)
    largest = [0.0] + [float("inf")] * len(work)
    cuts: list[list[int]] = []
    for _ in range(num_stages):
        previous, largest = largest, [float("inf")] * (len(work) + 1)
        cut = [0] * (len(work) + 1)
        for end in range(1, len(work) + 1):
            for start in range(end):
                size = max(previous[start], prefix[end] - prefix[start])
                if size < largest[end]:
                    largest[end], cut[end] = size, start
        cuts.append(cut)
    firsts, end = [], len(work)
    for cut in reversed(cuts):
        end = cut[end]
        firsts.append(end)
    return firsts[::-1]


def stage_shares(row: TableRow, num_stages: int) -> tuple[list[float], list[float]]:
    """Shares of each stage in the latency and in the weights; both sum to 1."""
    if row.shape is None:
        return [1 / num_stages] * num_stages, [1 / num_stages] * num_stages
    halves = half_layers(row.shape)
    firsts = partition([work for work, _ in halves], num_stages)
    spans = [
        halves[first:end] for first, end in zip(firsts, [*firsts[1:], len(halves)], strict=True)
    ]
    work = [sum(half[0] for half in span) for span in spans]
    parameters = [sum(half[1] for half in span) for span in spans]
    # The embedding looks rows up: weights of the first stage, and no work to speak of.
    parameters[0] += (VOCABULARY + row.shape.seq_len) * row.shape.hidden
    return [w / sum(work) for w in work], [p / sum(parameters) for p in parameters]


def configs(row: TableRow) -> list[Config]:
    """Every parallel configuration that is derived for the model."""
    cost = communication_cost(row)
    found = []
    for intra_op in INTRA_OPS:
        for inter_op in INTER_OPS:
            if not row.min_devices <= intra_op * inter_op <= MAX_DEVICES:
                continue
            latency_s = row.latency_s * (1 / intra_op + cost * (1 - 1 / intra_op))
            latency_shares, weight_shares = stage_shares(row, inter_op)
            found.append(
                Config(
                    device=DEVICE,
                    intra_op=intra_op,
                    inter_op=inter_op,
                    weight_bytes=[row.weight_bytes * s / intra_op for s in weight_shares],
                    latency_s={1: [latency_s * share for share in latency_shares]},
                    activation_bytes={},
                )
            )
    return found


def source(row: TableRow) -> str:
    """Say what is measured and what is derived."""
    inter_op = f"intra_op 1, inter_op {row.min_devices}"
    uneven = "stages are equal (layers not published)"
    if row.shape is not None:
        uneven = (
            f"stages cut {row.shape.num_layers} layers of {row.shape.hidden} hidden between "
            "attention and MLP so that the longest is shortest, the first also has the embedding"
        )
    return (
        f"Measured: AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665) Table 1, V100 16 GB, "
        f"{row.latency_s * 1e3:g} ms and {row.weight_bytes / 1e9:g} GB, taken for {inter_op}. "
        f"Derived by profiles/make_alpaserve.py, not measured: all other configurations, as "
        f"L * (1/intra_op + c * (1 - 1/intra_op)) with c = {communication_cost(row):.3f} for "
        f"all-reduces; {uneven}; weights divide by intra_op. Working memory is left to "
        f"the cluster's reserved memory."
    )


def main(folder: Path) -> None:
    """Write all profiles into the folder."""
    for name, row in TABLE_1.items():
        write_profile(folder / f"{name}.yaml", name, source(row), configs(row))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
