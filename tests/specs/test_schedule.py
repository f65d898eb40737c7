"""Rules of placement schedules, as specs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from alpaplan.specs.schedule import ScheduleSpec
from tests.files.examples import EXAMPLES

FIRST, SECOND = ("placements", 0), ("placements", 1)
GROUP = ("groups", 0)


def issues_after(change: Callable[[Any], object]) -> list[tuple[tuple[object, ...], str]]:
    document = yaml.safe_load(EXAMPLES["placement-schedule"])
    change(document["placements"])
    with pytest.raises(ValidationError) as caught:
        ScheduleSpec.model_validate(document)
    (error,) = caught.value.errors()
    issues = error["ctx"]["issues"]
    return [((*error["loc"], *issue.where), issue.message) for issue in issues]


@pytest.mark.parametrize(
    ("starts_s", "issues"),
    [
        ((1, 2), [((*FIRST, "start_s"), "must be 0 in the first placement, found start_s 1")]),
        ((0, 0), [((*SECOND, "start_s"), "must be above 0, the start_s of the placement before")]),
        ((3, 2), [((*FIRST, "start_s"), "must be 0"), ((*SECOND, "start_s"), "found 2")]),
    ],
)
def test_placements_follow_each_other_from_0_on(
    starts_s: tuple[float, float], issues: list[tuple[tuple[object, ...], str]]
) -> None:
    def change(placements: Any) -> None:
        for placement, start_s in zip(placements, starts_s, strict=True):
            placement["start_s"] = start_s

    found = issues_after(change)
    assert [where for where, _ in found] == [where for where, _ in issues]
    assert all(part in message for (_, message), (_, part) in zip(found, issues, strict=True))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("device", "other"),
        ("intra_op", 2),
        ("inter_op", 1),
        ("devices", [{"node": "n-0", "devices": [1, 0]}]),
    ],
)
def test_a_name_has_one_shape_and_its_devices_in_one_order(key: str, value: object) -> None:
    def change(placements: Any) -> None:
        placements[1]["groups"][0][key] = value

    assert [where for where, _ in issues_after(change)] == [(*SECOND, *GROUP, key)]


def test_a_model_batches_alike_wherever_it_is_on_a_group() -> None:
    def change(placements: Any) -> None:
        placements[0]["groups"][0]["replicas"].append({"model": "b"})
        placements[1]["groups"][0]["replicas"][1]["max_batch_size"] = 3

    first, second = issues_after(change)
    assert first[0] == (*SECOND, *GROUP, "replicas", 0, "max_batch_size")
    assert "'g0' must have the max_batch_size of 'b' wherever it is, none before" in first[1]
    assert "found 2" in first[1]
    assert second[0] == (*SECOND, *GROUP, "replicas", 1, "max_batch_size")


def test_everything_wrong_with_placements_is_told_at_once() -> None:
    def change(placements: Any) -> None:
        placements[0]["start_s"] = 5
        placements[1]["groups"][0]["devices"][0]["devices"] = [2, 3]
        placements[1]["groups"][0]["device"] = "other"

    assert len(issues_after(change)) == 3


def test_names_are_unique_within_a_placement_alone() -> None:
    def change(placements: Any) -> None:
        placements[1]["groups"] *= 2

    ((where, message),) = issues_after(change)
    assert where == (*SECOND, "groups", 1, "name")
    assert message == "duplicate 'g0', first at number 1"
