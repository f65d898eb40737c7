"""Profiles and workload entries of LLMs to the table of what engines take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError
from alpaplan.problem.engine_service import idle_objectives_s, most_kv_tokens, offered_work_s
from alpaplan.problem.engines import EngineTable
from alpaplan.problem.problem import PlacementProblem
from alpaplan.specs.choices import Dispatch, rule_for_llms
from alpaplan.specs.cluster import Serving
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.lengths import MeanLengths
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.workload import LLM_KEYS, ServedModel, WorkloadSpec

LOOSE = 5.0
"""What an LLM without an objective on its first or on its further tokens is taken to want, where
one latency for the whole request is needed (a multiple of the shortest time; 2 to 20)."""

LONGEST_S = 3600.0
"""The same of an LLM that no group can run (seconds): anything finite."""


@dataclass(frozen=True)
class ProfileUse:
    """A row of the problem's profiles: a profile, and for LLMs what requests of it are like.

    Parameters
    ----------
    profile
        Name of the profile.
    max_context_tokens
        Most tokens of a request; None for fixed-service models.
    lengths
        Of an average request, to two digits, so that models that are nearly alike share a row.
    tpot_s
        Objective for each token after the first; infinite if there is none.
    """

    profile: str
    max_context_tokens: int | None = None
    lengths: MeanLengths | None = None
    tpot_s: float = math.inf

    @classmethod
    def of(cls, model: ServedModel) -> ProfileUse:
        """Return how a model uses its profile."""
        if not model.is_llm:
            return cls(model.profile)
        mean = model.mean_lengths()
        rounded = MeanLengths(_two_digits(mean.input_tokens), _two_digits(mean.output_tokens))
        return cls(model.profile, model.max_context_tokens, rounded, _objective_s(model, "tpot_s"))


def require_llms_described(
    workload: WorkloadSpec, profiles: Mapping[str, ModelProfileSpec], serving: Serving
) -> None:
    """Make sure that the entries of LLMs, and only they, have what engines need.

    Raises
    ------
    SpecError
        With all that entries lack or have too much; or if there are LLMs, and the cluster's
        dispatch rule is one that they cannot have.
    """
    issues = [
        issue
        for index, entry in enumerate(workload.models)
        for issue in _entry_issues(index, workload, profiles[entry.profile])
    ]
    if issues:
        raise SpecError("workload", issues)
    if serving.dispatch is not Dispatch.SHORTEST_QUEUE and any(
        entry.max_context_tokens is not None for entry in workload.models
    ):
        raise SpecError(
            "cluster", [Issue(("serving", "dispatch"), rule_for_llms(serving.dispatch))]
        )


def _entry_issues(index: int, workload: WorkloadSpec, profile: ModelProfileSpec) -> Iterator[Issue]:
    entry = workload.models[index]
    is_llm = entry.max_context_tokens is not None
    if profile.is_llm and not is_llm:
        yield Issue(
            ("models", index),
            f"missing key 'max_context_tokens', since profile {profile.name!r} is of an LLM",
        )
    elif is_llm and not profile.is_llm:
        for key in LLM_KEYS:
            if getattr(entry, key) is not None:
                what = f"profile {profile.name!r} is of a fixed-service model"
                yield Issue(("models", index, key), f"is for LLMs, but {what}")


def engine_table(
    configs: Mapping[tuple[int, int], ProfiledConfig | EngineConfig],
    inter_op: NDArray[np.int64],
    uses: Sequence[ProfileUse],
    models: Sequence[ServedModel],
    serving: Serving,
) -> EngineTable | None:
    """Return what engines take; None if there are no LLMs.

    Parameters
    ----------
    configs
        (shape, profile) -> configuration, where the shape runs the profile.
    inter_op : int64[H]
        Stages of each shape.
    uses
        The profiles, ``P``.
    models
        The models, ``M``.
    serving
        Limits of iterations, and overheads.
    """
    if all(use.max_context_tokens is None for use in uses):
        return None
    num_shapes, num_profiles = inter_op.size, len(uses)
    per_stage = (num_shapes, num_profiles, int(inter_op.max(initial=1)))
    kv_read_s, attention_s = (np.zeros(per_stage) for _ in range(2))
    kv_bytes, working_bytes = (np.zeros(per_stage, dtype=np.int64) for _ in range(2))
    engine_configs = {at: each for at, each in configs.items() if isinstance(each, EngineConfig)}
    for (h, p), config in engine_configs.items():
        stages = (h, p, slice(config.inter_op))
        kv_bytes[stages] = config.stage_kv_bytes_per_token
        working_bytes[stages] = config.stage_working_bytes or 0
        kv_read_s[stages] = config.stage_kv_read_s or 0.0
        attention_s[stages] = config.stage_attention_s or 0.0
    steps = _steps_of(engine_configs, per_stage)
    context = np.array([use.max_context_tokens or 0 for use in uses], dtype=np.int64)
    means = [model.mean_lengths() if model.is_llm else MeanLengths(0, 0) for model in models]
    engines = EngineTable(
        is_llm=context > 0,
        max_context_tokens=np.array([m.max_context_tokens or 0 for m in models], dtype=np.int64),
        ttft_s=np.array([_objective_s(model, "ttft_s") for model in models]),
        tpot_s=np.array([_objective_s(model, "tpot_s") for model in models]),
        slo_s=np.array([_whole_objective_s(model) for model in models]),
        mean_input_tokens=np.array([mean.input_tokens for mean in means]),
        mean_output_tokens=np.array([mean.output_tokens for mean in means]),
        first_step=steps.first,
        num_steps=steps.number,
        step_tokens=steps.tokens,
        stage_step_s=steps.stage_s,
        stage_kv_read_s=kv_read_s,
        stage_attention_s=attention_s,
        stage_kv_bytes_per_token=kv_bytes,
        stage_working_bytes=working_bytes,
        context_kv_bytes=kv_bytes * context[:, np.newaxis],
        shortest_ttft_s=np.zeros(per_stage[:2]),
        shortest_tpot_s=np.zeros(per_stage[:2]),
        max_num_batched_tokens=serving.max_num_batched_tokens,
        max_num_seqs=serving.max_num_seqs,
        iteration_overhead_s=serving.iteration_overhead_s,
        slowdown=np.asarray(1 + serving.stage_overhead * inter_op, dtype=np.float64),
    )
    ttft_s, tpot_s = (np.zeros(per_stage[:2]) for _ in range(2))
    for h, p in np.argwhere(steps.number > 0).tolist():
        ttft_s[h, p], tpot_s[h, p] = idle_objectives_s(engines, h, p, MeanLengths(1, 2))
    return replace(engines, shortest_ttft_s=ttft_s, shortest_tpot_s=tpot_s)


class _Steps(NamedTuple):
    """The steps of all configurations, one behind the other, and where those of each are.

    See `EngineTable`, whose fields they become.
    """

    first: NDArray[np.int64]
    number: NDArray[np.int64]
    tokens: NDArray[np.int64]
    stage_s: NDArray[np.float64]


def _steps_of(
    configs: Mapping[tuple[int, int], EngineConfig], per_stage: tuple[int, int, int]
) -> _Steps:
    num_shapes, num_profiles, num_stages = per_stage
    first, number = (np.zeros((num_shapes, num_profiles), dtype=np.int64) for _ in range(2))
    rows: list[tuple[int, tuple[float, ...]]] = []
    for at, config in configs.items():
        first[at], number[at] = len(rows), len(config.stage_step_s)
        rows += sorted(config.stage_step_s.items())
    stage_s = np.zeros((len(rows), num_stages))
    for row, (_, steps_s) in enumerate(rows):
        stage_s[row, : len(steps_s)] = steps_s
    return _Steps(first, number, np.array([n for n, _ in rows], dtype=np.int64), stage_s)


def as_fixed_service(problem: PlacementProblem, uses: Sequence[ProfileUse]) -> PlacementProblem:
    """Return the problem with what LLMs cost in the terms of fixed-service models.

    A stage's latency becomes what an average request adds to its work, and the objective of a whole
    request what its objectives come to for an average one. Searches that know nothing of engines
    can then treat both kinds alike; simulations look at the table of engines only.

    Parameters
    ----------
    problem
        Without this, for LLMs.
    uses
        Its profiles, ``P``.
    """
    engines = problem.engines
    if engines is None:
        return problem
    latency_s = problem.stage_latency_s.copy()
    first_s, further_s = (np.full(len(uses), math.inf) for _ in range(2))
    for h, p in np.argwhere(problem.supported & engines.is_llm).tolist():
        use = uses[p]
        if use.lengths is not None:
            kv_tokens = most_kv_tokens(problem, h, p)
            latency_s[h, p] = offered_work_s(engines, h, p, use.lengths, use.tpot_s, kv_tokens)
            idle = idle_objectives_s(engines, h, p, use.lengths)
            first_s[p], further_s[p] = np.minimum((first_s[p], further_s[p]), idle)
    return replace(
        problem, stage_latency_s=latency_s, slo_s=_latency_objectives(problem, first_s, further_s)
    )


def _latency_objectives(
    problem: PlacementProblem, first_s: NDArray[np.float64], further_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return an objective on the whole latency of each model, ``float64[M]``.

    An LLM's is its own one, or what those on its tokens come to for an average answer; what it
    has none on is taken to be `LOOSE` times the shortest.

    Parameters
    ----------
    problem
        The problem.
    first_s, further_s : float64[P]
        Shortest times to the first token of an average request, and for each further one;
        infinite where no shape runs the profile.
    """
    engines, of_model = problem.engines, problem.profile_of_model
    if engines is None:
        return problem.slo_s
    loosely = np.where(np.isfinite(first_s), LOOSE, 1.0)
    ttft_s, tpot_s = (
        np.where(np.isfinite(given_s), given_s, np.minimum((loosely * idle_s)[of_model], LONGEST_S))
        for given_s, idle_s in ((engines.ttft_s, first_s), (engines.tpot_s, further_s))
    )
    on_tokens_s = ttft_s + tpot_s * np.maximum(0.0, engines.mean_output_tokens - 1)
    slo_s = np.where(np.isfinite(engines.slo_s), engines.slo_s, on_tokens_s)
    return np.where(engines.is_llm[of_model], slo_s, problem.slo_s)


def _objective_s(model: ServedModel, key: str) -> float:
    """Return an objective of an LLM on its tokens; infinite if it has none."""
    found = None if model.slo is None else getattr(model.slo, key)
    return math.inf if found is None else float(found)


def _whole_objective_s(model: ServedModel) -> float:
    return model.slo_s if model.is_llm and model.slo_s is not None else math.inf


def _two_digits(number: float) -> float:
    return float(f"{number:.2g}")
