"""The picture of a fleet before it is drawn."""

from __future__ import annotations

import pytest

from alpaplan.planning.overview import PlanOverview
from alpaplan.report.figure import figure_bytes
from alpaplan.report.fleet import MAX_KINDS, OTHERS, Content, fleet_picture
from alpaplan.report.fleet_plot import fleet_figure
from alpaplan.specs.plan import PlanSpec
from tests import builders as make
from tests.solved import solved


def test_slices_fill_a_device_up_to_the_memory_that_it_uses() -> None:
    run = solved(cluster=make.cluster(make.pool(devices_per_node=2)))
    picture = fleet_picture(PlanOverview(run.document, run.inputs))
    assert picture.kinds == ("m0", "m1")
    assert picture.has_memory
    for node in picture.nodes:
        for cell in node.cells:
            assert cell.device.memory is not None
            end = 0.0
            for part in cell.slices:
                assert part.start == end
                end = part.end
            memory = cell.device.memory
            assert end == pytest.approx(memory.used_bytes / memory.usable_bytes)
    assert picture.contents == (Content.WEIGHTS,)


def by_hand(num_models: int) -> PlanSpec:
    """Return a plan with a group of two devices that holds so many models."""
    group = {
        "name": "g",
        "device": "gpu",
        "intra_op": 1,
        "inter_op": 2,
        "devices": [{"node": "n-0", "devices": [0, 1]}],
        "replicas": [{"model": f"m{m}"} for m in range(num_models)],
    }
    return PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": [group]})


def test_without_inputs_models_have_equal_parts() -> None:
    picture = fleet_picture(PlanOverview(by_hand(4)))
    (node,) = picture.nodes
    assert not picture.has_memory
    assert [(part.start, part.end) for part in node.cells[0].slices] == [
        (0.0, 0.25),
        (0.25, 0.5),
        (0.5, 0.75),
        (0.75, 1.0),
    ]
    assert node.spans == (("g", 0, 1),)


def test_many_models_have_the_colors_of_their_profiles_and_no_more_than_there_are() -> None:
    plan = by_hand(3 * MAX_KINDS)
    profiles = [f"p{m // 2}" for m in range(3 * MAX_KINDS)]
    models = [
        {"name": f"m{m}", "profile": profile, "groups": ["g"]} for m, profile in enumerate(profiles)
    ]
    told = PlanSpec.model_validate(plan.model_dump() | {"models": models})
    picture = fleet_picture(PlanOverview(told))
    assert picture.kinds == tuple(f"p{p} (2 models)" for p in range(MAX_KINDS))
    assert picture.has_others
    colors = {part.color for part in picture.nodes[0].cells[0].slices}
    assert colors == {*range(MAX_KINDS), OTHERS}


@pytest.mark.slow
def test_the_same_bytes_each_time() -> None:
    first, again = (figure_bytes(fleet_figure(PlanOverview(by_hand(3))), "svg") for _ in range(2))
    assert first == again
