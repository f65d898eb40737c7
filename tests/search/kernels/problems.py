"""Small problems for hypothesis to draw: memory of every kind, and too little of it."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.kernels.arrays import Change, Draws, Groups, Options
from alpaplan.search.moves import MOVES, shares_of_moves
from alpaplan.search.packing import (
    allocate_change,
    allocate_draws,
    allocate_groups,
    pack_options,
    refill,
)
from tests import builders as make
from tests.builders import GB

SHAPES = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2))


@st.composite
def problems(draw: st.DrawFn) -> PlacementProblem:
    """Draw models of fixed service and LLMs on two nodes of four devices."""
    profiles, models = [], []
    for index in range(draw(st.integers(1, 6))):
        name, profile = f"m{index}", f"p{index}"
        weight_bytes = draw(st.integers(1, 9)) * GB
        working_bytes = draw(st.integers(0, 3)) * GB
        shapes = draw(st.sampled_from([SHAPES, SHAPES, SHAPES[:2], SHAPES[2:]]))
        if draw(st.booleans()):
            context = draw(st.sampled_from([500, 1000, 4000]))
            profiles.append(
                make.llm_profile(
                    profile, weight_bytes=weight_bytes, working_bytes=working_bytes, shapes=shapes
                )
            )
            models.append(make.llm_model(name, profile, max_context_tokens=context))
        else:
            profiles.append(
                make.profile(
                    profile,
                    weight_bytes=weight_bytes,
                    activation_bytes=working_bytes,
                    shapes=shapes,
                )
            )
            slo_s = draw(st.sampled_from([0.06, 0.2, 1.0]))
            models.append(make.model(name, profile, slo_s=slo_s))
    overhead_bytes = draw(st.sampled_from([0, 0, GB // 2]))
    on = make.cluster(make.pool(count=2), process_overhead_bytes=overhead_bytes)
    return make.problem(models, profiles, on)


def nowhere(problem: PlacementProblem) -> Placement:
    """Return a placement without groups."""
    return Placement(np.zeros(0, np.int64), np.zeros((0, problem.num_models), np.bool_))


class Bench:
    """What the loops take, for a problem and a placement of it.

    Parameters
    ----------
    problem, placement
        The problem, and where changes begin.
    shares
        How often each kind of change is tried; None: as in searches.
    seed
        Of the random numbers.
    """

    options: Options
    groups: Groups
    after: Groups
    change: Change
    draws: Draws

    def __init__(
        self,
        problem: PlacementProblem,
        placement: Placement,
        shares: list[float] | None = None,
        seed: int = 0,
    ) -> None:
        self.options = pack_options(problem, shares or shares_of_moves())
        self.groups = allocate_groups(problem, placement)
        self.after = allocate_groups(problem, placement)
        self.change = allocate_change(self.options)
        self.draws = allocate_draws(problem.num_models)
        refill(self.draws, np.random.default_rng(seed), problem.num_models)


def only(move: str) -> list[float]:
    """Return shares by which one move alone is tried."""
    number, _ = MOVES[move]
    return [float(other == number) for other in range(len(MOVES))]
