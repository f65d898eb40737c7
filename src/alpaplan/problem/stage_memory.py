"""What the devices of a placement hold, by the memory rule: for people to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engine_service import kv_tokens, process_bytes, table_of
from alpaplan.problem.memory_rule import cumulative_memory_bytes, usable_memory_bytes
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem


@dataclass(frozen=True)
class GroupMemory:
    """What each device of a group holds: `n` replicas on `S` stages.

    Parameters
    ----------
    models : int64[n]
        The replicas' models, in problem order.
    weight_bytes, kv_bytes : int64[n, S]
        Weights of each replica on a device of each stage, and the KV cache of each engine.
    working_bytes : int64[S]
        What is held beside them: the working memory of the largest batch that may run, and what
        each process takes.
    kv_tokens : int64[n]
        Tokens that each engine's cache holds; 0 of fixed-service replicas.
    usable_bytes
        What a device has for all of that.
    """

    models: NDArray[np.int64]
    weight_bytes: NDArray[np.int64]
    kv_bytes: NDArray[np.int64]
    working_bytes: NDArray[np.int64]
    kv_tokens: NDArray[np.int64]
    usable_bytes: int

    @property
    def used_bytes(self) -> NDArray[np.int64]:
        """All that a device of each stage holds, ``int64[S]``."""
        held = self.weight_bytes.sum(axis=0) + self.kv_bytes.sum(axis=0)
        return np.asarray(held + self.working_bytes)


def memory_of_groups(problem: PlacementProblem, placement: Placement) -> Iterator[GroupMemory]:
    """Yield what the devices of each group hold, in the order of the groups.

    KV caches take what their group leaves them, rounded down to whole tokens.
    """
    tokens = kv_tokens(problem, placement)
    for group, shape in enumerate(placement.shapes.tolist()):
        stages = slice(int(problem.num_stages[shape]))
        models = np.flatnonzero(placement.replicas[group])
        profiles = problem.profile_of_model[models]
        weights = problem.stage_weight_bytes[shape, profiles, stages]
        kv_bytes = np.zeros_like(weights)
        if problem.engines is not None and problem.engines.is_llm[profiles].any():
            per_token = table_of(problem).stage_kv_bytes_per_token[shape, profiles, stages]
            kv_bytes = tokens[group, models, np.newaxis] * per_token
            held = process_bytes(problem, shape, profiles)[:, stages].sum(axis=0)
        else:
            own = placement.max_batch_size
            caps = None if own is None else own[group, models]
            needed = cumulative_memory_bytes(problem, shape, profiles, caps)
            held = needed[-1:, stages].sum(axis=0)
        yield GroupMemory(
            models,
            weights,
            kv_bytes,
            held - weights.sum(axis=0),
            tokens[group, models],
            usable_memory_bytes(problem, shape),
        )
