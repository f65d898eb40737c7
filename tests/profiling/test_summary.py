"""What is shown of a profile: order, references of each device type, what is left out."""

from __future__ import annotations

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.summary import ProfileSummary, summarize_profile
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from tests.profiling.configs import config


def summary(*configs: ProfiledConfig, batch_size: int = 1) -> ProfileSummary:
    profile = ModelProfileSpec(
        kind="model-profile", version=1, name="p", source="by hand", configs=configs
    )
    return summarize_profile(profile, batch_size)


def test_every_number_by_hand() -> None:
    pipeline = config(2, {1: [0.1, 0.2], 4: [0.3, 0.5]}, {1: [10, 5], 4: [10, 90]})
    one, two = (summary(pipeline, batch_size=size).to_json_dict() for size in (1, 4))
    assert one["name"] == "p"
    assert one["source"] == "by hand"
    assert one["left_out"] == []
    (found,) = two["configs"]
    overhead = found.pop("overhead")
    assert found == {
        "device": "gpu",
        "intra_op": 2,
        "inter_op": 2,
        "num_devices": 4,
        "batch_size": 4,
        "interpolated": False,
        "reference": True,
        "latency_s": 0.8,
        "throughput_rps": 8.0,
        "throughput_rps_per_device": 2.0,
        "memory_bytes": 10**9 + 90,
    }
    assert overhead["imbalance"] == overhead["total"] == pytest.approx(0.25)
    assert one["configs"][0]["memory_bytes"] == 10**9 + 10
    assert one["configs"][0]["throughput_rps"] == 5.0


def test_device_types_keep_their_order_and_have_references_of_their_own() -> None:
    configs = [
        config(2, [0.1], device="z"),
        config(1, [0.1], device="a"),
        config(1, [0.06, 0.06], device="z"),
        config(4, [0.04], device="z"),
        config(1, [0.05, 0.05], device="a"),
        config(2, [0.05], device="a"),
    ]
    found = summary(*configs)
    assert [(c.device, c.intra_op, c.inter_op) for c in found.configs] == [
        ("z", 1, 2),
        ("z", 2, 1),
        ("z", 4, 1),
        ("a", 1, 1),
        ("a", 1, 2),
        ("a", 2, 1),
    ]
    assert [c.is_reference for c in found.configs] == [False, True, False, True, False, False]
    assert list(found.by_device()) == ["z", "a"]


def test_what_does_not_reach_the_batch_size_is_left_out_and_no_reference() -> None:
    small, large = config(1, {1: [0.1], 2: [0.2]}), config(2, {1: [0.1], 8: [0.8]})
    found = summary(small, large, batch_size=3)
    assert [(c.num_devices, c.is_reference, c.is_interpolated) for c in found.configs] == [
        (2, True, True)
    ]
    assert found.configs[0].latency_s == pytest.approx(0.3)
    assert found.left_out == (small,)
    assert found.to_json_dict()["left_out"] == [
        {"device": "gpu", "intra_op": 1, "inter_op": 1, "batch_sizes": [1, 2]}
    ]
    assert summary(small, large, batch_size=9).configs == ()


@pytest.mark.parametrize("short_s", [1e-18, 1e-17])
def test_latencies_next_to_nothing_are_refused(short_s: float) -> None:
    for configs in ([config(1, [short_s])], [config(1, [short_s]), config(2, [1e18])]):
        with pytest.raises(AlpaplanError) as caught:
            summary(*configs)
        assert str(caught.value) == (
            "p: gpu intra_op 1 inter_op 1: latencies are too short or too different to compare"
        )
    with pytest.raises(AlpaplanError, match="intra_op 2 inter_op 1: latencies are too short"):
        summary(config(1, [1e-6]), config(2, [1e17]))
