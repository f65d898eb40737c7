from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers.conversion import import_profiles
from alpaplan.files.importers.request import ImportRequest
from alpaplan.specs.choices import Serving
from alpaplan.specs.profile import ModelProfileSpec
from tests.files.importers.fake_aiconfigurator import FakePackage
from tests.files.importers.imports import config_of, imported

FORMAT = "aiconfigurator-api"
MODEL = "Qwen/Qwen3-8B"
H100: dict[str, Any] = {"devices": ("h100-sxm",), "input_len": 2048}


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> FakePackage:
    fake = FakePackage()
    fake.install(monkeypatch)
    return fake


def test_what_is_asked_and_what_becomes_of_it(
    package: FakePackage, capfd: pytest.CaptureFixture[str]
) -> None:
    (profile,) = imported(
        FORMAT, MODEL, **H100, batch_sizes=(1, 2), intra_ops=(2,), inter_ops=(4,)
    ).profiles
    assert package.calls == [
        {
            "model": MODEL,
            "system": "h100_sxm",
            "mode": "static_ctx",
            "backend_name": "vllm",
            "backend_version": "vllm-of-h100_sxm",
            "isl": 2048,
            "osl": 1,
            "batch_size": size,
            "tp_size": 2,
            "pp_size": 4,
            "moe_tp_size": 2,
            "moe_ep_size": 1,
        }
        for size in (1, 2)
    ]
    assert profile.name == "qwen3-8b"
    assert "vllm 9.9 on h100-sxm), as of its version 0.0 (aiconfigurator-api)" in str(
        profile.source
    )
    config = config_of(profile, "h100-sxm", 2, 4)
    assert config.stage_latency_s == {1: (0.0135,) * 4, 2: (0.026,) * 4}
    assert config.stage_weight_bytes == (2 * 2**30,) * 4
    assert config.stage_activation_bytes == {1: (20.5 * 2**30,) * 4, 2: (41 * 2**30,) * 4}
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET


def test_default_shapes_stay_within_16_devices_and_the_layers(package: FakePackage) -> None:
    steps: list[tuple[int, int]] = []
    request = ImportRequest((MODEL, MODEL), **H100)
    found = import_profiles(FORMAT, request, lambda *step: steps.append(step))
    (profile,) = found.profiles
    assert [(c.intra_op, c.inter_op) for c in profile.configs] == [
        (1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (2, 4), (4, 1), (4, 2), (4, 4), (8, 1), (8, 2)
    ]  # fmt: skip
    # 8 stages of 4 layers cannot be, and batches of 4 prompts are out of memory.
    assert {size for config in profile.fixed_configs for size in config.stage_latency_s} == {1, 2}
    where = f"{MODEL} on h100-sxm intra_op 1"
    assert found.notes[0] == f"{where} inter_op 1: left out, out of memory at batch size 4, 8"
    reason = "the model has 4 layers, which are fewer than stages"
    assert found.notes[3] == f"{where} inter_op 8: left out: {reason}"
    assert steps == [(done, 13) for done in range(14)]


def test_large_groups_where_they_are_asked_for(package: FakePackage) -> None:
    (profile,) = imported(FORMAT, MODEL, **H100, intra_ops=(8,), inter_ops=(4,)).profiles
    assert profile.configs[0].num_devices == 32


def test_iterations_without_a_prompt_length(package: FakePackage) -> None:
    found = imported(FORMAT, MODEL, devices=("h100-sxm",), intra_ops=(2,), inter_ops=(1, 4))
    (profile,) = found.profiles
    decoding = [call for call in package.calls if call["mode"] == "static_gen"]
    assert {call["osl"] for call in decoding} == {2}
    assert {(call["batch_size"], call["isl"]) for call in decoding} >= {(1, 256), (256, 4096)}
    one, four = profile.engine_configs
    # The package's kvcache, 20 GiB whatever the prompt, counted for 2,048 tokens and not by stage.
    assert one.stage_kv_bytes_per_token == (20 * 2**30 // 2048,)
    assert four.stage_kv_bytes_per_token == (5 * 2**30 // 2048,) * 4
    assert one.stage_working_bytes == (2**29,)
    # 10 ms over two devices, 10 us a request, and 10 ns a KV token.
    assert one.stage_step_s[64] == pytest.approx((0.00564,), rel=1e-4)
    assert one.stage_kv_read_s == pytest.approx((1e-8,), rel=1e-4)
    assert four.stage_kv_read_s == pytest.approx((0.25e-8,) * 4, rel=1e-4)
    assert "vllm 9.9 on h100-sxm), as of its version 0.0 (aiconfigurator-api)" in str(
        profile.source
    )


def test_keys_and_values_of_as_many_tokens_as_wanted(package: FakePackage) -> None:
    shape: dict[str, Any] = {"devices": ("h100-sxm",), "intra_ops": (1,), "inter_ops": (1,)}
    wanted = imported(FORMAT, MODEL, **shape, input_len=1024, serving=Serving.CONTINUOUS)
    (config,) = wanted.profiles[0].engine_configs
    assert config.stage_kv_bytes_per_token == (20 * 2**30 // 1024,)


def test_models_and_devices_in_one_go(package: FakePackage) -> None:
    found = imported(
        FORMAT,
        MODEL,
        "Qwen/Qwen3-0.6B",
        devices=("h100-sxm", "a100-sxm"),
        input_len=16,
        batch_sizes=(1,),
        intra_ops=(1, 3),
        inter_ops=(1,),
    )
    assert [profile.name for profile in found.profiles] == ["qwen3-8b", "qwen3-0.6b"]
    for profile in found.profiles:
        assert [config.device for config in profile.configs] == ["h100-sxm", "a100-sxm"]
    assert len(found.notes) == 4
    reason = "num_heads 32 should be divisible by tp_size 3"
    assert found.notes[0] == f"{MODEL} on h100-sxm intra_op 3 inter_op 1: left out: {reason}"


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            MODEL,
            H100 | {"devices": ("h100-sxn",)},
            (
                "--device must be one of a100-sxm, h100-sxm, found 'h100-sxn'; did you mean "
                "'h100-sxm'?"
            ),
        ),
        (
            "Qwen/Qwen3-8b",
            H100,
            (
                "Qwen/Qwen3-8b: aiconfigurator cannot load this model; did you mean "
                "'Qwen/Qwen3-8B'? (no config.json of Qwen/Qwen3-8b)"
            ),
        ),
        (
            "...",
            H100,
            (
                "...: aiconfigurator cannot load this model "
                "(must have ASCII letters or digits, found '...')"
            ),
        ),
        (
            MODEL,
            H100 | {"intra_ops": (3,), "inter_ops": (1,)},
            (
                f"no configuration can be estimated: {MODEL} on h100-sxm intra_op 3 inter_op 1: "
                "left out: num_heads 32 should be divisible by tp_size 3"
            ),
        ),
        (MODEL, {"input_len": 1}, "--device and --input-len must be given"),
        (MODEL, {}, "--device must be given"),
    ],
)
def test_what_the_package_cannot_do(
    package: FakePackage, model: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(AlpaplanError) as caught:
        imported(FORMAT, model, **options)
    assert str(caught.value) == message


def test_absent_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiconfigurator", None)
    with pytest.raises(AlpaplanError) as caught:
        imported(FORMAT, MODEL, **H100)
    assert str(caught.value) == (
        "--from aiconfigurator-api needs the package aiconfigurator, which is not installed: "
        "pip install 'alpaplan[aiconfigurator]'"
    )


def test_another_version_of_the_package(
    package: FakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys.modules["aiconfigurator.sdk.common"], "DefaultHFModels")
    with pytest.raises(AlpaplanError, match="this version of aiconfigurator cannot be used"):
        imported(FORMAT, MODEL, **H100)


def test_the_package_itself_agrees_with_the_shipped_profile(repository: Path) -> None:
    pytest.importorskip("aiconfigurator", exc_type=ImportError)
    text = (repository / "profiles" / "qwen3-0.6b-prefill.yaml").read_text(encoding="utf-8")
    shipped_profile = ModelProfileSpec.model_validate(yaml.safe_load(text))
    shipped = config_of(shipped_profile, "a100-sxm", 2, 2)
    (profile,) = imported(
        FORMAT,
        "Qwen/Qwen3-0.6B",
        devices=("a100-sxm",),
        input_len=2048,
        batch_sizes=(1,),
        intra_ops=(2,),
        inter_ops=(2,),
    ).profiles
    config = config_of(profile, "a100-sxm", 2, 2)
    assert config.stage_latency_s[1] == pytest.approx(shipped.stage_latency_s[1], abs=5.1e-7)
    assert config.stage_weight_bytes == pytest.approx(shipped.stage_weight_bytes, abs=1e6)
    with pytest.raises(AlpaplanError, match="did you mean 'Qwen/Qwen3-"):
        imported(FORMAT, "/absent/Qwen3-0.6B", devices=("a100-sxm",), input_len=1)
