"""How a published checkpoint quantizes its weights: what ``quantization_config`` says.

The keys are those of the tools that write them: Hugging Face Transformers (``quant_method`` of
``fp8``, ``awq``, ``gptq``, ``mxfp4``), compressed-tensors (``config_groups``) and NVIDIA ModelOpt
(``quant_algo``, often in a file ``hf_quant_config.json`` of its own).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from alpaplan.profiling.architecture import Block, Transformer
from alpaplan.profiling.devices import USUAL_GROUPS, Dtype, Groups
from alpaplan.profiling.feed_forward import Experts
from alpaplan.profiling.parts import Part

_ALGORITHMS = {
    "FP8": Dtype.FP8,
    "FP8_PB_WO": Dtype.FP8,
    "W4A16_AWQ": Dtype.INT4,
    "NVFP4": Dtype.NVFP4,
    "NVFP4_AWQ": Dtype.NVFP4,
    "W4A16_NVFP4": Dtype.NVFP4,
    "MXFP4": Dtype.MXFP4,
}
"""``quant_algo`` of ModelOpt -> number format."""

_FEED_FORWARD = ("mlp", "feed_forward", "ffn", "block_sparse_moe", "moe", "mixer")

_MODULES: Mapping[Part, tuple[str, ...]] = {
    Part.MIXER: tuple(
        f"{name}.{projection}"
        for name in ("self_attn", "attn", "attention", "linear_attn", "mixer")
        for projection in ("q_proj", "o_proj", "q_a_proj", "q_b_proj", "in_proj_qkv", "in_proj")
    ),
    Part.MLP: tuple(f"{name}.down_proj" for name in _FEED_FORWARD[:3]),
    Part.EXPERTS: tuple(f"{name}.experts.0.down_proj" for name in _FEED_FORWARD),
    Part.SHARED: tuple(
        f"{name}.{shared}.down_proj"
        for name in _FEED_FORWARD
        for shared in ("shared_experts", "shared_expert")
    ),
}
"""Names that families give to matrices of each part. One that is not quantized speaks for all."""

_MODULES_BESIDE: Mapping[Part, tuple[str, ...]] = {
    **_MODULES,
    Part.EXPERTS: ("experts.0.down_proj", "moe.experts.0.down_proj"),
    Part.SHARED: _MODULES[Part.MLP],
}
"""The same where the block's own feed-forward layer stands beside the experts."""


def _has_layer_beside_experts(block: Block) -> bool:
    return isinstance(block.mlp, Experts) and block.mlp.shared_is_own


_WIDE_KV = "Keys and values are counted in 16 bits, although the checkpoint has scales for fewer."


class UnsupportedQuantizationError(Exception):
    """A way to quantize that has no number format here; the message says which."""


@dataclass(frozen=True)
class Quantization:
    """What a checkpoint says of its weights.

    Parameters
    ----------
    dtype
        Number format of the quantized ones.
    groups
        Weights that share a scale, where the format leaves that open.
    block_shape
        Rows and columns that share a scale; shards of a matrix have to be whole numbers of them.
        0: any number.
    quantized_kv
        Whether the checkpoint has scales for keys and values of fewer bits.
    excluded
        Patterns of names of modules that are not quantized, as regular expressions.
    """

    dtype: Dtype
    groups: Groups = USUAL_GROUPS
    block_shape: tuple[int, int] = (0, 0)
    excluded: tuple[str, ...] = ()
    quantized_kv: bool = False

    def marked(self, transformer: Transformer) -> Transformer:
        """Return the model with its unquantized parts marked, and what is left out noted."""
        if self.quantized_kv:
            transformer = replace(transformer, notes=(*transformer.notes, _WIDE_KV))
        if not self.excluded:
            return transformer
        excluded = _Excluded(self.excluded)
        blocks = tuple(
            replace(block, unquantized=excluded.parts(layer, block))
            for layer, block in enumerate(transformer.blocks)
        )
        return replace(transformer, blocks=blocks)

    def misfit(self, transformer: Transformer, intra_op: int) -> str | None:
        """Return why `intra_op` devices cannot share the quantized matrices, or None if they can.

        Engines refuse to start where a shard is no whole number of blocks (vLLM,
        ``validate_fp8_block_shape``; of groups, where the shared dimension is the grouped one).
        """
        if intra_op == 1:
            return None
        num_rows, num_columns = self.block_shape
        for block in transformer.kinds:
            shards = _output_widths(block, intra_op, num_rows)
            shards += _input_widths(block, intra_op, num_columns)
            for what, width, blocks_of in shards:
                if width % blocks_of:
                    return (
                        f"{what} per device is {width}, which is not a multiple of the "
                        f"quantization block size, {blocks_of}"
                    )
        return None


def quantization_of(settings: Mapping[str, object]) -> Quantization:
    """Read a ``quantization_config``, or the ``quantization`` of a ``hf_quant_config.json``.

    Raises
    ------
    UnsupportedQuantizationError
        If the number format of the weights is none of `Dtype`, or differs from layer to layer.
    """
    weights = _weights_of_groups(settings.get("config_groups"))
    dtype = _dtype(settings, weights)
    group_size = _whole(weights.get("group_size"), settings.get("group_size"))
    block_shape = (0, group_size if dtype is Dtype.INT4 else 0)
    for shape in (settings.get("weight_block_size"), weights.get("block_structure")):
        if isinstance(shape, list) and len(shape) == 2:
            block_shape = (_whole(shape[0]), _whole(shape[1]))
    excluded = [
        name
        for key in ("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers")
        for name in _texts(settings.get(key))
    ]
    groups = Groups(group_size or Groups.num_weights, weights.get("symmetric") is not True)
    quantized_kv = any(settings.get(key) for key in ("kv_cache_quant_algo", "kv_cache_scheme"))
    return Quantization(dtype, groups, block_shape, tuple(excluded), quantized_kv)


def _dtype(settings: Mapping[str, object], weights: Mapping[str, object]) -> Dtype:
    algorithm = settings.get("quant_algo")
    if isinstance(algorithm, str) and algorithm:
        if algorithm not in _ALGORITHMS:
            raise UnsupportedQuantizationError(f"by {algorithm}")
        return _ALGORITHMS[algorithm]
    method = settings.get("quant_method")
    bits = settings.get("bits", settings.get("w_bit"))
    if method in ("fp8", "fbgemm_fp8"):
        return Dtype.FP8
    if method == "mxfp4":
        return Dtype.MXFP4
    if method in ("awq", "gptq") and bits == 4:
        return Dtype.INT4
    kinds: dict[tuple[object, object], Dtype] = {
        (8, "float"): Dtype.FP8,
        (4, "int"): Dtype.INT4,
        (4, "float"): Dtype.MXFP4 if weights.get("group_size") == 32 else Dtype.NVFP4,
    }
    found = kinds.get((weights.get("num_bits"), weights.get("type")))
    if found is None:
        raise UnsupportedQuantizationError(f"by {method}" if isinstance(method, str) else "")
    return found


def _weights_of_groups(groups: object) -> Mapping[str, object]:
    """Return what the groups of layers say of their weights; all have to say the same."""
    if not isinstance(groups, Mapping):
        return {}
    found = [group.get("weights") for group in groups.values() if isinstance(group, Mapping)]
    weights = [item for item in found if isinstance(item, Mapping)]
    if not weights:
        return {}
    kinds = {(item.get("num_bits"), item.get("type")) for item in weights}
    if len(kinds) > 1:
        raise UnsupportedQuantizationError("in several formats")
    return weights[0]


def _whole(*values: object) -> int:
    """Return the first of the values that is a whole number above 0, else 0."""
    return next((x for x in values if type(x) is int and x > 0), 0)


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _output_widths(block: Block, intra_op: int, blocks_of: int) -> list[tuple[str, int, int]]:
    """Return the widths that devices share of products whose outputs they share."""
    if not blocks_of:
        return []
    widths = []
    if block.mixer is not None and Part.MIXER not in block.unquantized:
        widths += [
            ("width of the attention heads", width) for width in block.mixer.output_widths(intra_op)
        ]
    widths += _intermediate_widths(block, intra_op)
    return [(what, width, blocks_of) for what, width in widths]


def _input_widths(block: Block, intra_op: int, blocks_of: int) -> list[tuple[str, int, int]]:
    """Return the widths that devices share of products whose inputs they share."""
    if not blocks_of:
        return []
    widths = _intermediate_widths(block, intra_op)
    if block.mixer is not None and Part.MIXER not in block.unquantized:
        widths.append(("width of the attention heads", block.mixer.input_width(intra_op)))
    return [(what, width, blocks_of) for what, width in widths]


def _intermediate_widths(block: Block, intra_op: int) -> list[tuple[str, int]]:
    return [
        (f"intermediate width of the {part}", -(-mlp.intermediate_size // intra_op))
        for part, mlp in block.feed_forward_parts.items()
        if part not in block.unquantized
    ]


_SLOW = re.compile(r"\)[*+?{]|^.{300}")
"""Expressions that could take for ever to match."""


_HOLDERS = frozenset({"", "*", "model", "language_model", "text_model", "backbone", "decoder"})
"""What families call that which holds the layers of their text part."""


class _Excluded:
    """Names of modules that are not quantized, by the layer that they speak of."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_layer: dict[str, list[re.Pattern[str]]] = {}
        for pattern in patterns:
            prefix, _, _ = pattern.rpartition("layers.")
            if not pattern.startswith("re:") and set(prefix.split(".")) - _HOLDERS:
                continue  # layers of another part, such as those that predict further tokens
            compiled, layer = _compiled(pattern)
            self._by_layer.setdefault(layer, []).append(compiled)

    def parts(self, layer: int, block: Block) -> frozenset[Part]:
        """Return the parts of a block of which a matrix is not quantized."""
        patterns = self._by_layer.get(str(layer), []) + self._by_layer.get("", [])
        present = (Part.MIXER, *block.feed_forward_parts)
        modules = _MODULES_BESIDE if _has_layer_beside_experts(block) else _MODULES
        names = {part: [f"layers.{layer}.{name}" for name in modules[part]] for part in present}
        return frozenset(
            part
            for part in present
            if any(pattern.fullmatch(name) for pattern in patterns for name in names[part])
        )


def _compiled(pattern: str) -> tuple[re.Pattern[str], str]:
    """Return the expression for a module's name from ``layers.`` on, and the layer it names.

    A name stands for all modules inside it, too. Whatever a model calls what holds its layers
    (``model.``, ``language_model.model.``) is left out.
    """
    if pattern.startswith("re:") and not _SLOW.search(pattern):
        try:
            return re.compile(rf"(?:{pattern[3:]}).*"), ""
        except re.error:
            pass
    _, found, rest = pattern.rpartition("layers.")
    if not found:
        rest = pattern if pattern.startswith("*") else f"*.{pattern}"
    number = re.match(r"\d+", rest) if found else None
    inside = ".*".join(map(re.escape, rest.split("*")))
    return re.compile(rf"{re.escape(found)}{inside}(?:\..*)?"), number[0] if number else ""
