"""Statistics of LLMs: times to tokens, and the caches of engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.simulator.evaluation import EngineReplay
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class TokenTimes:
    """Times to the tokens of served requests, attained or not.

    Parameters
    ----------
    ttft, tpot
        Time to the first token, and per output token after it for requests with more than one.
    """

    ttft: LatencyStatistics
    tpot: LatencyStatistics

    @classmethod
    def of(cls, engines: EngineReplay, requests: NDArray[np.bool_] | None = None) -> TokenTimes:
        """Sum up requests.

        Parameters
        ----------
        engines
            What engines did.
        requests : bool[N]
            Which requests count; None for all.
        """
        served = ~np.isnan(engines.end_to_end_s)
        if requests is not None:
            served &= requests
        return cls.of_times(engines.ttft_s[served], engines.tpot_s[served])

    @classmethod
    def of_times(cls, ttft_s: NDArray[np.float64], tpot_s: NDArray[np.float64]) -> TokenTimes:
        """Sum up the times of served requests.

        Parameters
        ----------
        ttft_s, tpot_s : float64[num_served]
            Time to the first token, and per output token after it; NaN if there is only one.
        """
        further = tpot_s[~np.isnan(tpot_s)]
        return cls(LatencyStatistics.of(ttft_s), LatencyStatistics.of(further))

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {"ttft_s": self.ttft.to_json_dict(), "tpot_s": self.tpot.to_json_dict()}


@dataclass(frozen=True)
class LlmStatistics:
    """One LLM.

    Parameters
    ----------
    served
        Requests that finished, attained or not.
    output_tokens
        Tokens of their answers.
    tokens
        Their times.
    """

    served: int
    output_tokens: int
    tokens: TokenTimes

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        counts = {"served": self.served, "output_tokens": self.output_tokens}
        return counts | self.tokens.to_json_dict()


@dataclass(frozen=True)
class EngineStatistics:
    """One engine.

    Parameters
    ----------
    model
        Its model.
    kv_tokens, kv_peak_tokens
        Tokens that its cache holds, and the most that were in use after an iteration was formed.
    preemptions
        How often it preempted a running request.
    """

    model: str
    kv_tokens: int
    kv_peak_tokens: int
    preemptions: int

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return dict(vars(self))


def llm_statistics(
    problem: PlacementProblem, trace: Trace, replay: EngineReplay | None
) -> list[LlmStatistics | None]:
    """Return the statistics of each model; None of those that are not LLMs."""
    table = problem.engines
    if table is None or replay is None or trace.output_tokens is None:
        return [None] * problem.num_models
    served = ~np.isnan(replay.end_to_end_s)
    found: list[LlmStatistics | None] = []
    for m, is_llm in enumerate(problem.model_is_llm.tolist()):
        own = served & (trace.model == m)
        found.append(
            LlmStatistics(
                int(np.count_nonzero(own)),
                int(trace.output_tokens[own].sum(dtype=np.int64)),
                TokenTimes.of(replay, own),
            )
            if is_llm
            else None
        )
    return found


def engines_of_groups(
    problem: PlacementProblem, replay: EngineReplay | None, num_groups: int
) -> list[tuple[EngineStatistics, ...]]:
    """Return the engines of each group, in replica order; none for groups without LLMs."""
    found: list[list[EngineStatistics]] = [[] for _ in range(num_groups)]
    if replay is not None:
        columns = (replay.group, replay.model, replay.kv_tokens, replay.kv_peak_tokens)
        rows = zip(*(column.tolist() for column in (*columns, replay.preemptions)), strict=True)
        for group, model, kv_tokens, peak, preemptions in rows:
            name = problem.model_names[model]
            found[group].append(EngineStatistics(name, kv_tokens, peak, preemptions))
    return [tuple(engines) for engines in found]
