"""`alpaplan profile estimate`: files, options, exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.stacks import STACKS
from tests.cli.workspace import Workspace
from tests.files.examples import EXAMPLES

CONFIG = """\
{
  "model_type": "llama",
  "num_hidden_layers": 4,
  "hidden_size": 1024,
  "num_attention_heads": 16,
  "num_key_value_heads": 4,
  "intermediate_size": 4096,
  "vocab_size": 32000,
  "torch_dtype": "bfloat16"
}
"""

COMMAND = ("profile", "estimate", "small.json", "--input-len", "512")


@pytest.fixture
def config(workspace: Workspace) -> Workspace:
    """Return the workspace, with a small configuration in it."""
    workspace.write("small.json", CONFIG)
    return workspace


def profile(workspace: Workspace, *arguments: str) -> Any:
    return yaml.safe_load(workspace.run(*COMMAND, *arguments).stdout)


def test_profile_that_validates(config: Workspace) -> None:
    result = config.run(*COMMAND, "--device", "h100-sxm", "-o", "small.yaml")
    assert "Stages of small on h100-sxm" in result.stdout
    assert result.stderr == ""
    written = yaml.safe_load(config.read("small.yaml"))
    assert written["name"] == "small"
    # Twelve configurations: as many stages as there are blocks at most.
    assert [(c["intra_op"], c["inter_op"]) for c in written["configs"]] == [
        (n, k) for n in (1, 2, 4, 8) for k in (1, 2, 4)
    ]
    assert all(list(c["stage_latency_s"]) == [1, 2, 4, 8] for c in written["configs"])
    config.run("validate", "small.yaml")


def test_standard_output_holds_the_profile_alone(config: Workspace) -> None:
    arguments = ("--device", "h100-sxm", "--device", "a100-sxm", "--memory-limit", "150MB")
    result = config.run(*COMMAND, *arguments)
    assert {c["device"] for c in yaml.safe_load(result.stdout)["configs"]} == {
        "h100-sxm",
        "a100-sxm",
    }
    assert "left out: h100-sxm: intra_op 1, inter_op 1 needs " in result.stderr


def test_lists_and_name(config: Workspace) -> None:
    found = profile(
        config,
        *("--device", "l4", "--batch", "1,16", "--intra-op", "2", "--inter-op", "1,3"),
        *("--name", "other", "--dtype", "fp16"),
    )
    assert found["name"] == "other"
    assert [(c["intra_op"], c["inter_op"]) for c in found["configs"]] == [(2, 1), (2, 3)]
    assert list(found["configs"][0]["stage_latency_s"]) == [1, 16]
    assert "in fp16" in found["source"]


def test_a_file_of_the_hub_is_called_as_its_folder(config: Workspace) -> None:
    (config.folder / "Small-1B").mkdir()
    config.write("Small-1B/config.json", CONFIG)
    arguments = ("--device", "l4", "--input-len", "512")
    result = config.run("profile", "estimate", "Small-1B/config.json", *arguments)
    assert yaml.safe_load(result.stdout)["name"] == "Small-1B"


def test_stacks_differ(config: Workspace) -> None:
    (current, eager) = (
        profile(config, "--device", "h100-sxm", "--stack", name)["configs"][0] for name in STACKS
    )
    assert eager["stage_latency_s"][1][0] > current["stage_latency_s"][1][0]


def test_the_same_bytes_each_time(config: Workspace) -> None:
    first, second = (config.run(*COMMAND, "--device", "b200-sxm").stdout for _ in range(2))
    assert first == second


def test_help_lists_devices_and_stacks(config: Workspace) -> None:
    text = config.run("profile", "estimate", "--help").stdout
    assert all(name in text for name in (*DEVICES, *STACKS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), f"Missing option '--device'. It must be one of {', '.join(DEVICES)}."),
        (("--device", "h10-sxm"), "found 'h10-sxm'; did you mean 'h100-sxm'?"),
        (
            ("--device", "v100-16gb"),
            "v100-16gb does not support bf16; choose another --dtype: fp32, fp16",
        ),
        (
            ("--device", "h100-sxm", "--device", "a100-sxm", "--dtype", "fp8"),
            "a100-sxm does not support fp8; choose another --dtype: fp32, fp16, bf16",
        ),
        (("--device", "l4", "--dtype", "fp4"), f"must be one of {', '.join(Dtype)}, found 'fp4'"),
        (("--device", "l4", "--batch", "2,4"), "--batch must include 1, found 2, 4"),
        (
            ("--device", "l4", "--intra-op", "1,3,32"),
            "--intra-op must divide 16 attention heads and 4 key-value heads, found 3, 32",
        ),
        (
            ("--device", "l4", "--inter-op", "2,5"),
            "--inter-op must be at most the number of blocks (4), found 5",
        ),
        (("--device", "l4", "--name", " x"), "'--name': must be a name of 1 to 200 characters"),
        (("--device", "l4", "--stack", "v"), "must be one of vllm-2025, eager-2023, found 'v'"),
        (("--device", "l4", "--memory-limit", "0"), "must be above 0 and at most 1e+18, found '0'"),
        (("--device", "l4", "--input-len", "0"), "must be from 1 to 10,000,000, found '0'"),
    ],
)
def test_usage(config: Workspace, arguments: tuple[str, ...], message: str) -> None:
    result = config.run(*COMMAND, *arguments, exit_code=2)
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_length_is_needed_for_prefill(config: Workspace) -> None:
    for more in (("--serving", "prefill"), ("--batch", "1,2")):
        command = ("profile", "estimate", "small.json", "--device", "l4")
        result = config.run(*command, *more, exit_code=2)
        assert "Missing option '--input-len'" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--serving", "continuous", "--input-len", "512")])
def test_iterations_of_an_llm(config: Workspace, arguments: tuple[str, ...]) -> None:
    command = ("profile", "estimate", "small.json", "--device", "h100-sxm", "-o", "llm.yaml")
    result = config.run(*command, *arguments)
    assert "Output tokens per second" in result.stdout
    written = yaml.safe_load(config.read("llm.yaml"))
    first = written["configs"][0]
    assert first["stage_kv_bytes_per_token"] == [4 * 2 * 4 * 64 * 2]
    assert max(first["stage_step_s"]) == 8192
    assert "continuous batching" in written["source"]
    config.run("validate", "llm.yaml")


def test_iterations_have_no_batch_sizes(config: Workspace) -> None:
    command = ("profile", "estimate", "small.json", "--device", "l4", "--serving", "continuous")
    result = config.run(*command, "--batch", "1,2", exit_code=2)
    assert "--batch is for --serving prefill" in result.stderr


def test_encoders_have_no_iterations(config: Workspace) -> None:
    config.write("small.json", CONFIG.replace('"llama"', '"bert", "max_position_embeddings": 512'))
    result = config.run("profile", "estimate", "small.json", "--device", "l4", exit_code=2)
    assert "bert is an encoder" in result.stderr
    assert "with --input-len its prefill is estimated" in " ".join(result.stderr.split())


def test_learned_positions_bound_the_length(config: Workspace) -> None:
    learned = CONFIG.replace('"llama"', '"gpt2"').replace(
        '"vocab_size"', '"n_positions": 511, "vocab_size"'
    )
    config.write("small.json", learned)
    result = config.run(*COMMAND, "--device", "l4", exit_code=2)
    assert "--input-len must be at most the model's 511 positions, found 512" in result.stderr


def test_what_is_wrong_with_the_file(config: Workspace) -> None:
    config.write("small.json", CONFIG.replace('"llama"', '"lama"').replace("32000", '"32k"'))
    result = config.run(*COMMAND, "--device", "l4", exit_code=2)
    assert result.stderr.startswith("small.json:2: model_type: must be one of llama, mistral, ")
    assert result.stderr.endswith(
        "found 'lama'; did you mean 'llama'? (for other families, import measurements with profile "
        "import --from table)\n"
    )


def test_a_quantized_checkpoint_needs_a_dtype(config: Workspace) -> None:
    quantized = '"quantization_config": {"quant_method": "hqq"}, "torch_dtype"'
    config.write("small.json", CONFIG.replace('"torch_dtype"', quantized))
    result = config.run(*COMMAND, "--device", "l4", exit_code=2)
    assert result.stderr == (
        "small.json:9: quantization_config: the weights are quantized in an unsupported way "
        "(by hqq); give --dtype\n"
    )
    config.run(*COMMAND, "--device", "l4", "--dtype", "fp8")


@pytest.mark.parametrize(
    ("old", "new", "arguments"),
    [
        ("1024", "1000000000", ()),
        ("32000", "1000000000", ("--input-len", "10000000", "--batch", "1,1000000")),
    ],
)
def test_too_large_for_any_document(
    config: Workspace, old: str, new: str, arguments: tuple[str, ...]
) -> None:
    config.write("small.json", CONFIG.replace(old, new))
    result = config.run(*COMMAND, "--device", "l4", *arguments, exit_code=2)
    assert result.stderr.startswith("alpaplan: must be at most 1e+18 bytes of weights and working")


def test_nothing_fits(config: Workspace) -> None:
    limit = ("--memory-limit", "1MB", "-o", "small.yaml")
    result = config.run(*COMMAND, "--device", "l4", *limit, exit_code=3)
    assert result.stderr.startswith("alpaplan: no configuration of 'small' fits\n  l4: intra_op 1,")
    assert "small.yaml" not in config.names()


def test_output_that_cannot_be_written(config: Workspace) -> None:
    target = str(Path("absent") / "small.yaml")
    result = config.run(*COMMAND, "--device", "l4", "-o", target, exit_code=2)
    assert result.stderr == f"{target}: cannot be written: no folder absent\n"


def test_rotated_positions_bound_the_length_too(config: Workspace) -> None:
    config.write("small.json", CONFIG.replace("{", '{"max_position_embeddings": 500,', 1))
    result = config.run(*COMMAND, "--device", "l4", exit_code=2)
    assert "--input-len must be at most the model's 500 positions, found 512" in result.stderr


def test_quantization_in_a_file_beside(config: Workspace) -> None:
    config.write("config.json", CONFIG)
    settings = '{"quantization": {"quant_algo": "%s", "exclude_modules": ["lm_head"]}}'
    command = ("profile", "estimate", "config.json", "--input-len", "512", "--device", "h100-sxm")
    for algorithm, dtype in [("FP8", "fp8"), ("NVFP4", "nvfp4")]:
        config.write("hf_quant_config.json", settings % algorithm)
        found = yaml.safe_load(config.run(*command).stdout)
        asked = yaml.safe_load(config.run(*command, "--dtype", dtype).stdout)
        assert f"in {dtype}" in found["source"]
        assert found == asked
    config.write("hf_quant_config.json", settings % "W4A8_AWQ")
    result = config.run(*command, exit_code=2)
    assert result.stderr == (
        "hf_quant_config.json:1: quantization: the weights are quantized in an unsupported way "
        "(by W4A8_AWQ); give --dtype\n"
    )
    config.run(*command, "--dtype", "bf16")


def test_shards_that_are_no_whole_blocks_are_left_out(config: Workspace) -> None:
    blocks = '"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},'
    config.write("small.json", CONFIG.replace("{", "{" + blocks, 1).replace("4096", "768"))
    result = config.run(*COMMAND, "--device", "h100-sxm", "--inter-op", "1")
    assert [c["intra_op"] for c in yaml.safe_load(result.stdout)["configs"]] == [1, 2]
    why = "width of the attention heads per device is 64, which is not a multiple of the"
    assert result.stderr.splitlines() == [
        f"left out: h100-sxm: intra_op {n}: {why} quantization block size, 128" for n in (4, 8)
    ]
    # Weights of 16 bits are not in blocks, whatever the checkpoint had.
    other = config.run(*COMMAND, "--device", "h100-sxm", "--inter-op", "1", "--dtype", "bf16")
    assert [c["intra_op"] for c in yaml.safe_load(other.stdout)["configs"]] == [1, 2, 4, 8]


def test_parts_that_are_not_known_are_said_to_be_left_out(config: Workspace) -> None:
    parts = '"audio_config": {"layers": 4}, "vision_config": {"model_type": "odd"},'
    config.write("small.json", CONFIG.replace("{", "{" + parts, 1))
    result = config.run(*COMMAND, "--device", "l4", "-o", "small.yaml")
    notes = [
        "The vision part (odd) is of an unknown kind and left out.",
        "The part for sounds (audio_config) is left out.",
    ]
    assert result.stderr.splitlines() == [f"note: {note}" for note in notes]
    assert yaml.safe_load(config.read("small.yaml"))["source"].endswith(" ".join(notes))


class TestDeviceOfOnesOwn:
    H100 = """\
kind: device
version: 1
name: mine
generation: hopper
memory_bytes: 80GiB
memory_bytes_per_s: 3350GB
peak_flops: {fp32: 67e12, fp16: 989.4e12, bf16: 989.4e12, fp8: 1978.9e12}
link: {bandwidth_bytes_per_s: 450GB}
"""

    def test_figures_of_the_catalog_give_its_estimate(self, config: Workspace) -> None:
        config.write("mine.yaml", self.H100)
        known, own = (profile(config, "--device", name) for name in ("h100-sxm", "mine.yaml"))
        assert {item.pop("device") for item in known["configs"]} == {"h100-sxm"}
        assert {item.pop("device") for item in own["configs"]} == {"mine"}
        assert own["configs"] == known["configs"]
        said = "Efficiencies on mine (as on hopper) are not measured but assumed."
        assert own["source"] == f"{known['source']} {said}"

    def test_beside_the_catalog(self, config: Workspace) -> None:
        config.write("d.yaml", EXAMPLES["device"])
        found = profile(config, "--device", "l4", "--device", "d.yaml")
        assert list(dict.fromkeys(item["device"] for item in found["configs"])) == ["l4", "d"]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("bf16", "bf61", "7: peak_flops.bf61: unknown key 'bf61'; did you mean 'bf16'?"),
            ("hopper", "hoper", "found 'hoper'; did you mean 'hopper'?"),
            ("fp16: 989.4e12, ", "", "7: peak_flops: missing key 'fp16'"),
            ("989.4e12, bf16", "1, bf16", "7: peak_flops.fp16: must be at least 1e+09, found 1"),
            ("450GB", "450", "8: link.bandwidth_bytes_per_s: must be at least 1e+06, found 450"),
            ("450GB", "450GB, latency_s: 1h", "8: link.latency_s: must be at most 1, found '1h'"),
            ("450GB", "450GB, shared: 1", "8: link.shared: must be true or false, found 1"),
            ("kind: device", "kind: cluster", "1: kind: must be 'device', found 'cluster'"),
        ],
    )
    def test_what_is_wrong_with_it(
        self, config: Workspace, old: str, new: str, message: str
    ) -> None:
        config.write("mine.yaml", self.H100.replace(old, new))
        result = config.run(*COMMAND, "--device", "mine.yaml", exit_code=2)
        assert result.stderr.startswith("mine.yaml:")
        assert message in result.stderr

    def test_what_cannot_be_read(self, config: Workspace) -> None:
        result = config.run(*COMMAND, "--device", "absent.yaml", exit_code=2)
        assert result.stderr == "absent.yaml: no such file or directory\n"

    def test_each_name_once(self, config: Workspace) -> None:
        config.write("l4.yaml", self.H100.replace("mine", "l4"))
        both = ("--device", "l4", "--device", "l4.yaml")
        result = config.run(*COMMAND, *both, exit_code=2)
        assert "--device l4.yaml: l4 is already given" in result.stderr

    def test_it_is_not_overwritten(self, config: Workspace) -> None:
        config.write("mine.yaml", self.H100)
        config.run(*COMMAND, "--device", "mine.yaml", "-o", "mine.yaml", exit_code=2)
        assert config.read("mine.yaml") == self.H100

    def test_the_slowest_there_can_be(self, config: Workspace) -> None:
        slow = "peak_flops: {fp16: 1e9}\nlink: {bandwidth_bytes_per_s: 1MB, latency_s: 1}\n"
        text = self.H100.partition("peak_flops")[0]
        config.write("mine.yaml", text.replace("3350GB", "1MB").replace("80GiB", "1000TB") + slow)
        own = ("--device", "mine.yaml", "--dtype", "fp16")
        assert len(profile(config, *own)["configs"]) == 12
        result = config.run(*COMMAND, *own, "--input-len", "10000000", exit_code=2)
        assert result.stderr.startswith("alpaplan: must take at most ")
