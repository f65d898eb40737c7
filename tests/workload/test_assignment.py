from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.workload.assignment import EachAModel, Listed, RoundRobin, Stripe

NAMES = ["f", "g", "h", "i", "j", "k"]
USED = np.array([True, True, False, True, True, True])


def test_each_used_function_is_a_model() -> None:
    assigned = EachAModel().assign(NAMES, USED)
    assert assigned.model_names == ("f", "g", "i", "j", "k")
    assert assigned.model.tolist() == [0, 1, -1, 2, 3, 4]


def test_round_robin_deals_used_functions_out() -> None:
    assigned = RoundRobin(("a", "b")).assign(NAMES, USED)
    assert assigned.model_names == ("a", "b")
    assert assigned.model.tolist() == [0, 1, -1, 0, 1, 0]


def test_stripe_makes_blocks_of_used_functions() -> None:
    assert Stripe(("a", "b")).assign(NAMES, USED).model.tolist() == [0, 0, -1, 0, 1, 1]


def test_fewer_functions_than_models() -> None:
    names = ("a", "b", "c", "d", "e", "f", "g")
    assert RoundRobin(names).assign(NAMES, USED).model.tolist() == [0, 1, -1, 2, 3, 4]
    assert Stripe(names).assign(NAMES, USED).model.tolist() == [0, 1, -1, 2, 4, 5]


def test_no_function_is_used() -> None:
    for assignment in (EachAModel(), RoundRobin(("a",)), Stripe(("a",))):
        assert assignment.assign(NAMES, np.zeros(6, bool)).model.tolist() == [-1] * 6


def test_listed_functions() -> None:
    assigned = Listed({"k": "b", "h": "a", "f": "b", "absent": "c"}).assign(NAMES, USED)
    assert assigned.model_names == ("b", "a", "c")
    assert assigned.model.tolist() == [0, -1, -1, -1, -1, 0]


@given(used=st.lists(st.booleans(), min_size=1, max_size=40), num_models=st.integers(1, 12))
def test_rules_are_fair(used: list[bool], num_models: int) -> None:
    names = [f"f{index}" for index in range(len(used))]
    models = tuple(f"m{index}" for index in range(num_models))
    for assignment in (RoundRobin(models), Stripe(models)):
        model = assignment.assign(names, np.array(used)).model
        assert ((model >= 0) == np.array(used)).all()
        sizes = np.bincount(model[model >= 0], minlength=num_models)
        assert sizes.max() - sizes.min() <= 1
    blocks = Stripe(models).assign(names, np.array(used)).model
    assert (np.diff(blocks[blocks >= 0]) >= 0).all()
