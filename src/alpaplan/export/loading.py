"""What the document of models says of each model of a plan, and whether it can be so."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.export.inputs import ExportInputs
from alpaplan.export.layers import blocks_of_stages
from alpaplan.specs.plan import GroupSpec, ReplicaSpec
from alpaplan.units import exact_bytes


def wrong_models(given: ExportInputs) -> Iterator[str]:
    """Yield a line for everything in the document that the plan does not allow."""
    overhead = given.inputs.cluster.serving.process_overhead_bytes
    for model in given.served:
        found = given.loaded(model)
        if found is None:
            continue
        name, loaded = found
        context = given.model[model].max_context_tokens
        if context is not None and loaded.max_model_len not in (None, context):
            what = f"must be the max_context_tokens of the LLM {model!r} ({context})"
            message = f"{what}, found {loaded.max_model_len}"
            yield given.models.wrong(name, "max_model_len", message)
        if loaded.kv_cache_bytes is None:
            continue
        if context is not None:
            what = f"is for fixed-service models: the plan has the KV cache of the LLM {model!r}"
            yield given.models.wrong(name, "kv_cache_bytes", what)
        elif loaded.kv_cache_bytes > overhead:
            limit = f"the cluster's process_overhead_bytes, {exact_bytes(overhead)}"
            message = f"must be at most {limit}, found {exact_bytes(loaded.kv_cache_bytes)}"
            yield given.models.wrong(name, "kv_cache_bytes", message)


def wrong_layers(given: ExportInputs) -> Iterator[str]:
    """Yield a line for each shape whose stages cannot be blocks as the document counts them."""
    for group in given.groups:
        for replica in group.replicas:
            try:
                blocks(given, group, replica)
            except ValueError as error:
                shape = f"group shape {group.intra_op}x{group.inter_op}"
                found = given.loaded(replica.model)
                name = replica.model if found is None else found[0]
                yield given.models.wrong(name, "num_layers", f"{shape}: {error}")


def blocks(given: ExportInputs, group: GroupSpec, replica: ReplicaSpec) -> tuple[int, ...] | None:
    """Return the blocks of each stage; None if nobody says what they are.

    Raises
    ------
    ValueError
        If they cannot be.
    """
    profile = given.inputs.profiles[given.model[replica.model].profile]
    config = profile.find_config(group.device, group.intra_op, group.inter_op)
    stages = replica.stages or (None if config is None else config.stages)
    found = given.loaded(replica.model)
    if stages is None or found is None or found[1].num_layers is None:
        return None
    return blocks_of_stages(stages, found[1].num_layers, found[1].first_block)


def kv_cache_bytes(given: ExportInputs) -> dict[int, int]:
    """Return the number of each fixed-service model with a KV cache of its own -> that cache."""
    found = {model: given.loaded(model) for model in given.served}
    return {
        given.number[model]: entry[1].kv_cache_bytes
        for model, entry in found.items()
        if entry is not None and entry[1].kv_cache_bytes is not None
    }
