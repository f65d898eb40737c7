"""Vision towers: published sizes, and where their weights lie."""

from __future__ import annotations

from typing import Any

import pytest

from alpaplan.errors import SpecError
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import VLLM_2025
from tests.profiling.published import LLAMA_8B, TOWERS


@pytest.mark.parametrize("name", TOWERS)
def test_sizes(name: str) -> None:
    config, size = TOWERS[name]
    found = transformer_of(config)
    assert found.num_parameters == size
    assert found.notes == ()


@pytest.mark.parametrize(("dtype", "text_bytes"), [(Dtype.BF16, 2), (Dtype.FP8, 2)])
def test_weights_lie_before_the_blocks_in_16_bits(dtype: Dtype, text_bytes: int) -> None:
    model = transformer_of(TOWERS["qwen2.5-vl-7b"][0])
    assert model.tower is not None
    assert model.tower.num_parameters == 676_550_144
    roofline = Roofline(DEVICES["h100-sxm"], dtype, VLLM_2025)
    found = LayerEstimate(model, roofline, Sweep(512), 1).weight_bytes(one_stage=True)
    assert found[0] == 2 * 676_550_144 + text_bytes * 152064 * 3584


def test_what_is_not_known_is_noted() -> None:
    odd: dict[str, Any] = {"model_type": "odd", "text_config": LLAMA_8B}
    found = transformer_of(odd | {"vision_config": {"hidden_size": 64}})
    assert found.tower is None
    assert found.notes == ("The vision part (odd) is of an unknown kind and left out.",)
    clip = {"model_type": "clip_vision_model"}
    found = transformer_of(odd | {"vision_config": clip})
    assert found.tower is not None
    assert found.notes == ("What lies between vision and text in a odd is left out.",)


def test_what_is_wrong_with_a_tower_is_said() -> None:
    config = TOWERS["qwen2.5-vl-7b"][0] | {"vision_config": {"hidden_size": "x"}}
    with pytest.raises(SpecError) as raised:
        transformer_of(config)
    (issue,) = raised.value.issues
    assert issue.where == ("vision_config", "hidden_size")
