"""Architectures of the models that Vidur profiled, as their publishers' ``config.json`` say."""

from __future__ import annotations

from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.model_config import transformer_of


def _llama(layers: int, hidden: int, heads: int, kv_heads: int, mlp: int, vocab: int) -> _Config:
    return {
        "model_type": "llama",
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": mlp,
        "vocab_size": vocab,
        "tie_word_embeddings": False,
    }


_Config = dict[str, object]

_CONFIGS: dict[str, _Config] = {
    # https://huggingface.co/meta-llama/Llama-2-7b-hf
    "llama-2-7b-hf": _llama(32, 4096, 32, 32, 11008, 32000),
    # https://huggingface.co/meta-llama/Llama-2-70b-hf
    "llama-2-70b-hf": _llama(80, 8192, 64, 8, 28672, 32000),
    # https://huggingface.co/meta-llama/Meta-Llama-3-8B
    "meta-llama-3-8b": _llama(32, 4096, 32, 8, 14336, 128256),
    # https://huggingface.co/meta-llama/Meta-Llama-3-70B
    "meta-llama-3-70b": _llama(80, 8192, 64, 8, 28672, 128256),
    # https://huggingface.co/codellama/CodeLlama-34b-Instruct-hf
    "codellama-34b-instruct-hf": _llama(48, 8192, 64, 8, 22016, 32000),
    # https://huggingface.co/internlm/internlm-20b, whose blocks are Llama's
    "internlm-20b": _llama(60, 5120, 40, 40, 13824, 103168),
    # https://huggingface.co/Qwen/Qwen-72B: its intermediate_size is of both halves; biases of
    # queries, keys and values beside Llama's blocks
    "qwen-72b": _llama(80, 8192, 64, 64, 24576, 152064) | {"attention_bias": True},
    # https://huggingface.co/microsoft/phi-2
    "phi-2": {
        "model_type": "phi",
        "num_hidden_layers": 32,
        "hidden_size": 2560,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "intermediate_size": 10240,
        "vocab_size": 51200,
        "tie_word_embeddings": False,
    },
}


def vidur_model(model: str) -> Transformer | None:
    """Return the architecture of a model by its name or path; None if it is not known."""
    config = _CONFIGS.get(model.rpartition("/")[2].lower())
    return None if config is None else transformer_of(config)
