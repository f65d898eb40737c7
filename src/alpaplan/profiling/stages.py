"""A layer profile to a model profile: every configuration with the best cuts into stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alpaplan.errors import InfeasibleError, Issue, SpecError
from alpaplan.profiling.chain import PICOSECONDS, LayerChain, layer_chain
from alpaplan.profiling.cuts import Cuts, best_cuts, smallest_memory_bytes
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.parallel_config import MAX_PARALLELISM
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.stages import StageLayers
from alpaplan.units import exact_bytes

DEFAULT_STAGE_COUNTS = (1, 2, 4, 8, 16)
"""Numbers of stages that are tried unless others are asked for, up to the number of layers."""


@dataclass(frozen=True)
class TooLarge:
    """A configuration that does not keep the memory limit, however it is cut.

    Parameters
    ----------
    intra_op, inter_op
        The configuration.
    needed_bytes
        Least memory that its largest stage takes on each device, of all cuts.
    """

    intra_op: int
    inter_op: int
    needed_bytes: int

    def describe(self, limit_bytes: int) -> str:
        """Describe what it needs and what there is."""
        return (
            f"intra_op {self.intra_op}, inter_op {self.inter_op} needs "
            f"{exact_bytes(self.needed_bytes)} on each device of its largest stage, "
            f"but only {exact_bytes(limit_bytes)} are available"
        )


@dataclass(frozen=True)
class StagedProfile:
    """What comes of a layer profile.

    Parameters
    ----------
    profile
        The configurations that keep the memory limit.
    left_out
        Those that do not.
    """

    profile: ModelProfileSpec
    left_out: tuple[TooLarge, ...]


def largest_stage_count(layers: LayerProfileSpec) -> int:
    """Return the largest `inter_op`: the number of layers, up to what profiles allow."""
    return min(len(layers.layers), MAX_PARALLELISM)


def cut_into_stages(
    layers: LayerProfileSpec,
    *,
    intra_ops: Sequence[int] | None = None,
    inter_ops: Sequence[int] | None = None,
    memory_limit_bytes: int | None = None,
    name: str | None = None,
) -> StagedProfile:
    """Cut a model into stages, for each `intra_op` and `inter_op` as well as can be.

    Cuts are judged at batch size 1 (see `alpaplan.profiling.cuts`), and other batch sizes use the
    same. A stage's latency is the sum of its layers' and, unless it is the last, of the link's
    latency and its output over the bandwidth.

    Parameters
    ----------
    layers
        The layers, in order.
    intra_ops
        Which of the profiled ones to use; all by default.
    inter_ops
        Numbers of stages, up to `largest_stage_count`; `DEFAULT_STAGE_COUNTS` by default.
    memory_limit_bytes
        Most memory that weights and activations of a stage may take on each device.
    name
        Name of the model profile, if not that of the layer profile.

    Raises
    ------
    SpecError
        If there is no batch size 1, or the layers together are too long or too large.
    InfeasibleError
        If no configuration keeps the memory limit: with the bytes that each needs.
    """
    intra_ops = intra_ops or sorted(layers.layers[0].latency_s)
    inter_ops = inter_ops or [k for k in DEFAULT_STAGE_COUNTS if k <= largest_stage_count(layers)]
    batch_sizes = sorted(layers.layers[0].output_bytes)
    _require_batch_size_1(batch_sizes, intra_ops[0])
    configs: list[ProfiledConfig] = []
    left_out: list[TooLarge] = []
    for intra_op in intra_ops:
        chains = {size: layer_chain(layers, intra_op, size) for size in batch_sizes}
        found = best_cuts(chains[1], inter_ops, memory_limit_bytes)
        configs += [_config(layers, chains, found[k]) for k in inter_ops if k in found]
        missing = [k for k in inter_ops if k not in found]
        if missing:
            needed = smallest_memory_bytes(chains[1], missing)
            left_out += [TooLarge(intra_op, k, needed[k]) for k in missing]
    if not configs:
        limit = memory_limit_bytes or 0
        lines = [f"  {item.describe(limit)}" for item in left_out]
        raise InfeasibleError("\n".join([f"no configuration of {layers.name!r} fits", *lines]))
    profile = ModelProfileSpec(
        kind="model-profile",
        version=1,
        name=name or layers.name,
        source=_source(layers, memory_limit_bytes),
        configs=tuple(configs),
    )
    return StagedProfile(profile, tuple(left_out))


def _require_batch_size_1(batch_sizes: Sequence[int], intra_op: int) -> None:
    if 1 not in batch_sizes:
        found = ", ".join(map(str, batch_sizes))
        what = f"must have batch size 1 to be cut into stages, found {found}"
        raise SpecError("layer-profile", [Issue(("layers", 0, "latency_s", intra_op), what)])


def _config(
    layers: LayerProfileSpec, chains: Mapping[int, LayerChain], cuts: Cuts
) -> ProfiledConfig:
    """Return the configuration that cuts give; `chains` has one for each batch size."""
    chain = chains[1]
    latency_s, activation_bytes = {}, {}
    for size, sized in chains.items():
        stages_ps = [sized.latencies_ps(b)[a] for a, b in cuts.ranges]
        latency_s[size] = tuple(int(stage_ps) / PICOSECONDS for stage_ps in stages_ps)
        activation_bytes[size] = tuple(
            int(sized.activation_bytes[a:b].max()) for a, b in cuts.ranges
        )
    return ProfiledConfig(
        device=layers.device,
        intra_op=chain.intra_op,
        inter_op=len(cuts.ranges),
        stage_weight_bytes=tuple(int(chain.stage_weight_bytes(b, a)[0]) for a, b in cuts.ranges),
        stage_latency_s=latency_s,
        stage_activation_bytes=activation_bytes if _has_activations(layers) else None,
        stages=tuple(StageLayers(layers=(a, b - 1)) for a, b in cuts.ranges),
    )


def _has_activations(layers: LayerProfileSpec) -> bool:
    return any(layer.activation_bytes is not None for layer in layers.layers)


def _source(layers: LayerProfileSpec, memory_limit_bytes: int | None) -> str:
    """Return where the profile comes from, after what the layers say of themselves."""
    limit = "" if memory_limit_bytes is None else f" within {memory_limit_bytes} bytes of a device"
    made = f"Stages cut by alpaplan from {len(layers.layers)} layers{limit}, the longest shortest."
    return f"{layers.source} {made}" if layers.source else made
