"""Plans do not depend on how models are called, nor on their order."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.specs.choices import Effort
from tests.benchmarks.renamed_problems import (
    draw_problem,
    reversed_and_renamed,
    solve_both,
    summary,
)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_models_in_the_other_order_get_the_same_plan(number: int) -> None:
    outcome = solve_both(np.random.default_rng([7, number]), Effort.LOW)
    assert outcome is not None
    assert outcome.first == outcome.second
    assert outcome.difference == 0
    assert summary([outcome], 1.0).startswith("1 problems in 1 s, all plans pass")


def test_names_go_back() -> None:
    _, workload, _ = draw_problem(np.random.default_rng(0))
    other, old_names = reversed_and_renamed(workload)
    back = [{**model, "name": old_names[model["name"]]} for model in reversed(other["models"])]
    assert back == workload["models"]
