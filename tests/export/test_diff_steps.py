"""Steps from one plan to the next keep all rules, and are found where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.analysis.plan_diff import PlanDiff
from alpaplan.analysis.rollout import Floor, Pace
from alpaplan.export.diff.building import build_fleet
from alpaplan.export.diff.replay import replay
from alpaplan.export.diff.search import NoOrderError, find_steps
from tests import builders
from tests.export.diff_cases import Side, Sizes, diff_of, group, random_pair, side
from tests.export.replayed_diff import Roll, check

GB = builders.GB

SIZES = {
    "tiny": Sizes(1, 4, 3, 1.5),
    "tight": Sizes(2, 2, 4, 3.0),
    "llms": Sizes(2, 4, 5, 2.0, llms=True),
    "processes": Sizes(2, 4, 6, 1.7, overhead=GB),
    "nodes": Sizes(4, 4, 12, 2.0),
}


def found_or_none(old: Side, new: Side, *allow_outage: str) -> bool:
    """Check the diff, if there is one."""
    try:
        found = diff_of(old, new, allow_outage)
    except NoOrderError:
        return False
    check(found.to_json_dict(), old.document, new.document)
    return True


@pytest.mark.parametrize("size", SIZES)
def test_steps_of_random_plans_keep_all_rules(size: str) -> None:
    found = [found_or_none(*random_pair(np.random.default_rng(n), SIZES[size])) for n in range(25)]
    assert sum(found) > 10


@pytest.mark.parametrize("size", ["tiny", "tight"])
def test_an_order_is_found_where_there_is_one(size: str) -> None:
    for number in range(100, 150):
        old, new = random_pair(np.random.default_rng(number), SIZES[size])
        possible = Roll(old.document, new.document).can_be_rolled_out()
        assert found_or_none(old, new) == possible, number


def test_all_models_may_go_down_if_that_is_allowed() -> None:
    # Without a floor, everything that runs can stop first.
    for number in range(40):
        old, new = random_pair(np.random.default_rng(number), SIZES["llms"])
        assert found_or_none(old, new, *Roll(old.document, new.document).both)


def two_models(*groups: dict[str, object], weights: int = 6) -> Side:
    return side(
        list(groups),
        [builders.profile(weight_bytes=weights * GB)],
        [builders.model("a"), builders.model("b")],
    )


def test_a_replica_on_a_group_that_matches_stays_whatever_its_name() -> None:
    old = two_models(group("x", 0, 1, 1, "a"), group("y", 1, 1, 1, "b"))
    new = two_models(group("y", 1, 1, 1, "b"), group("z", 0, 1, 1, "a"))
    found = diff_of(old, new)
    assert found.is_same
    assert [(each.old, each.new) for each in found.groups] == [("y", "y"), ("x", "z")]


def test_models_that_change_places_do_so_beside_each_other_or_not_at_all() -> None:
    old = (group("x", 0, 1, 1, "a"), group("y", 1, 1, 1, "b"))
    new = (group("x", 0, 1, 1, "b"), group("y", 1, 1, 1, "a"))
    before, after = (two_models(*groups, weights=5) for groups in (old, new))
    assert [step.do.value for step in diff_of(before, after).steps] == ["load", "route", "unload"]
    before, after = (two_models(*groups, weights=6) for groups in (old, new))
    with pytest.raises(NoOrderError, match=r"'a' would .* with --allow-outage a$"):
        diff_of(before, after)
    # One of them is enough to make room for the other.
    found = diff_of(before, after, allow_outage=("a",))
    assert found.outage == ("a",)
    check(found.to_json_dict(), before.document, after.document)


def test_a_free_device_lets_large_models_change_places() -> None:
    pool = builders.pool(devices_per_node=3)
    models = [builders.model("a"), builders.model("b")]
    profiles = [builders.profile(weight_bytes=6 * GB)]
    old, new = (
        side(list(groups), profiles, models, pool)
        for groups in (
            (group("x", 0, 1, 1, "a"), group("y", 1, 1, 1, "b")),
            (group("x", 0, 1, 1, "b"), group("y", 1, 1, 1, "a"), group("z", 2, 1, 1, "a")),
        )
    )
    found = diff_of(old, new)
    check(found.to_json_dict(), old.document, new.document)
    assert [len(step.add) for step in found.steps if step.do.value == "load"] == [1, 1, 1]


def test_groups_that_are_taken_over_are_loaded_with_what_frees_them_alone() -> None:
    old = two_models(group("x", 0, 1, 2, "a"), weights=4)
    new = two_models(group("x", 0, 2, 1, "b", "a"), weights=4)
    found = diff_of(old, new)
    assert found.groups[0].change.value == "reshaped"
    assert [
        (step.do.value, [item.model for item in step.add], [item.model for item in step.remove])
        for step in found.steps
    ] == [
        ("load", ["a"], []),
        ("route", ["a"], ["a"]),
        ("unload", [], ["a"]),
        ("load", ["b"], []),
        ("route", ["b"], []),
    ]


def test_a_profile_that_changed_is_another_engine_of_the_same_name() -> None:
    groups = [group("x", 0, 1, 1, "a"), group("y", 1, 1, 1, "a")]
    old, new = (
        side(groups, [builders.profile(weight_bytes=n * GB)], [builders.model("a")]) for n in (4, 5)
    )
    found = diff_of(old, new)
    check(found.to_json_dict(), old.document, new.document)
    assert all(each.change.value == "changed" for each in found.groups)
    assert min(step.copies_min or 0 for step in found.steps) == 1


def test_a_floor_on_attainment_changes_fewer_groups_at_a_time() -> None:
    pool = builders.pool(devices_per_node=8)
    models = [builders.model(name, rate_rps=20.0) for name in "ab"]
    profiles = [builders.profile(weight_bytes=6 * GB)]
    old, new = (
        side(
            [group(f"g{n}", n, 1, 1, name) for n, name in enumerate(names)], profiles, models, pool
        )
        for names in ("aaaabbbb", "bbbbaaaa")
    )
    fast = diff_of(old, new)
    least = min(step.slo_attainment or 0.0 for step in fast.steps)
    assert least < 0.9
    careful = diff_of(old, new, floor=Floor(attainment=0.9))
    check(careful.to_json_dict(), old.document, new.document)
    assert careful.below_floor == ()
    assert len(careful.steps) > len(fast.steps)


@pytest.mark.parametrize("groups_at_once", [1, 2])
def test_few_groups_at_a_time_keep_all_rules_too(groups_at_once: int) -> None:
    for number in range(30):
        old, new = random_pair(np.random.default_rng(number), SIZES["nodes"])
        fleet = build_fleet(old.deployed, new.deployed, new.inputs)
        try:
            steps = find_steps(fleet, 1, (), groups_at_once)
        except NoOrderError:
            continue
        replay(fleet, steps, Pace(), ())


@pytest.mark.slow
def test_nothing_is_loaded_early_that_frees_nothing() -> None:
    for number in range(60):
        old, new = random_pair(np.random.default_rng(number), SIZES["nodes"])
        try:
            found = diff_of(old, new)
        except NoOrderError:
            continue
        overlaps = {each.new: each.overlaps for each in found.groups if each.new}
        of_old = {each.old: set(each.unload) for each in found.groups if each.old and not each.new}
        for step in found.steps:
            if step.do.value == "load":
                for item in step.add:
                    waiting = [of_old[name] for name in overlaps[item.group] if of_old.get(name)]
                    assert not waiting or item.model in roll_models(found), number
            if step.do.value == "route":
                for item in step.remove:
                    if item.group in of_old:
                        of_old[item.group].discard(item.model)


def roll_models(found: PlanDiff) -> set[str]:
    """Return the models that no replica of stays: only these have to move."""
    staying = {model for each in found.groups for model in each.stay}
    return {model for each in found.groups for model in each.unload} - staying
