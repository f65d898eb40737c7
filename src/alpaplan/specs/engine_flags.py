"""The flags of vLLM's server that exports set, as they are called there.

Read from ``vllm/engine/arg_utils.py`` and ``vllm/entrypoints/openai/cli_args.py`` of vLLM 0.15.
"""

from __future__ import annotations

from enum import StrEnum

ENGINE_VERSION = "0.15"
"""Version of vLLM that the flags were read from."""


class Flag(StrEnum):
    """A flag of ``vllm serve`` that an export sets."""

    SERVED_MODEL_NAME = "--served-model-name"
    HOST = "--host"
    PORT = "--port"
    TENSOR_PARALLEL_SIZE = "--tensor-parallel-size"
    PIPELINE_PARALLEL_SIZE = "--pipeline-parallel-size"
    REVISION = "--revision"
    MAX_MODEL_LEN = "--max-model-len"
    MAX_NUM_SEQS = "--max-num-seqs"
    MAX_NUM_BATCHED_TOKENS = "--max-num-batched-tokens"
    KV_CACHE_MEMORY_BYTES = "--kv-cache-memory-bytes"
    GPU_MEMORY_UTILIZATION = "--gpu-memory-utilization"
    NNODES = "--nnodes"
    NODE_RANK = "--node-rank"
    MASTER_ADDR = "--master-addr"
    MASTER_PORT = "--master-port"
    HEADLESS = "--headless"


LAYER_PARTITION = "VLLM_PP_LAYER_PARTITION"
"""Environment variable: blocks of each pipeline stage, separated by commas."""

_OTHER_SPELLINGS = {
    "-tp": Flag.TENSOR_PARALLEL_SIZE,
    "-pp": Flag.PIPELINE_PARALLEL_SIZE,
    "-n": Flag.NNODES,
    "-r": Flag.NODE_RANK,
}


def flag_set_by(argument: str) -> str | None:
    """Return the flag of an export that an argument would set once more; None for all others.

    As vLLM reads them, ``--max_model_len=8`` is ``--max-model-len 8``.
    """
    name = argument.partition("=")[0]
    if name.startswith("--"):
        name = name.replace("_", "-")
        if name == "--model":
            return name  # an export names it by its place
    return _OTHER_SPELLINGS.get(name) or next((flag for flag in Flag if flag == name), None)
