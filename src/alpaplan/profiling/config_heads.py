"""``architectures`` of a configuration to what stands behind the blocks."""

from __future__ import annotations

from collections.abc import Mapping

from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.families import Family
from alpaplan.profiling.heads import Head, Task

NUM_LABELS = 2
"""Labels where no key gives their number, as in Transformers' base configuration."""


def head_of(keys: ConfigKeys, family: Family, vocab_size: int) -> tuple[Head, tuple[str, ...]]:
    """Return the head of the class that a configuration names, and what is assumed of it.

    Without a name, decoders get scores of the vocabulary and encoders their pooler.
    """
    name = _architecture(keys)
    if name is None:
        return _default(keys, family, vocab_size), ()
    task = Task.of(name)
    if task is None:
        assumed = "scores of the vocabulary" if family.causal else "hidden states"
        note = f"What {name[:60]!r} computes is not known; taken to be {assumed}."
        return _default(keys, family, vocab_size), (note,)
    return _head(keys, family, task, name, vocab_size), ()


def _default(keys: ConfigKeys, family: Family, vocab_size: int) -> Head:
    if not family.causal and not family.decoder_layers:
        return Head(dense=family.pooler)
    tied = keys.flag("tie_word_embeddings", default=family.tied)
    return Head(vocab_size, tied=tied, bias=family.head_bias)


def has_decoder(keys: ConfigKeys, family: Family) -> bool:
    """Whether a decoder follows the encoder: not if the class is the encoder alone."""
    name = _architecture(keys) or ""
    return bool(family.decoder_layers) and "Encoder" not in name


def _architecture(keys: ConfigKeys) -> str | None:
    names = keys.outer.get("architectures", keys.data.get("architectures"))
    name = names[0] if isinstance(names, list) and names else None
    return name if isinstance(name, str) else None


def _head(keys: ConfigKeys, family: Family, task: Task, name: str, vocab_size: int) -> Head:
    if task is Task.VOCABULARY:
        tied = keys.flag("tie_word_embeddings", default=family.tied)
        return Head(vocab_size, tied=tied, bias=family.head_bias)
    if task is Task.WHOLE_VOCABULARY:
        tied = keys.flag("tie_word_embeddings", default=True)
        return Head(
            vocab_size,
            each_token=True,
            bias=True,
            tied=tied,
            dense=True,
            dense_bias=not family.prediction_head,
            num_dense_norms=1 + family.norm_bias,
        )
    if task is Task.HIDDEN_STATES:
        return Head(dense=family.pooler and not family.causal)
    num_labels = _num_labels(keys)
    if family.prediction_head:
        each_token = task is Task.LABELS_OF_ALL
        return Head(
            num_labels, each_token, bias=True, dense=True, dense_bias=False, num_dense_norms=1
        )
    if task is Task.LABELS_OF_ALL:
        num_labels = 2 if name.endswith("ForQuestionAnswering") else num_labels
        return Head(num_labels, each_token=True, bias=True)
    if name.endswith("RewardModel"):  # of Qwen 2.5: two products with biases, and one reward
        each_token = name.endswith("ProcessRewardModel")
        return Head(2 if each_token else 1, each_token=each_token, bias=True, dense=True)
    return Head(num_labels, bias=not family.causal, dense=not family.causal)


def _num_labels(keys: ConfigKeys) -> int:
    for data in (keys.outer, keys.data):
        labels = data.get("id2label")
        if isinstance(labels, Mapping) and labels:
            return len(labels)
    return keys.around.optional(("num_labels",), NUM_LABELS)
