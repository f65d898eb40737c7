"""Models that no placement can serve: too large for memory, or too slow for their objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InfeasibleError
from alpaplan.problem.memory import room_for_profiles
from alpaplan.problem.memory_rule import stage_memory_bytes, usable_memory_bytes
from alpaplan.problem.problem import PlacementProblem
from alpaplan.problem.service import idle_latency_s
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.units import exact_bytes, format_seconds

Objective = Literal["slo_s", "ttft_s", "tpot_s"]
"""What a model may have an objective on: its whole latency, or the tokens of an LLM."""


@dataclass(frozen=True)
class UnservableModel:
    """A model that cannot meet its objective even on an idle cluster.

    Parameters
    ----------
    name
        The model.
    objective
        Which of its objectives.
    limit_s
        The objective.
    best_s
        What comes nearest to it on any shape, overheads included; of LLMs that of the shortest
        request.
    shape
        Index of that shape.
    """

    name: str
    objective: Objective
    limit_s: float
    best_s: float
    shape: int


def shapes_with_room(problem: PlacementProblem) -> NDArray[np.bool_]:
    """Whether each shape can hold a replica of each profile alone, ``bool[H, P]``."""
    nothing = np.zeros(len(problem.profile_names), dtype=np.int64)
    rows = [room_for_profiles(problem, shape, nothing) for shape in range(len(problem.shapes))]
    return np.array(rows, dtype=np.bool_).reshape(len(problem.shapes), nothing.size)


def feasible_latency_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the latency on an idle group, ``float64[H, P]``; infinite where it has no room."""
    return np.where(shapes_with_room(problem), idle_latency_s(problem), np.inf)


def servable_replicas(problem: PlacementProblem) -> NDArray[np.bool_]:
    """Whether a replica of each model on each shape can ever attain a request, ``bool[H, M]``."""
    servable = shapes_with_room(problem)[:, problem.profile_of_model]
    for _, best_s, limit_s in _objectives(problem):
        servable &= best_s <= limit_s
    return servable


def _objectives(
    problem: PlacementProblem,
) -> Iterator[
    tuple[Literal["slo_s", "ttft_s", "tpot_s"], NDArray[np.float64], NDArray[np.float64]]
]:
    """Yield each objective with what an idle group gives, ``float64[H, M]``, and its limits.

    Of LLMs that is what it gives the shortest request. Limits, ``float64[M]``, are infinite where
    there are none.
    """
    of_model, engines = problem.profile_of_model, problem.engines
    latency_s = idle_latency_s(problem)[:, of_model]
    if engines is None:
        yield "slo_s", latency_s, problem.slo_s
        return
    ttft_s = engines.shortest_ttft_s + problem.request_overhead_s
    yield "ttft_s", ttft_s[:, of_model], engines.ttft_s
    yield "tpot_s", engines.shortest_tpot_s[:, of_model], engines.tpot_s
    is_llm = engines.is_llm[of_model]
    latency_s = np.where(is_llm, (ttft_s + engines.shortest_tpot_s)[:, of_model], latency_s)
    yield "slo_s", latency_s, np.where(is_llm, engines.slo_s, problem.slo_s)


def check_feasible(problem: PlacementProblem, profiles: Mapping[str, ModelProfileSpec]) -> None:
    """Make sure that every model fits somewhere.

    Raises
    ------
    InfeasibleError
        With a line for each profile that fits nowhere: which models, the bytes needed and
        available in the configuration that came closest.
    """
    fits_somewhere = shapes_with_room(problem).any(axis=0)
    lines = []
    for p in np.flatnonzero(~fits_somewhere):
        name = problem.profile_names[p]
        models = [problem.model_names[m] for m in np.flatnonzero(problem.profile_of_model == p)]
        reason = _describe_misfit(problem, int(p), profiles[name])
        lines.append(f"{name_models(models)} cannot be placed: {reason}")
    if lines:
        raise InfeasibleError("no feasible placement\n" + "\n".join(f"  {line}" for line in lines))


def unservable_models(problem: PlacementProblem) -> list[UnservableModel]:
    """Return the models that no idle group serves within their objective, in model order.

    Models that fit nowhere are not among them: `check_feasible` names those.
    """
    if not problem.shapes:
        return []
    has_room = shapes_with_room(problem)[:, problem.profile_of_model]
    found: dict[int, UnservableModel] = {}
    for objective, idle_s, limit_s in _objectives(problem):
        possible_s = np.where(has_room, idle_s, np.inf)
        best_s, shape = possible_s.min(axis=0), possible_s.argmin(axis=0)
        for m in np.flatnonzero(np.isfinite(best_s) & (best_s > limit_s)).tolist():
            model = UnservableModel(
                problem.model_names[m],
                objective,
                float(limit_s[m]),
                float(best_s[m]),
                int(shape[m]),
            )
            found.setdefault(m, model)
    return [found[m] for m in sorted(found)]


def check_servable(problem: PlacementProblem) -> None:
    """Make sure that at least one model can meet its objective.

    Raises
    ------
    InfeasibleError
        If none can, with the best latency of each.
    """
    unservable = unservable_models(problem)
    if len(unservable) < problem.num_models:
        return
    lines = [f"  {describe_unservable(problem, model)}" for model in unservable[:10]]
    if len(unservable) > 10:
        lines.append(f"  and {len(unservable) - 10} more")
    raise InfeasibleError("no model can meet its latency objective\n" + "\n".join(lines))


def describe_unservable(problem: PlacementProblem, model: UnservableModel) -> str:
    """Describe in a line how far a model is from its objective."""
    shape = problem.shapes[model.shape]
    device = problem.pools[shape.pool].device
    done, what = _IN_WORDS[model.objective]
    return (
        f"model {model.name!r} cannot {done} within {format_seconds(model.limit_s)}: its best "
        f"{what} is {format_seconds(model.best_s)} "
        f"({device}, intra_op {shape.intra_op}, inter_op {shape.inter_op})"
    )


def name_models(names: Sequence[str]) -> str:
    """Name a model or several, the first three of them if there are more."""
    if len(names) == 1:
        return f"model {names[0]!r}"
    shown = ", ".join(repr(name) for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"models {shown}{more}"


def _describe_misfit(problem: PlacementProblem, profile: int, spec: ModelProfileSpec) -> str:
    name = problem.profile_names[profile]
    candidates = np.flatnonzero(problem.supported[:, profile])
    if not candidates.size:
        have = ", ".join(
            sorted({f"{c.num_devices} x {c.device}" for c in spec.configs}, key=_by_number)
        )
        there = ", ".join(f"{p.num_nodes} x {p.devices_per_node} {p.device}" for p in problem.pools)
        return (
            f"profile {name!r} has no configuration that fits onto the cluster's nodes; "
            f"it has groups of {have}, the cluster has {there}"
        )
    alone = np.zeros(len(problem.profile_names), dtype=np.int64)
    alone[profile] = 1
    usable_of = [usable_memory_bytes(problem, int(h)) for h in candidates]
    needed_of = [stage_memory_bytes(problem, int(h), alone) for h in candidates]
    missing = [int(need.max()) - usable for need, usable in zip(needed_of, usable_of, strict=True)]
    closest = int(np.argmin(missing))
    shape = problem.shapes[candidates[closest]]
    device = problem.pools[shape.pool].device
    stage = int(needed_of[closest].argmax())
    needed_bytes, usable = int(needed_of[closest][stage]), usable_of[closest]
    cache = ""
    if problem.engines is not None and problem.engines.is_llm[profile]:
        tokens = problem.engines.max_context_tokens[problem.profile_of_model == profile].max()
        cache = f", with a KV cache of {tokens:,} tokens"
    return (
        f"profile {name!r} needs {exact_bytes(needed_bytes)} on each device of stage {stage} in "
        f"its closest configuration ({device}, intra_op {shape.intra_op}, "
        f"inter_op {shape.inter_op}){cache}, but only {exact_bytes(usable)} are available"
    )


_IN_WORDS = {
    "slo_s": ("be served", "latency"),
    "ttft_s": ("give its first token", "TTFT"),
    "tpot_s": ("give each further token", "TPOT"),
}
"""Objective -> what a model would have to do in time, and how that time is called."""


def _by_number(text: str) -> tuple[int, str]:
    number, _, rest = text.partition(" ")
    return int(number), rest
