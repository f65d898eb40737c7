"""The shipped data: profiles, and the clusters and workloads of the examples."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import importlib
import math
import re
from pathlib import Path

import pytest
import yaml

from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.guide.pages import page_text
from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.profiling.stages import cut_into_stages
from alpaplan.profiling.steps import stage_times
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.workload import WorkloadSpec

REPOSITORY = Path(__file__).resolve().parents[1]
PROFILE_PATHS = sorted((REPOSITORY / "profiles").glob("*.yaml"))
LAYER_PATHS = sorted((REPOSITORY / "profiles" / "layers").glob("*.yaml"))
EXAMPLES = sorted(path.parent for path in (REPOSITORY / "examples").glob("*/cluster.yaml"))

LLMS = [path.stem for path in PROFILE_PATHS if path.with_stem(f"{path.stem}-prefill").exists()]
FIXED_SERVICE = [path.stem for path in PROFILE_PATHS if path.stem not in LLMS]

TABLE_1 = {
    "bert-1.3b": (0.151, 2.4e9, 1),
    "bert-2.7b": (0.238, 5.4e9, 1),
    "bert-6.7b": (0.395, 13.4e9, 1),
    "bert-104b": (4.6, 208e9, 16),
    "moe-1.3b": (0.150, 2.6e9, 1),
    "moe-2.4b": (0.171, 4.8e9, 1),
    "moe-5.3b": (0.234, 10.6e9, 1),
}
"""Latency, size and fewest stages (AlpaServe, OSDI 2023, Table 1)."""


def read_profile(path: Path) -> ModelProfileSpec:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return ModelProfileSpec.model_validate(yaml.load(path.read_text(encoding="utf-8"), loader))


@pytest.fixture(scope="module")
def profiles() -> dict[str, ModelProfileSpec]:
    return {path.stem: read_profile(path) for path in PROFILE_PATHS}


def size_bytes(config: ProfiledConfig) -> int:
    return sum(config.stage_weight_bytes) * config.intra_op


@pytest.mark.parametrize("name", [path.stem for path in PROFILE_PATHS])
def test_every_profile_says_its_name_and_source(
    name: str, profiles: dict[str, ModelProfileSpec]
) -> None:
    profile = profiles[name]
    assert profile.name == name
    assert profile.source is not None
    assert "make_" in profile.source


@pytest.mark.parametrize("name", LLMS)
class TestEveryLlm:
    def test_prefill_alone_has_the_same_configurations(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        by_shape = {
            (c.device, c.intra_op, c.inter_op): c for c in profiles[f"{name}-prefill"].configs
        }
        for config in profiles[name].engine_configs:
            prefill = by_shape.pop((config.device, config.intra_op, config.inter_op))
            assert config.stage_weight_bytes == prefill.stage_weight_bytes
        assert not by_shape

    def test_steps_cover_decoding_and_prompts(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        for config in profiles[name].engine_configs:
            assert list(config.stage_step_s) == [1 << power for power in range(14)]
            assert min(config.stage_kv_read_s or (0,)) > 0
            assert min(config.stage_attention_s or (0,)) > 0

    def test_keys_and_values_are_divided_among_stages(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        whole = {
            (c.device, c.intra_op): c.stage_kv_bytes_per_token[0]
            for c in profiles[name].engine_configs
            if c.inter_op == 1
        }
        for config in profiles[name].engine_configs:
            of_one_stage = whole.get((config.device, config.intra_op))
            if of_one_stage is not None:
                each = -(-of_one_stage // config.inter_op)
                assert config.stage_kv_bytes_per_token == (each,) * config.inter_op

    def test_prefill_takes_as_long_as_in_the_other_profile(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        errors = []
        for config in profiles[name].engine_configs:
            other = profiles[f"{name}-prefill"].find_config(
                config.device, config.intra_op, config.inter_op
            )
            assert isinstance(other, ProfiledConfig)
            times = stage_times(config, 0)
            found_s = times.seconds(2048, 2048 * 2049 // 2)
            errors.append(abs(found_s / other.stage_latency_s[1][0] - 1))
        assert sorted(errors)[len(errors) // 2] < 0.03
        assert max(errors) < 0.15

    def test_source_names_the_engine_and_the_fit(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        source = profiles[name].source or ""
        assert "vllm 0.24.0 on h100-sxm and h200-sxm" in source
        assert "leave-one-out error of median" in source


@pytest.mark.parametrize("name", FIXED_SERVICE)
class TestEveryFixedService:
    def test_weights_of_all_devices_sum_to_the_model(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        sizes = [size_bytes(config) for config in profiles[name].fixed_configs]
        assert max(sizes) <= 1.1 * min(sizes)

    def test_more_intra_op_is_faster_but_never_more_than_ideal(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        by_shape = {(c.device, c.intra_op, c.inter_op): c for c in profiles[name].fixed_configs}
        num_pairs = 0
        for (device, intra_op, inter_op), config in by_shape.items():
            doubled = by_shape.get((device, 2 * intra_op, inter_op))
            if doubled is not None:
                num_pairs += 1
                # 1%: a smaller part of a matrix can be measured slightly better than half.
                assert 0.495 <= batch_latency_s(doubled, 1) / batch_latency_s(config, 1) < 1
        assert num_pairs > 0

    def test_stages_cost_little_and_are_nearly_even(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        by_shape = {(c.device, c.intra_op, c.inter_op): c for c in profiles[name].fixed_configs}
        for (device, intra_op, inter_op), config in by_shape.items():
            latencies = config.stage_latency_s[1]
            assert max(latencies) <= 1.1 * sum(latencies) / inter_op
            single = by_shape.get((device, intra_op, 1))
            if single is not None:
                assert 0.999 <= batch_latency_s(config, 1) / batch_latency_s(single, 1) <= 1.15

    def test_larger_batches_take_longer(
        self, name: str, profiles: dict[str, ModelProfileSpec]
    ) -> None:
        for config in profiles[name].fixed_configs:
            totals = [sum(config.stage_latency_s[size]) for size in sorted(config.stage_latency_s)]
            assert totals == sorted(set(totals))


@pytest.mark.parametrize("name", sorted(TABLE_1))
def test_alpaserve_profiles_hold_table_1(name: str, profiles: dict[str, ModelProfileSpec]) -> None:
    latency_s, weight_bytes, num_stages = TABLE_1[name]
    shapes = {(c.intra_op, c.inter_op): c for c in profiles[name].fixed_configs}
    config = shapes[1, num_stages]
    assert batch_latency_s(config, 1) == pytest.approx(latency_s, rel=1e-12)
    assert size_bytes(config) == weight_bytes


def test_alpaserve_generator_reproduces_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "profiles"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    importlib.import_module("make_alpaserve").main(tmp_path)
    made = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*.yaml")}
    names = [f"{name}.yaml" for name in TABLE_1] + [f"layers/{path.name}" for path in LAYER_PATHS]
    assert sorted(made) == sorted(names)
    for file_name, path in made.items():
        committed = REPOSITORY / "profiles" / file_name
        assert path.read_bytes() == committed.read_bytes(), file_name


@pytest.mark.parametrize("path", LAYER_PATHS, ids=lambda path: path.stem)
def test_layer_profiles_hold_table_1_and_give_the_profiles(
    path: Path, profiles: dict[str, ModelProfileSpec]
) -> None:
    latency_s, weight_bytes, _ = TABLE_1[path.stem]
    layers = LayerProfileSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert sum(layer.weight_bytes for layer in layers.layers) == weight_bytes
    latencies = [layer.latency_s[1][1] for layer in layers.layers]
    assert math.fsum(latencies) == pytest.approx(latency_s, rel=1e-12)
    first, *halves = layers.layers
    assert len({(half.weight_bytes, half.latency_s[1][1]) for half in halves}) == 2
    # A look-up of rows takes next to nothing, and has the most weights of all.
    assert 0 < first.latency_s[1][1] < 0.01 * max(latencies)
    assert first.weight_bytes == max(layer.weight_bytes for layer in layers.layers)

    cut = cut_into_stages(layers).profile
    assert [c for c in cut.configs if c.num_devices <= 32] == list(profiles[path.stem].configs)
    assert profiles[path.stem].source == cut.source


@pytest.mark.parametrize("path", LAYER_PATHS, ids=lambda path: path.stem)
def test_sends_cost_no_more_than_was_measured(
    path: Path, profiles: dict[str, ModelProfileSpec]
) -> None:
    # 2 to 16 stages within 3% of one stage (AlpaServe's measurements of GPT 2.6B and 6.7B).
    shapes = {(c.intra_op, c.inter_op): c for c in profiles[path.stem].fixed_configs}
    for num_stages in (2, 4, 8, 16):
        single, pipeline = shapes[1, 1], shapes[1, num_stages]
        assert 1 < batch_latency_s(pipeline, 1) / batch_latency_s(single, 1) < 1.03


def test_aiconfigurator_generator_reproduces_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiconfigurator", exc_type=ImportError)
    monkeypatch.syspath_prepend(str(REPOSITORY / "profiles"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    script = importlib.import_module("make_aiconfigurator")
    name = "gemma-4-26b-a4b"
    # All shapes of it take some seconds: those of one intra_op, in bytes as the files have them.
    model = dataclasses.replace(script.MODELS[name], max_intra_op=1)
    monkeypatch.setattr(script, "MODELS", {name: model})
    script.main(tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == [name, f"{name}-prefill"]
    for path in tmp_path.iterdir():
        made, whole = read_profile(path), read_profile(REPOSITORY / "profiles" / path.name)
        assert made.configs == tuple(c for c in whole.configs if c.intra_op == 1)
        assert path.read_text(encoding="utf-8") == profile_to_yaml(made)


def test_llm_profiles_are_as_alpaplan_writes_them(profiles: dict[str, ModelProfileSpec]) -> None:
    for path in PROFILE_PATHS:
        if path.stem not in TABLE_1:
            written = profile_to_yaml(profiles[path.stem])
            assert written == path.read_text(encoding="utf-8"), path.name


def test_every_profile_is_made_by_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "profiles"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    script = importlib.import_module("make_all")
    called: list[Path] = []
    for name in ("make_alpaserve", "make_aiconfigurator"):
        monkeypatch.setattr(importlib.import_module(name), "main", called.append)
    script.main(tmp_path)
    assert called == [tmp_path, tmp_path]
    models = importlib.import_module("make_aiconfigurator").MODELS
    names = [*models, *(f"{model}-prefill" for model in models)]
    assert sorted([*names, *TABLE_1]) == sorted(path.stem for path in PROFILE_PATHS)


def test_the_library_has_what_the_guide_says(profiles: dict[str, ModelProfileSpec]) -> None:
    section = page_text("models").partition("## Shipped profiles")[2].partition("\n## ")[0]
    listed: dict[str, str] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            names, _, devices = line.split("|")[1:4]
            listed |= dict.fromkeys(re.findall(r"`([^`]+)`", names), devices.strip())
    found = {
        name: ", ".join(sorted({config.device for config in profile.configs}))
        for name, profile in profiles.items()
    }
    assert listed == found


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_example_is_complete_and_every_model_fits_somewhere(
    folder: Path, profiles: dict[str, ModelProfileSpec]
) -> None:
    cluster = ClusterSpec.model_validate(yaml.safe_load((folder / "cluster.yaml").read_text()))
    assert (folder / "README.md").is_file()
    usable_bytes = {pool.device: pool.usable_memory_bytes for pool in cluster.node_pools}
    workloads = workloads_of(folder)
    assert workloads
    for model in (model for each in workloads.values() for model in each.served_models()):
        assert any(
            max(config.stage_weight_bytes) <= usable_bytes.get(config.device, 0)
            for config in profiles[model.profile].configs
        ), model.name


@pytest.mark.slow
def test_examples_are_the_documented_sizes() -> None:
    sizes = {
        f"{folder.name}/{name}": len(workload.served_models())
        for folder in EXAMPLES
        for name, workload in workloads_of(folder).items()
    }
    assert sizes == {
        "alpaserve-s3/workload.yaml": 60,
        "day/workload.yaml": 12,
        "headline/equal.yaml": 32,
        "headline/functions.yaml": 60,
        "headline/mixed.yaml": 60,
        "llm-h100/workload.yaml": 44,
        "prefill/workload.yaml": 6,
        "quickstart/workload.yaml": 6,
        "robustness/changed.yaml": 8,
        "robustness/later.yaml": 8,
        "robustness/workload.yaml": 8,
        "rollout/later.yaml": 3,
        "rollout/workload.yaml": 2,
    }


def workloads_of(folder: Path) -> dict[str, WorkloadSpec]:
    """Return the workloads of an example by the names of their files."""
    documents = {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.yaml"))
    }
    return {
        name: WorkloadSpec.model_validate(document)
        for name, document in documents.items()
        if document["kind"] == "workload"
    }


@pytest.mark.parametrize("path", ["llm-h100/workload.yaml", "traffic/llm-services.yaml"])
def test_llm_traffic_is_what_was_measured(shared_cases: Path, path: str) -> None:
    table = shared_cases / "traces" / "dev_servegen_windows_week1.csv.gz"
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        measured = {
            row["client"].lower(): (row["dist"].lower(), row["rate_rps"], row["iat_cv"])
            for row in csv.DictReader(lines)
            if row["window_start_s"] == "484800"
        }
    document = yaml.safe_load((REPOSITORY / "examples" / path).read_text())
    assert len(document["models"]) == 44
    for model in document["models"]:
        process, rate_rps, cv = measured[model["name"].rpartition(".")[2]]
        assert model["arrivals"] == {
            "process": process,
            "rate_rps": float(rate_rps),
            "cv": float(cv),
        }


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("qwen3-0.6b", "Qwen/Qwen3-0.6B"),
        ("qwen3-1.7b", "Qwen/Qwen3-1.7B"),
        ("qwen3-8b", "Qwen/Qwen3-8B"),
        ("qwen3-32b", "Qwen/Qwen3-32B"),
        ("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"),
        ("llama-3.1-8b", "meta-llama/Meta-Llama-3.1-8B"),
        ("llama-3.1-70b", "meta-llama/Meta-Llama-3.1-70B"),
    ],
)
@pytest.mark.parametrize("device", ["a100-sxm", "h100-sxm", "h200-sxm"])
def test_llm_profiles_agree_with_estimates_made_elsewhere(
    name: str, path: str, device: str, shared_cases: Path, profiles: dict[str, ModelProfileSpec]
) -> None:
    system = device.replace("-", "_")
    configs = profiles[f"{name}-prefill"].fixed_configs
    shapes = {(c.intra_op, c.inter_op): c for c in configs if c.device == device}
    table = shared_cases / "profiles" / f"aiconfigurator_{system}_vllm.csv"
    num_compared = 0
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            config = shapes.get((int(row["tp"]), int(row["pp"])))
            if (row["model"], row["input_len"]) != (path, "2048") or config is None:
                continue
            latencies = config.stage_latency_s.get(int(row["batch_size"]))
            if latencies is None:
                continue
            num_compared += 1
            # Both round: they to microseconds a request, the profile to microseconds a stage.
            expected_s = float(row["prefill_latency_ms"]) / 1e3
            assert sum(latencies) == pytest.approx(expected_s, abs=1e-6 * (len(latencies) + 1))
            weight_gib = config.stage_weight_bytes[0] / 2**30
            assert weight_gib == pytest.approx(float(row["mem_weights_gib"]), abs=2e-3)
    assert num_compared == sum(len(config.stage_latency_s) for config in shapes.values()) > 40
