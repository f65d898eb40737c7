"""Whole profiles: stages, memory, what is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import InfeasibleError
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.profiling.blocks import block_activation_bytes, block_kv_cache_bytes
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.estimate import KNOWN_ERRORS, Estimate, estimate_profile
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import STACKS, VLLM_2025
from alpaplan.specs.profile import ProfiledConfig
from tests.profiling.published_families import FAMILIES
from tests.profiling.transformers import DECODER, DENSE, ENCODER, MIXTURE, TIED, transformers

H100 = DEVICES["h100-sxm"]
SWEEP = Sweep(512, (1, 4), (1, 2, 4), (1, 2, 4))


def estimated(
    model: Transformer = DECODER,
    *devices: str,
    sweep: Sweep = SWEEP,
    dtype: Dtype = Dtype.BF16,
    limit: int | None = None,
) -> Estimate:
    chosen = [DEVICES[name] for name in devices or ("h100-sxm",)]
    return estimate_profile(model, "m", chosen, dtype, VLLM_2025, sweep, limit)


def config(found: Estimate, intra_op: int, inter_op: int) -> ProfiledConfig:
    config = found.profile.find_config("h100-sxm", intra_op, inter_op)
    assert isinstance(config, ProfiledConfig)
    return config


def memory_bytes(config: ProfiledConfig, batch_size: int) -> int:
    assert config.stage_activation_bytes is not None
    working = config.stage_activation_bytes[batch_size]
    return max(map(sum, zip(config.stage_weight_bytes, working, strict=True)))


def test_every_configuration_on_every_device() -> None:
    profile = estimated(DECODER, "h100-sxm", "a100-sxm").profile
    found = [(item.device, item.intra_op, item.inter_op) for item in profile.configs]
    grid = [(n, k) for n in (1, 2, 4) for k in (1, 2, 4)]
    assert found == [(device, n, k) for device in ("h100-sxm", "a100-sxm") for n, k in grid]
    assert all(list(item.stage_latency_s) == [1, 4] for item in profile.fixed_configs)


@given(transformers, st.sampled_from([1, 2, 4]), st.sampled_from([1, 2, 4]))
def test_stages_are_the_layers_and_the_sends_between(
    model: Transformer, intra_op: int, inter_op: int
) -> None:
    found = config(estimated(model), intra_op, inter_op)
    layers = LayerEstimate(model, Roofline(H100, Dtype.BF16, VLLM_2025), SWEEP, intra_op)
    sent_bytes = 512 * 1024 * 2
    send_s = VLLM_2025.send_s + sent_bytes / (450e9 * VLLM_2025.link)
    expected_s = sum(layers.latency_s(1)) + (inter_op - 1) * send_s
    # Each stage is rounded to the nearest microsecond.
    assert abs(batch_latency_s(found, 1) - expected_s) <= 0.51e-6 * inter_op
    assert found.stages is not None
    assert found.stages[-1].layers[1] == len(model.blocks) + 1


@pytest.mark.parametrize("model", [DECODER, MIXTURE, ENCODER])
def test_weights_of_all_devices_are_the_model(model: Transformer) -> None:
    for item in estimated(model).profile.configs:
        whole = sum(item.stage_weight_bytes) * item.intra_op
        assert whole == pytest.approx(model.num_parameters * 2, abs=item.num_devices)


def test_tied_weights_are_there_twice_where_the_head_is_elsewhere() -> None:
    found = estimated(TIED)
    one, two = (config(found, 1, k).stage_weight_bytes for k in (1, 2))
    assert sum(one) == TIED.num_parameters * 2
    assert sum(two) == DECODER.num_parameters * 2


def test_fp8_halves_the_blocks_alone() -> None:
    full, half = (config(estimated(DECODER, dtype=d), 1, 1) for d in (Dtype.BF16, Dtype.FP8))
    blocks = sum(block.num_parameters(1024) for block in DECODER.blocks)
    assert full.stage_weight_bytes[0] - half.stage_weight_bytes[0] == blocks


def test_keys_and_values_add_up_and_activations_do_not() -> None:
    found = config(estimated(), 2, 1)
    prefill = Prefill(4, 512, 2)
    expected = 4 * block_kv_cache_bytes(DENSE, prefill, Dtype.BF16)
    expected += block_activation_bytes(DENSE, 1024, prefill, Dtype.BF16)
    assert found.stage_activation_bytes is not None
    assert found.stage_activation_bytes[4] == (expected,)


def test_the_longest_stage_is_as_short_as_can_be() -> None:
    layers = LayerEstimate(DECODER, Roofline(H100, Dtype.BF16, VLLM_2025), SWEEP, 1)
    times, spec = layers.latency_s(1), layers.spec()
    sent_s = spec.link.latency_s + 512 * 1024 * 2 / spec.link.bandwidth_bytes_per_s
    best_s = min(max(sum(times[:k]) + sent_s, sum(times[k:])) for k in range(1, len(times)))
    assert max(config(estimated(), 1, 2).stage_latency_s[1]) == pytest.approx(best_s, abs=1e-6)


class TestMemoryLimit:
    def test_batch_sizes_that_do_not_fit_are_left_out(self) -> None:
        whole = config(estimated(), 1, 1)
        limit = memory_bytes(whole, 1)
        fitted = config(estimated(limit=limit), 1, 1)
        assert list(fitted.stage_latency_s) == [1]
        assert fitted.stage_activation_bytes is not None
        assert list(fitted.stage_activation_bytes) == [1]
        assert list(config(estimated(limit=memory_bytes(whole, 4)), 1, 1).stage_latency_s) == [1, 4]

    def test_configurations_that_do_not_fit_are_left_out_and_named(self) -> None:
        limit = memory_bytes(config(estimated(), 1, 1), 1) - 1
        found = estimated(limit=limit)
        assert found.profile.find_config("h100-sxm", 1, 1) is None
        assert found.profile.find_config("h100-sxm", 1, 2) is not None
        (left_out,) = found.left_out
        assert left_out.describe().startswith(
            f"h100-sxm: intra_op 1, inter_op 1 needs {limit + 1} bytes ("
        )

    @pytest.mark.slow
    @given(transformers, st.integers(20_000_000, 300_000_000))
    def test_nothing_exceeds_it(self, model: Transformer, limit: int) -> None:
        try:
            found = estimated(model, limit=limit)
        except InfeasibleError:
            return
        for item in found.profile.fixed_configs:
            assert all(memory_bytes(item, size) <= limit for size in item.stage_latency_s)
        assert len(found.profile.configs) + len(found.left_out) == 9

    def test_a_device_has_no_more_memory_than_it_has(self) -> None:
        sweep = Sweep(512, (1, 1 << 12), (1,), (1,))
        found = estimated(DECODER, "l4", sweep=sweep, limit=10**15)
        assert list(found.profile.fixed_configs[0].stage_latency_s) == [1]

    def test_nothing_fits(self) -> None:
        with pytest.raises(InfeasibleError) as raised:
            estimated(limit=1000)
        lines = str(raised.value).splitlines()
        assert lines[0] == "no configuration of 'm' fits"
        assert len(lines) == 1 + 9
        assert "inter_op 4 needs" in lines[-1]


def test_devices_that_cannot_share_the_heads_are_passed_over() -> None:
    sweep = Sweep(512, (1,), (1, 3, 16), (1,))
    found = estimated(sweep=sweep)
    assert [item.intra_op for item in found.profile.configs] == [1, 16]


def test_source_says_that_it_is_an_estimate() -> None:
    for stack in STACKS.values():
        source = estimate_profile(DECODER, "m", [H100], Dtype.BF16, stack, SWEEP).profile.source
        assert source is not None
        assert source.startswith("Estimated by alpaplan, not measured: prefill of prompts of 512 ")
        assert stack.name in source
        assert "Known error of the latency: " in source


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deepseek-v3", "Time of latent attention is put together"),
        ("deepseek-v3.2", "Time of sparse attention with an indexer is put together"),
        ("nemotron-h-56b", "Time of state-space layers (Mamba) is put together"),
        ("gpt-oss-20b", "Blocks with a sliding window keep the keys and values of the window"),
        ("gemma-4-31b", "Weights include 0.576B of the vision part (gemma4_vision)"),
        ("kimi-k2", "by a kimi_k2 of 1.03T parameters"),
        ("whisper-large-v3", "The encoder goes over the prompt"),
        ("qwen3-next-80b-a3b", None),
        ("falcon-7b", None),
    ],
)
def test_source_says_what_is_assumed(name: str, said: str | None) -> None:
    model = transformer_of(FAMILIES[name][0])
    sweep = replace(SWEEP, intra_ops=(1,), inter_ops=(16,))
    found = estimate_profile(model, "m", [DEVICES["b200-sxm"]], Dtype.FP8, VLLM_2025, sweep)
    source = str(found.profile.source)
    assert source.endswith(f": {KNOWN_ERRORS[VLLM_2025.name]}.") == (said is None)
    assert said is None or said in source


def test_source_says_what_weights_of_4_bits_are_multiplied_in() -> None:
    both = [DEVICES["h100-sxm"], DEVICES["b200-sxm"]]
    source = estimate_profile(DECODER, "m", both, Dtype.NVFP4, VLLM_2025, SWEEP).profile.source
    assert "Products with weights in nvfp4 are computed in 16 bits on h100-sxm" in str(source)
    assert "Efficiencies of units for 4 bits are not measured" in str(source)


def test_source_says_which_efficiencies_are_assumed() -> None:
    chosen = [DEVICES[name] for name in ("t4", "h100-sxm", "h20")]
    source = estimate_profile(DECODER, "m", chosen, Dtype.FP16, VLLM_2025, SWEEP).profile.source
    said = "Efficiencies on t4 (as on volta), h20 (as on hopper) are not measured but assumed."
    assert said in str(source)
