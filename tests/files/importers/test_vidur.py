"""Vidur's profiles of layers and collectives."""

from __future__ import annotations

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers.vidur_models import vidur_model
from alpaplan.profiling.blocks import embedding_s, head_s
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import STACKS
from tests.files.importers.imports import Write, config_of, imported, problems

HEADER = "model,tp,num_tokens,mlp_ms,layer_ms_without_attention_kernel"
NETWORK = "node_type,collective,num_workers,devices_per_node,size_bytes,median_ms"
OPTIONS = {"devices": ("a100-sxm",), "input_len": 1024}

LLAMA = (
    HEADER,
    "Llama-2-7b-hf,1,1,0.1,0.3",
    "Llama-2-7b-hf,1,512,0.1,1",
    "Llama-2-7b-hf,1,1536,0.1,3",
    "Llama-2-7b-hf,1,2048,0.1,4",
    "Llama-2-7b-hf,2,2048,0.1,2",
)


def estimate(intra_op: int) -> LayerEstimate:
    model = vidur_model("Llama-2-7b-hf")
    assert model is not None
    roofline = Roofline(DEVICES["a100-sxm"], Dtype.BF16, next(iter(STACKS.values())))
    return LayerEstimate(model, roofline, Sweep(1024), intra_op)


def rest_s(layers: LayerEstimate, batch_size: int) -> float:
    """Return what is not measured: embedding, head and 32 attention kernels."""
    prefill, roofline, model = layers.prefill(batch_size), layers.roofline, layers.transformer
    kernel_s = roofline.attention_s(model.blocks[0].mixer, batch_size, 1024, layers.intra_op)  # type: ignore[arg-type]
    return embedding_s(model, prefill, roofline) + head_s(model, prefill, roofline) + 32 * kernel_s


def test_blocks_on_one_device(write: Write) -> None:
    (profile,) = imported("vidur", write("layers.csv", *LLAMA), **OPTIONS).profiles
    config = config_of(profile, "a100-sxm", 1, 1)
    layers = estimate(1)
    # 1,024 tokens lie halfway between two rows; 4 and 8 prompts have more than were measured.
    assert list(config.stage_latency_s) == [1, 2]
    for size, block_s in ((1, 0.002), (2, 0.004)):
        (found_s,) = config.stage_latency_s[size]
        assert found_s == pytest.approx(32 * block_s + rest_s(layers, size), abs=1e-6)
    assert config.stage_weight_bytes == (sum(layers.weight_bytes(one_stage=True)),)
    assert sum(config.stage_weight_bytes) == 2 * 6_738_415_616
    assert "blocks as Vidur measured them, from layers.csv (vidur)" in (profile.source or "")
    assert {c.inter_op for c in profile.configs if c.intra_op == 1} == {1, 2, 4, 8}


def test_all_reduces(write: Write) -> None:
    path = write("layers.csv", *LLAMA)
    network = write(
        "network.csv",
        NETWORK,
        "a100_dgx,all_reduce,2,2,1024,0.1",
        f"a100_dgx,all_reduce,2,2,{1024 * 4096 * 2},0.5",
        f"a100_dgx,all_reduce,2,1,{1024 * 4096 * 2},9",
        f"h100_dgx,all_reduce,2,2,{1024 * 4096 * 2},7",
        f"a100_dgx,send_recv,2,2,{1024 * 4096 * 2},8",
    )
    (profile,) = imported("vidur", path, network, **OPTIONS).profiles
    layers = estimate(2)
    expected_s = 32 * (0.002 + 2 * 0.0005) + rest_s(layers, 1)
    (found_s,) = config_of(profile, "a100-sxm", 2, 1).stage_latency_s[1]
    assert found_s == pytest.approx(expected_s, abs=1e-6)
    assert "blocks and all-reduces as Vidur measured" in (profile.source or "")
    (without,) = imported("vidur", path, **OPTIONS).profiles
    estimated_s = layers.roofline.all_reduce_s(1024 * 4096, 2)
    (found_s,) = config_of(without, "a100-sxm", 2, 1).stage_latency_s[1]
    assert found_s == pytest.approx(expected_s + 64 * (estimated_s - 0.0005), abs=1e-6)


@pytest.mark.parametrize(
    ("model", "num_parameters"),
    [
        # As published with each model.
        ("meta-llama/Llama-2-7b-hf", 6_738_415_616),
        ("Llama-2-70b-hf", 68_976_648_192),
        ("Meta-Llama-3-8B", 8_030_261_248),
        ("Meta-Llama-3-70B", 70_553_706_496),
        ("CodeLlama-34b-Instruct-hf", 33_743_970_304),
        ("phi-2", 2_779_683_840),
    ],
)
def test_published_sizes(model: str, num_parameters: int) -> None:
    found = vidur_model(model)
    assert found is not None
    assert found.num_parameters == num_parameters


def test_what_is_left_out(write: Write) -> None:
    path = write("layers.csv", *LLAMA, "gpt-5,1,1024,0.1,3", "phi-2,1,512,0.1,1")
    found = imported("vidur", path, **OPTIONS)
    assert [profile.name for profile in found.profiles] == ["llama-2-7b-hf"]
    unknown, short = found.notes
    assert unknown.startswith("gpt-5: left out, as its architecture is not known here")
    assert short.startswith("phi-2: left out, nothing was measured that serves prompts of 1024")
    with pytest.raises(AlpaplanError, match="nothing is left to make a profile of: Llama"):
        imported("vidur", write("layers.csv", *LLAMA), devices=("a100-sxm",), input_len=4096)


def test_spoiled(write: Write) -> None:
    path = write("layers.csv", *LLAMA, LLAMA[-1], "phi-2,1,x,0.1,1", "phi-2,1,7,0.1,0")
    assert problems("vidur", path, **OPTIONS) == [
        "layers.csv:7: duplicate Llama-2-7b-hf tp 2 num_tokens 2048",
        "layers.csv:8: num_tokens: must be a whole number, found 'x'",
        "layers.csv:9: layer_ms_without_attention_kernel: must be above 0, found '0'",
    ]
    with pytest.raises(AlpaplanError, match=r"--device must be one of .*, found 'a100'"):
        imported("vidur", path, devices=("a100",), input_len=512)
