"""What a profile of an LLM says of each configuration, ready to be shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alpaplan.profiling.steps import StepTimes, stage_times
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.profile import ModelProfileSpec

PROMPT_TOKENS = 2048
"""Tokens of the prompt that is shown (a count), as many as engines take at once by default."""

CONTEXT_TOKENS = 1024
"""KV tokens that each running request attends to (a count): some pages of text."""

RUNNING_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Numbers of running requests that are shown, up to the default of `max_num_seqs`."""


@dataclass(frozen=True)
class Decoding:
    """A number of requests that all decode.

    Parameters
    ----------
    num_requests
        Running requests.
    tpot_s
        Time of a token of each.
    """

    num_requests: int
    tpot_s: float

    @property
    def tokens_per_s(self) -> float:
        """Output tokens of all requests per second."""
        return self.num_requests / self.tpot_s


@dataclass(frozen=True)
class EngineSummary:
    """One configuration of an LLM.

    Parameters
    ----------
    device, intra_op, inter_op
        The configuration.
    step_s
        Tokens of an iteration -> its time through all stages, without the terms of attention.
    prompt_s
        Time of a prompt of `PROMPT_TOKENS` alone, through all stages.
    decoding
        For each of `RUNNING_REQUESTS`, with `CONTEXT_TOKENS` each.
    memory_bytes
        On a device of the fullest stage: weights and working memory.
    kv_bytes_per_token
        On a device of the stage where a KV token takes most.
    """

    device: str
    intra_op: int
    inter_op: int
    step_s: dict[int, float]
    prompt_s: float
    decoding: tuple[Decoding, ...]
    memory_bytes: int
    kv_bytes_per_token: int

    @property
    def num_devices(self) -> int:
        """Devices of one group."""
        return self.intra_op * self.inter_op

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "device": self.device,
            "intra_op": self.intra_op,
            "inter_op": self.inter_op,
            "num_devices": self.num_devices,
            "steps": [{"tokens": tokens, "step_s": s} for tokens, s in self.step_s.items()],
            "prompt_tokens": PROMPT_TOKENS,
            "prompt_s": self.prompt_s,
            "context_tokens": CONTEXT_TOKENS,
            "decoding": [
                {
                    "running_requests": each.num_requests,
                    "tpot_s": each.tpot_s,
                    "tokens_per_s": each.tokens_per_s,
                }
                for each in self.decoding
            ],
            "memory_bytes": self.memory_bytes,
            "kv_bytes_per_token": self.kv_bytes_per_token,
        }


@dataclass(frozen=True)
class EngineProfileSummary:
    """A profile of an LLM.

    Parameters
    ----------
    name, source
        As in the profile.
    configs
        By device type in the profile's order; those of one type by devices, then by ``intra_op``.
    """

    name: str
    source: str | None
    configs: tuple[EngineSummary, ...]

    def by_device(self) -> dict[str, list[EngineSummary]]:
        """Return the configurations of each device type."""
        grouped: dict[str, list[EngineSummary]] = {}
        for config in self.configs:
            grouped.setdefault(config.device, []).append(config)
        return grouped

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        configs = [config.to_json_dict() for config in self.configs]
        return {"name": self.name, "source": self.source, "configs": configs}


def summarize_engines(profile: ModelProfileSpec) -> EngineProfileSummary:
    """Return what a profile of an LLM says of each configuration."""
    order = list(dict.fromkeys(config.device for config in profile.engine_configs))
    ordered = sorted(
        profile.engine_configs,
        key=lambda config: (order.index(config.device), config.num_devices, config.intra_op),
    )
    return EngineProfileSummary(profile.name, profile.source, tuple(map(_summarize, ordered)))


def _summarize(config: EngineConfig) -> EngineSummary:
    stages = [stage_times(config, stage) for stage in range(config.inter_op)]
    working = config.stage_working_bytes or (0,) * config.inter_op
    num_pairs = PROMPT_TOKENS * (PROMPT_TOKENS + 1) // 2
    return EngineSummary(
        device=config.device,
        intra_op=config.intra_op,
        inter_op=config.inter_op,
        step_s={tokens: sum(config.stage_step_s[tokens]) for tokens in sorted(config.stage_step_s)},
        prompt_s=sum(stage.seconds(PROMPT_TOKENS, num_pairs) for stage in stages),
        decoding=tuple(Decoding(count, tpot_s(stages, count)) for count in RUNNING_REQUESTS),
        memory_bytes=max(map(sum, zip(config.stage_weight_bytes, working, strict=True))),
        kv_bytes_per_token=max(config.stage_kv_bytes_per_token),
    )


def tpot_s(stages: Iterable[StepTimes], num_requests: int) -> float:
    """Return the time of a token of each of some requests that decode, without the host's time.

    They are divided as evenly as they can be among as many iterations as there are stages. Each
    token takes a way through all stages, or longer where the longest stage is busy with all
    iterations.
    """
    stages = list(stages)
    num_iterations = min(len(stages), num_requests)
    most = math.ceil(num_requests / num_iterations)
    times_s = [stage.seconds(most, 0, most * CONTEXT_TOKENS) for stage in stages]
    return max(sum(times_s), num_iterations * max(times_s))
