"""A model's layers on paper: the layer profile that measuring them would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.blocks import (
    block_activation_bytes,
    block_kv_cache_bytes,
    block_s,
    block_weight_bytes,
    embedding_s,
    head_activation_bytes,
    head_s,
)
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.specs.fields import MAX_QUANTITY
from alpaplan.specs.layers import Layer, LayerProfileSpec, Link

BATCH_SIZES = (1, 2, 4, 8)
PARALLELISMS = (1, 2, 4, 8)
"""Numbers of devices and of stages that are estimated unless others are asked for."""


@dataclass(frozen=True)
class Sweep:
    """What is estimated.

    Parameters
    ----------
    input_len
        Tokens of a prompt.
    batch_sizes
        Prompts at a time, 1 among them.
    intra_ops
        Devices that share each operator; those that cannot share the heads are passed over.
    inter_ops
        Numbers of stages, up to the number of blocks.
    """

    input_len: int
    batch_sizes: tuple[int, ...] = BATCH_SIZES
    intra_ops: tuple[int, ...] = PARALLELISMS
    inter_ops: tuple[int, ...] = PARALLELISMS

    def prefill(self, size: int, intra_op: int) -> Prefill:
        """Return what is run at one batch size."""
        return Prefill(size, self.input_len, intra_op)


def by_weights(inter_ops: Sequence[int]) -> list[tuple[list[int], bool]]:
    """Return one stage apart from several: only there, tied weights are there once."""
    parts = [([k for k in inter_ops if (k == 1) is one], one) for one in (True, False)]
    return [(counts, one) for counts, one in parts if counts]


@dataclass(frozen=True)
class LayerEstimate:
    """A model's layers (embedding, blocks, head) on one device type at one `intra_op`.

    Parameters
    ----------
    transformer, roofline, sweep
        The model, what it runs on, and how.
    intra_op
        Devices that share each layer.
    """

    transformer: Transformer
    roofline: Roofline
    sweep: Sweep
    intra_op: int

    def prefill(self, batch_size: int) -> Prefill:
        """Return what is run at one batch size."""
        return self.sweep.prefill(batch_size, self.intra_op)

    @property
    def num_layers(self) -> int:
        """Embedding, blocks and head."""
        return len(self.transformer.blocks) + 2

    def weight_bytes(self, *, one_stage: bool) -> list[int]:
        """Weights of each layer before they are shared; tied ones twice unless in one stage."""
        model = self.transformer
        plain = self.roofline.unquantized  # what is quantized is the blocks
        tied = model.num_tied_parameters if one_stage else 0
        per_block = {
            block: block_weight_bytes(block, model.hidden_size, self.roofline)
            for block in model.kinds
        }
        return [
            plain.weights_bytes(model.num_embedding_parameters),
            *(per_block[block] for block in model.blocks),
            plain.weights_bytes(model.num_head_parameters - tied),
        ]

    def kv_cache_bytes(self, batch_size: int) -> list[int]:
        """Keys and values of each layer on each device."""
        prefill, dtype = self.prefill(batch_size), self.roofline.dtype
        model = self.transformer
        per_block = {block: block_kv_cache_bytes(block, prefill, dtype) for block in model.kinds}
        return [0, *(per_block[block] for block in model.blocks), 0]

    def activation_bytes(self, batch_size: int) -> list[int]:
        """Peak working memory of each layer on each device, keys and values not included."""
        prefill, dtype = self.prefill(batch_size), self.roofline.dtype
        model = self.transformer
        per_block = {
            block: block_activation_bytes(block, model.hidden_size, prefill, dtype)
            for block in model.kinds
        }
        return [
            self._hidden_bytes(batch_size),
            *(per_block[block] for block in model.blocks),
            head_activation_bytes(model, prefill, dtype),
        ]

    def latency_s(self, batch_size: int) -> list[float]:
        """Latency of each layer."""
        model, prefill = self.transformer, self.prefill(batch_size)
        per_block = {
            block: block_s(block, model.hidden_size, prefill, self.roofline)
            for block in model.kinds
        }
        return [
            embedding_s(model, prefill, self.roofline),
            *(per_block[block] for block in model.blocks),
            head_s(model, prefill, self.roofline),
        ]

    def _hidden_bytes(self, batch_size: int) -> int:
        width = self.transformer.hidden_size * self.roofline.dtype.activation_bytes
        return self.prefill(batch_size).num_tokens * width

    def spec(self, *, one_stage: bool = False) -> LayerProfileSpec:
        """Return the layers as a layer profile.

        Keys and values are not in it: they add up over the layers of a stage, as weights do and
        working memory does not.

        Parameters
        ----------
        one_stage
            Whether embedding and head lie on the same devices and can share weights.

        Raises
        ------
        AlpaplanError
            If it is all too large for a document.
        """
        sizes, model = self.sweep.batch_sizes, self.transformer
        names = ["embedding", *(f"block-{n}" for n in range(len(model.blocks))), "head"]
        weights = self.weight_bytes(one_stage=one_stage)
        latencies = {size: self.latency_s(size) for size in sizes}
        activations = {size: self.activation_bytes(size) for size in sizes}
        largest = sum(weights) + sum(map(sum, activations.values()))
        if largest > MAX_QUANTITY:
            raise AlpaplanError(
                f"must be at most {MAX_QUANTITY:g} bytes of weights and working memory, "
                f"found {largest:.3g}: the model, --input-len or --batch is too large"
            )
        layers = tuple(
            Layer(
                name=name,
                weight_bytes=weights[index],
                latency_s={self.intra_op: {size: latencies[size][index] for size in sizes}},
                output_bytes={size: self._hidden_bytes(size) for size in sizes},
                activation_bytes={size: activations[size][index] for size in sizes},
            )
            for index, name in enumerate(names)
        )
        link = Link(
            latency_s=self.roofline.send_s,
            bandwidth_bytes_per_s=round(self.roofline.send_bytes_per_s),
        )
        return LayerProfileSpec(
            kind="layer-profile",
            version=1,
            name=self.transformer.model_type,
            device=self.roofline.device.name,
            link=link,
            layers=layers,
        )
