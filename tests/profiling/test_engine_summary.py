from __future__ import annotations

from typing import Any

import pytest

from alpaplan.profiling.engine_summary import (
    CONTEXT_TOKENS,
    PROMPT_TOKENS,
    RUNNING_REQUESTS,
    summarize_engines,
    tpot_s,
)
from alpaplan.profiling.steps import SHORTEST_STEP_S, StepTimes
from alpaplan.specs.profile import ModelProfileSpec

PAIRS = PROMPT_TOKENS * (PROMPT_TOKENS + 1) // 2


def config(device: str, intra_op: int, inter_op: int, **more: Any) -> dict[str, Any]:
    return {
        "device": device,
        "intra_op": intra_op,
        "inter_op": inter_op,
        "stage_weight_bytes": [5_000 + stage for stage in range(inter_op)],
        "stage_kv_bytes_per_token": [64 + stage for stage in range(inter_op)],
        "stage_step_s": {2048: [0.03] * inter_op, 1: [0.002] * inter_op},
    } | more


def profile(*configs: dict[str, Any]) -> ModelProfileSpec:
    document = {"kind": "model-profile", "version": 1, "name": "chat", "configs": configs}
    return ModelProfileSpec.model_validate(document)


def test_order_is_by_device_type_then_devices_then_intra_op() -> None:
    shapes = [("b", 2, 1), ("a", 1, 1), ("b", 1, 2), ("b", 1, 1)]
    found = summarize_engines(profile(*(config(*shape) for shape in shapes)))
    assert [(c.device, c.intra_op, c.inter_op) for c in found.configs] == [
        ("b", 1, 1),
        ("b", 1, 2),
        ("b", 2, 1),
        ("a", 1, 1),
    ]
    assert [len(configs) for configs in found.by_device().values()] == [3, 1]


def test_times_that_fall_with_the_tokens_never_fall_below_zero() -> None:
    falling = config("gpu", 1, 1, stage_step_s={1: [0.002], 2: [0.001]})
    (found,) = summarize_engines(profile(falling)).configs
    assert found.prompt_s == SHORTEST_STEP_S
    assert [each.tpot_s for each in found.decoding[:1]] == [0.002]
    assert min(each.tpot_s for each in found.decoding) == SHORTEST_STEP_S


def test_one_configuration_by_hand() -> None:
    full = config(
        "gpu",
        1,
        2,
        stage_working_bytes=[300, 100],
        stage_attention_s=[1e-9, 2e-9],
        stage_kv_read_s=[1e-7, 1e-7],
    )
    (found,) = summarize_engines(profile(full)).configs
    assert found.step_s == {1: 0.004, 2048: 0.06}
    assert list(found.step_s) == [1, 2048]
    assert found.prompt_s == pytest.approx(0.06 + 3e-9 * PAIRS)
    assert (found.memory_bytes, found.kv_bytes_per_token) == (5_300, 65)
    assert found.decoding[0].tpot_s == pytest.approx(0.004 + 2e-7 * CONTEXT_TOKENS)
    assert [each.num_requests for each in found.decoding] == list(RUNNING_REQUESTS)
    two = found.decoding[1]
    # Two requests go through both stages in turn, one each: as fast as one alone.
    assert two.tpot_s == pytest.approx(found.decoding[0].tpot_s)
    assert two.tokens_per_s == pytest.approx(2 / two.tpot_s)


def test_the_longest_stage_is_busy_with_all_iterations() -> None:
    stages = [StepTimes({1: 0.001}, 0.0, 0.0), StepTimes({1: 0.003}, 0.0, 0.0)]
    assert tpot_s(stages, 1) == pytest.approx(0.004)
    assert tpot_s(stages, 2) == pytest.approx(0.006)
    assert tpot_s(stages, 256) == pytest.approx(0.006)
