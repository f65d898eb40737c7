"""Keys of a configuration to feed-forward layers and experts."""

from __future__ import annotations

from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.config_layers import UnreadableError, layers_with_experts, letters
from alpaplan.profiling.families import ExpertRule, Family
from alpaplan.profiling.feed_forward import Experts, Mlp


def feed_forward_of(
    keys: ConfigKeys, family: Family, num_layers: int | None, hidden: int | None
) -> list[Mlp | Experts | None]:
    """Return each block's feed-forward layer.

    Raises
    ------
    UnreadableError
        If a block's layer is amiss; what is wrong is noted.
    """
    mlp = _mlp(keys, family, hidden)
    has_experts = bool(family.experts) and keys.flag(
        family.experts_key, default=family.experts_key is None
    )
    if family.expert_rule is ExpertRule.LETTERS:
        has_experts = keys.given(family.experts) is not None
    experts = _experts(keys, family, mlp) if has_experts else None
    if num_layers is None or (mlp is None and experts is None):
        raise UnreadableError
    sparse = layers_with_experts(keys, family, num_layers) if has_experts else set()
    present = [True] * num_layers
    if family.expert_rule is ExpertRule.LETTERS:
        present = [letter in "E-" for letter in letters(keys, num_layers)]
    kinds: list[Mlp | Experts | None] = []
    for layer in range(num_layers):
        kind = experts if layer in sparse else mlp
        if kind is None:
            keys.count(family.intermediate)
            raise UnreadableError
        kinds.append(kind if present[layer] else None)
    return kinds


def _mlp(keys: ConfigKeys, family: Family, hidden: int | None) -> Mlp | None:
    """Read the dense feed-forward layer; models whose blocks all have experts may lack it."""
    bias = keys.flag(family.mlp_bias_key, default=family.mlp_bias)
    factor = family.intermediate_factor
    if keys.given(family.intermediate) is None and factor is not None:
        return None if hidden is None else Mlp(factor * hidden, family.gated, bias)
    if keys.given(family.intermediate) is None and family.experts:
        return None
    width = keys.count(family.intermediate)
    return None if width is None else Mlp(width, family.gated, bias)


def _experts(keys: ConfigKeys, family: Family, mlp: Mlp | None) -> Experts | None:
    num_experts = keys.count(family.experts)
    num_per_token = keys.count(family.experts_per_token)
    width = keys.count(family.expert_intermediate)
    if num_experts is None or num_per_token is None or width is None:
        return None
    if num_per_token > num_experts:
        name = keys.given(family.experts_per_token) or family.experts_per_token[0]
        keys.report(name, f"must be at most the {num_experts} experts, found {num_per_token}")
    shared = mlp if family.dense_is_shared else _shared(keys, family, width)
    latent = family.latent_experts
    return Experts(
        num_experts=num_experts,
        num_per_token=num_per_token,
        expert=Mlp(width, family.gated, family.expert_bias),
        shared=shared,
        shared_gate=family.shared_gate and shared is not None,
        shared_is_own=family.dense_is_shared,
        num_router_vectors=family.num_router_vectors,
        scaled_router=family.scaled_router,
        latent_size=(latent and keys.optional((latent,), 0, least=0)) or None,
    )


def _shared(keys: ConfigKeys, family: Family, width: int) -> Mlp | None:
    if family.num_shared:
        width *= keys.optional(family.num_shared, 0, least=0)
    if family.shared_intermediate and (width or not family.num_shared):
        width = keys.count(family.shared_intermediate, least=0) or 0
    elif not family.num_shared:
        return None
    return Mlp(width, family.gated) if width else None
