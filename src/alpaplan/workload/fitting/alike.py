"""Models of a trace of which nothing is known but their requests: all get the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.workload import ServedModel
from alpaplan.units import format_seconds
from alpaplan.workload.fitting.lengths import context_for
from alpaplan.workload.token_statistics import tokens_of_models
from alpaplan.workload.trace import Trace

DEFAULT_SLO_SCALE = 5.0
"""Objective over latency that is assumed if nothing is said of objectives (a number): that of most
of AlpaServe's evaluation (OSDI 2023, section 6.2)."""

DEFAULT_TTFT_S = 2.0
DEFAULT_TPOT_S = 0.1
"""Objectives that are assumed of LLMs then (seconds): those of MLPerf Inference 5.1 for Llama 3.1
8B, server scenario."""


@dataclass(frozen=True)
class Alike:
    """What all models of a trace have; None where nothing is said.

    Parameters
    ----------
    profile
        Name of the profile.
    slo_s, slo_scale, ttft_s, tpot_s
        Objectives, as a workload's entry has them.
    max_context_tokens
        Most tokens of a request of LLMs.
    """

    profile: str | None = None
    slo_s: float | None = None
    slo_scale: float | None = None
    ttft_s: float | None = None
    tpot_s: float | None = None
    max_context_tokens: int | None = None

    def served_models(self, trace: Trace) -> tuple[tuple[ServedModel, ...], list[str]]:
        """Return the models of a trace, and in words what was assumed of them.

        Those whose requests have token counts are LLMs, unless there is a `slo_scale`, which LLMs
        do not have.
        """
        recorded = TraceArrivals(process="trace", path="trace.csv")
        tokens = {} if self.slo_scale is not None else tokens_of_models(trace)
        models = []
        for entry, name in enumerate(trace.model_names):
            model = ServedModel(
                name, self.profile or name, self.slo_s, None, 1.0, recorded, entry, self._slo
            )
            if name in tokens:
                longest = int((tokens[name][0].astype(int) + tokens[name][1]).max())
                context = self.max_context_tokens or context_for(longest)
                models.append(replace(model, max_context_tokens=context))
            else:
                models.append(replace(model, slo_scale=self._slo_scale, slo=None))
        return tuple(models), list(self._assumptions(models))

    @property
    def _slo(self) -> TokenObjectives | None:
        if self.ttft_s is not None or self.tpot_s is not None:
            return TokenObjectives(ttft_s=self.ttft_s, tpot_s=self.tpot_s)
        if self.slo_s is not None:
            return None
        return TokenObjectives(ttft_s=DEFAULT_TTFT_S, tpot_s=DEFAULT_TPOT_S)

    @property
    def _slo_scale(self) -> float | None:
        if self.slo_s is None and self.slo_scale is None:
            return DEFAULT_SLO_SCALE
        return self.slo_scale

    def _assumptions(self, models: list[ServedModel]) -> Iterator[str]:
        llms = [model for model in models if model.is_llm]
        if self.profile is None:
            yield "each model's profile has the model's name"
        if len(llms) < len(models) and self.slo_s is None and self.slo_scale is None:
            of = " without token counts" if llms else ""
            yield f"each objective{of} is {DEFAULT_SLO_SCALE:g} times the model's latency"
        if llms and self.slo_s is None and self.ttft_s is None and self.tpot_s is None:
            yield (
                f"objectives of LLMs are {format_seconds(DEFAULT_TTFT_S)} to the first token and "
                f"{format_seconds(DEFAULT_TPOT_S)} per output token"
            )
        if llms and self.max_context_tokens is None:
            yield "max_context_tokens of an LLM is the power of two that holds its longest request"
