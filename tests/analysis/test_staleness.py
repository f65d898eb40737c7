"""How a committed plan differs from the one made now."""

from __future__ import annotations

from typing import Any

from alpaplan.analysis.staleness import Change, changed_replicas, staleness
from alpaplan.specs.plan import PlanSpec
from tests.analysis.stale_plans import group, plan, provenance, record


def changed(**changes: Any) -> PlanSpec:
    return plan(changes)


def test_equal_plans_are_current_whatever_made_them() -> None:
    assert not staleness(plan({}), plan({})).is_stale
    newer = changed(provenance=provenance(alpaplan="9.9.9"))
    assert not staleness(plan({}), newer).is_stale


def test_every_change_has_both_sides() -> None:
    old = changed(provenance=provenance(record("p.yaml"), record("q.yaml")))
    new = changed(
        provenance=provenance(record("p.yaml", "b"), seed=1),
        prediction={"slo_attainment": 0.5},
        groups=[group("g1", 2)],
        routing=None,
    )
    found = staleness(old, new)
    assert found.is_stale
    assert [(change.name, change.old is None, change.new is None) for change in found.inputs] == [
        ("p.yaml", False, False),
        ("q.yaml", False, True),
    ]
    assert found.settings == (Change("seed", 0, 1),)
    assert found.groups == (Change("g0", old.groups[0], None), Change("g1", None, new.groups[0]))
    assert found.attainment == Change("slo_attainment", 0.9, 0.5)
    assert found.parts == ("routing",)


def test_replicas_of_both_groups_that_have_changed() -> None:
    def cut(*stages: tuple[int, int]) -> PlanSpec:
        made = group("g0", 0, "m0", "m1")
        made["replicas"][1]["stages"] = [{"layers": list(pair)} for pair in stages]
        return plan({"groups": [made]})

    old, new = cut((0, 1), (2, 3)).groups[0], cut((0, 0), (1, 3)).groups[0]
    assert changed_replicas(old, new) == (Change("m1", old.replicas[1], new.replicas[1]),)
    assert changed_replicas(old, old) == ()
