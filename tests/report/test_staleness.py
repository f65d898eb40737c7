"""What makes a plan stale, in words."""

from __future__ import annotations

import pytest

from alpaplan.analysis.staleness import staleness
from alpaplan.report.staleness import staleness_lines
from alpaplan.specs.plan import PlanSpec
from tests.analysis.stale_plans import Plan, group, plan, provenance, record


def stale_lines(old: PlanSpec, new: PlanSpec) -> list[str]:
    found = staleness(old, new)
    lines = staleness_lines(found)
    assert found.is_stale == bool(lines)
    return lines


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"prediction": {"slo_attainment": 0.951}},
            "prediction: attainment was 90.00%, is now 95.10%",
        ),
        ({"prediction": None}, "prediction: attainment was 90.00%, is now -"),
        (
            {"routing": {"dispatch": "earliest-finish"}},
            "routing: differs from what would be planned now",
        ),
        ({"models": []}, "models: differs from what would be planned now"),
        (
            {"unused_devices": [{"node": "n-0", "devices": [3]}]},
            "unused_devices: differs from what would be planned now",
        ),
        ({"provenance": provenance(seed=7)}, "seed: was 0, is now 7"),
        ({"provenance": provenance(method="beam")}, "method: was auto, is now beam"),
        ({"provenance": provenance(effort="high")}, "effort: was medium, is now high"),
        ({"provenance": provenance(max_evaluations=9)}, "max_evaluations: was not given, is now 9"),
        (
            {"provenance": provenance(record("p.yaml", "b"))},
            "input p.yaml: profile has changed since planning",
        ),
        (
            {"provenance": provenance(record("p.yaml"), record("t.csv", role="trace"))},
            "input t.csv: trace that was not used before",
        ),
        (
            {"groups": [group("g0", 0, "m0", "m1", "m2"), group("g1", 2)]},
            "group g1: new: gpu n-0[2-3] (intra_op 1, inter_op 2) with nothing",
        ),
        (
            {"groups": [group("g0", 0, "m0", "m2")]},
            (
                "group g0: was gpu n-0[0-1] (intra_op 1, inter_op 2) with m0..2, "
                "is now gpu n-0[0-1] (intra_op 1, inter_op 2) with m0 m2"
            ),
        ),
    ],
)
def test_each_difference_has_its_line(changes: Plan, line: str) -> None:
    assert stale_lines(plan({}), plan(changes)) == [line]


def test_other_stages_are_named_where_nothing_else_differs() -> None:
    def of(*stages: tuple[int, int]) -> PlanSpec:
        made = group("g0", 0, "m0", "m1", "m2")
        made["replicas"][1]["stages"] = [{"layers": list(pair)} for pair in stages] or None
        return plan({"groups": [made]})

    assert stale_lines(of((0, 1), (2, 3)), of((0, 0), (1, 3))) == [
        "group g0: stages of m1 were 0-1 2-3, are now 0 1-3"
    ]
    assert stale_lines(of(), of((0, 0), (1, 3))) == ["group g0: stages of m1 were -, are now 0 1-3"]
    assert stale_lines(of((0, 1), (2, 3)), of((0, 1), (2, 3))) == []


def test_devices_that_the_description_leaves_out_differ_too() -> None:
    def on(*nodes: int) -> PlanSpec:
        devices = [{"node": f"n-{node}", "devices": [0, 1]} for node in nodes]
        return plan({"groups": [group("g0") | {"inter_op": 8, "devices": devices}]})

    (line,) = stale_lines(on(0, 1, 2, 9), on(0, 3, 4, 9))
    assert line.startswith("group g0: was gpu n-0[0-1] .. n-9[0-1] (4 nodes)")


def test_what_is_gone_is_named_too() -> None:
    old = plan(
        {
            "provenance": provenance(record("p.yaml"), record("q.yaml")),
            "groups": [group("g0", 0, "m0", "m1", "m2"), group("g1", 2)],
        }
    )
    assert stale_lines(old, plan({})) == [
        "input q.yaml: no longer used",
        "group g1: no longer planned",
    ]


def test_equal_plans_differ_in_nothing() -> None:
    assert stale_lines(plan({}), plan({})) == []


def test_another_version_alone_makes_nothing_stale() -> None:
    newer = {"provenance": provenance(alpaplan="9.9.9")}
    assert stale_lines(plan({}), plan(newer)) == []


def test_inputs_come_first_and_every_difference_counts() -> None:
    found = stale_lines(
        plan({}),
        plan(
            {
                "provenance": provenance(record("p.yaml", "b"), seed=1),
                "groups": [group("g0", 2, "m0")],
                "prediction": {"slo_attainment": 0.5},
                "routing": None,
                "models": [],
            }
        ),
    )
    names = [line.split(":")[0] for line in found]
    assert names == ["input p.yaml", "seed", "group g0", "prediction", "routing", "models"]


def test_other_limits_of_batches_are_named_where_nothing_else_differs() -> None:
    def of(*caps: int | None) -> PlanSpec:
        made = group("g0", 0, "m0", "m1", "m2")
        for replica, cap in zip(made["replicas"], caps, strict=True):
            replica["max_batch_size"] = cap
        return plan({"groups": [made]})

    assert stale_lines(of(1, 4, None), of(1, None, 2)) == [
        "group g0: max_batch_size of m1 was 4, is now not given",
        "group g0: max_batch_size of m2 was not given, is now 2",
    ]
