"""Estimated iterations of LLMs: KV bytes of every architecture, times by hand, what is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpaplan.errors import InfeasibleError
from alpaplan.profiling.architecture import Mixer, Transformer
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.engine_estimate import (
    MOST_REQUESTS,
    STEP_TOKENS,
    Steps,
    why_not_continuous,
)
from alpaplan.profiling.estimate import estimate_profile
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import VLLM_2025
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.profile import ModelProfileSpec
from tests.profiling.published_families import FAMILIES
from tests.profiling.transformers import ATTENTION, DECODER, DELTA, DENSE, ENCODER, HYBRID, LATENT

H100 = DEVICES["h100-sxm"]
STEPS = Steps(intra_ops=(1, 2), inter_ops=(1, 2))


def estimated(
    model: Transformer = DECODER, steps: Steps = STEPS, limit: int | None = None
) -> ModelProfileSpec:
    return estimate_profile(model, "m", [H100], Dtype.BF16, VLLM_2025, steps, limit).profile


def config(profile: ModelProfileSpec, intra_op: int, inter_op: int) -> EngineConfig:
    found = profile.find_config("h100-sxm", intra_op, inter_op)
    assert isinstance(found, EngineConfig)
    return found


def kv_bytes(model: Transformer, intra_op: int = 1, input_len: int = 2048) -> int:
    steps = Steps(input_len, intra_ops=(intra_op,), inter_ops=(1,))
    return sum(config(estimated(model, steps), intra_op, 1).stage_kv_bytes_per_token)


def of(*mixers: Mixer) -> Transformer:
    return replace(DECODER, blocks=tuple(replace(DENSE, mixer=mixer) for mixer in mixers))


class TestKvBytes:
    def test_heads_that_queries_share(self) -> None:
        assert kv_bytes(of(ATTENTION, ATTENTION)) == 2 * (2 * 4 * 64) * 2

    def test_devices_divide_heads_and_copy_few(self) -> None:
        assert kv_bytes(of(ATTENTION), intra_op=4) == 2 * 64 * 2
        assert kv_bytes(of(ATTENTION), intra_op=8) == 2 * 64 * 2

    def test_stages_divide_blocks(self) -> None:
        found = config(estimated(of(*[ATTENTION] * 4)), 1, 2)
        assert sum(found.stage_kv_bytes_per_token) == 4 * (2 * 4 * 64) * 2
        assert all(each % (2 * 4 * 64 * 2) == 0 for each in found.stage_kv_bytes_per_token)

    def test_latent_attention_keeps_its_vectors_whole_on_each_device(self) -> None:
        assert kv_bytes(of(LATENT)) == (128 + 32) * 2
        assert kv_bytes(of(LATENT), intra_op=2) == (128 + 32) * 2

    def test_windows_and_states_are_those_of_a_request(self) -> None:
        windowed = replace(ATTENTION, window=256)
        assert kv_bytes(of(windowed), input_len=1024) == (2 * 4 * 64) * 2 // 4
        assert kv_bytes(of(windowed), input_len=256) == (2 * 4 * 64) * 2
        state = DELTA.kept_numbers(1024, 1) * 2
        assert kv_bytes(of(DELTA), input_len=1024) == round(state / 1024)

    @pytest.mark.parametrize(
        ("family", "expected"),
        [("deepseek-v3", 61 * (512 + 64) * 2), ("gpt-oss-20b", 12 * 2048 + 12 * 128)],
    )
    def test_of_published_models(self, family: str, expected: int) -> None:
        model = replace(transformer_of(FAMILIES[family][0]), tower=None)
        steps = Steps(intra_ops=(8,), inter_ops=(8,))
        found = estimate_profile(model, "m", [DEVICES["h200-sxm"]], Dtype.BF16, VLLM_2025, steps)
        (only,) = found.profile.engine_configs
        if family == "gpt-oss-20b":  # one of 8 heads on each device; 2,048 tokens are kept or 128
            expected = expected * 2 * 64 * 2 // 2048
        assert sum(only.stage_kv_bytes_per_token) == pytest.approx(expected, abs=8)


def test_one_request_alone_reads_the_weights() -> None:
    found = config(estimated(), 1, 1)
    read_s = found.stage_weight_bytes[0] / (H100.memory_bytes_per_s * VLLM_2025.memory)
    alone_s = found.stage_step_s[1][0]
    # The embedding is looked up, not read.
    assert 0.5 * read_s < alone_s < read_s + len(DECODER.blocks) * 150e-6


def test_attention_is_that_of_the_roofline() -> None:
    found = config(estimated(), 1, 1)
    assert found.stage_attention_s is not None
    assert found.stage_kv_read_s is not None
    roofline = Roofline(H100, Dtype.BF16, VLLM_2025)
    longer, shorter = (roofline.attention_s(ATTENTION, 1, length, 1) for length in (4096, 2048))
    moved = 2048 * (16 + 4) * 128 * 2
    moved_s = moved / (H100.memory_bytes_per_s * 0.39)
    pairs = (4096**2 - 2048**2) / 2
    per_pair_s = (longer - shorter - moved_s) / pairs
    assert found.stage_attention_s[0] == pytest.approx(4 * per_pair_s, rel=2e-3)
    per_token_s = found.stage_kv_bytes_per_token[0] / (H100.memory_bytes_per_s * 0.87)
    assert found.stage_kv_read_s[0] == pytest.approx(per_token_s, rel=1e-3)


def test_steps_rise_and_stages_add_up() -> None:
    profile = estimated()
    for found in profile.engine_configs:
        assert tuple(found.stage_step_s) == STEP_TOKENS
        sums = [sum(stages) for stages in found.stage_step_s.values()]
        assert sums == sorted(sums)
    one, two = (config(profile, 1, stages) for stages in (1, 2))
    for tokens in STEP_TOKENS:
        sends_s = 20e-6 + tokens * 1024 * 2 / 100e9
        difference_s = sum(two.stage_step_s[tokens]) - one.stage_step_s[tokens][0]
        assert -2e-6 <= difference_s <= sends_s


def test_large_iterations_score_only_as_many_tokens_as_requests() -> None:
    assert Steps().prefill(8, 1) == Prefill(8, 1, 1)
    assert Steps().prefill(8192, 2) == Prefill(MOST_REQUESTS, 32, 2)


def test_states_are_read_for_each_request() -> None:
    with_states, without = (
        config(estimated(of(*mixers)), 1, 1) for mixers in ((ATTENTION, DELTA), (ATTENTION,))
    )
    assert with_states.stage_kv_read_s == without.stage_kv_read_s
    state_s = 2 * DELTA.kept_numbers(0, 1) * 2 / (H100.memory_bytes_per_s * VLLM_2025.memory)
    rise = with_states.stage_step_s[256][0] - with_states.stage_step_s[1][0]
    assert rise > 255 * state_s


def test_what_does_not_generate() -> None:
    assert why_not_continuous(DECODER) is None
    assert "encoder" in str(why_not_continuous(ENCODER))
    assert "encoder beside" in str(why_not_continuous(HYBRID))
    scoreless = replace(DECODER, head=ENCODER.head)
    assert "no scores" in str(why_not_continuous(scoreless))


def test_memory_that_an_engine_needs() -> None:
    found = config(estimated(), 1, 1)
    assert found.stage_working_bytes is not None
    kept = 2048 * found.stage_kv_bytes_per_token[0]
    needed = found.stage_weight_bytes[0] + found.stage_working_bytes[0] + kept
    steps = replace(STEPS, intra_ops=(1,), inter_ops=(1,))
    assert estimated(steps=steps, limit=needed).configs
    with pytest.raises(InfeasibleError, match=f"needs {needed} bytes"):
        estimated(steps=steps, limit=needed - 1)
