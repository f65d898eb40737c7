from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.specs.choices import Serving
from alpaplan.specs.profile import ModelProfileSpec
from tests.files.importers.imports import Write, config_of, imported, problems, profiles

HEADER = (
    "model,gpu,backend,backend_version,tp,pp,batch_size,input_len,output_len,prefill_latency_ms,"
    "decode_step_latency_ms,mem_weights_gib,mem_kvcache_gib,mem_activations_gib,oom"
)
PREFILL = Serving.PREFILL
GPUS = ("a100_sxm", "h100_sxm", "h200_sxm")


def row(
    *,
    model: str = "Qwen/Qwen3-8B",
    gpu: str = "h100_sxm",
    tp: object = 1,
    pp: object = 1,
    batch_size: object = 1,
    input_len: object = 512,
    latency_ms: object = 5.635,
    memory: str = "1.4,0.068,0.25",
    oom: object = 0,
) -> str:
    """Return a row as of `HEADER`."""
    shape = (model, gpu, "vllm", "0.24.0", tp, pp, batch_size, input_len, 128)
    return ",".join(map(str, (*shape, latency_ms, 1.0, memory, oom)))


def tables(shared_cases: Path) -> list[Path]:
    return [shared_cases / "profiles" / f"aiconfigurator_{gpu}_vllm.csv" for gpu in GPUS]


def test_one_row(write: Write) -> None:
    (profile,) = profiles(
        "aiconfigurator", write("e.csv", HEADER, row(pp=2, tp=4)), serving=PREFILL
    )
    assert profile.name == "qwen3-8b"
    assert (profile.source or "").startswith(
        "Prefill of prompts of 512 tokens by Qwen/Qwen3-8B, estimated by aiconfigurator from its "
        "databases of measured operators (vllm 0.24.0 on h100-sxm), from e.csv (aiconfigurator);"
    )
    config = config_of(profile, "h100-sxm", 4, 2)
    assert config.stage_latency_s == {1: (0.0028175, 0.0028175)}
    assert config.stage_weight_bytes == (1_503_238_554,) * 2  # 1.4 GiB, rounded up
    assert config.stage_activation_bytes == {1: (73_014_445 + 268_435_456,) * 2}


def test_rows_out_of_memory_are_left_out_and_counted(write: Write) -> None:
    path = write("e.csv", HEADER, row(), row(batch_size=2, oom=1), row(tp=2, oom=1))
    found = imported("aiconfigurator", path, serving=PREFILL)
    assert [list(config.stage_latency_s) for config in found.profiles[0].fixed_configs] == [[1]]
    assert found.notes == [f"{path}: rows left out because they are out of memory: 2"]
    with pytest.raises(AlpaplanError, match="there are no rows that fit into memory"):
        imported("aiconfigurator", write("oom.csv", HEADER, row(oom=1)), serving=PREFILL)


def test_prompt_length_is_chosen(write: Write) -> None:
    path = write(
        "e.csv",
        HEADER,
        row(),
        row(input_len=2048, latency_ms=20),
        row(model="short/Only", input_len=512),
    )
    with pytest.raises(AlpaplanError) as caught:
        imported("aiconfigurator", path, input_len=1024)
    assert str(caught.value) == "--input-len must be one of 512, 2048, found 1024"
    found = imported("aiconfigurator", path, input_len=2048)
    assert [batch_latency_s(profile.fixed_configs[0], 1) for profile in found.profiles] == [0.02]
    assert found.notes == ["short/Only: left out, no rows with prompts of 2048 tokens"]


def test_every_prompt_length_without_a_choice(write: Write) -> None:
    path = write("e.csv", HEADER, row(), row(input_len=2048, latency_ms=20))
    short, long = profiles("aiconfigurator", path, serving=PREFILL)
    assert (short.name, long.name) == ("qwen3-8b-in512", "qwen3-8b-in2048")
    assert [batch_latency_s(p.fixed_configs[0], 1) for p in (short, long)] == [0.005635, 0.02]
    assert (long.source or "").startswith("Prefill of prompts of 2048 tokens by Qwen/Qwen3-8B, ")


def test_spoiled(write: Write) -> None:
    path = write(
        "e.csv",
        HEADER,
        row(latency_ms="5ms"),
        row(tp=2, memory="0,-1,x", oom="no"),
        row(tp=4, batch_size=8),
        row(tp=8),
        row(tp=8),
        row(model="other/QWEN3-8B"),
    )
    assert problems("aiconfigurator", path, serving=PREFILL) == [
        "e.csv:2: prefill_latency_ms: unknown unit 'ms' (known: none here), found '5ms'",
        "e.csv:3: mem_weights_gib: must be above 0, found '0'",
        "e.csv:3: mem_kvcache_gib: must be at least 0, found '-1'",
        "e.csv:3: mem_activations_gib: must be a number, found 'x'",
        "e.csv:3: oom: must be 0 or 1, found 'no'",
        (
            "e.csv:4: Qwen/Qwen3-8B on h100-sxm intra_op 4 inter_op 1: must have batch size 1, "
            "found only 8"
        ),
        (
            "e.csv:6: duplicate Qwen/Qwen3-8B on h100-sxm intra_op 8 inter_op 1 with batch size 1, "
            "first at e.csv:5"
        ),
        "e.csv:7: model: 'other/QWEN3-8B' and 'Qwen/Qwen3-8B' (e.csv:2) would both be 'qwen3-8b'",
    ]


def test_spoiled_columns_and_no_rows(write: Write) -> None:
    header = HEADER.replace("prefill_latency_ms", "prefil_latency_ms").replace(",pp,", ",p_p,")
    assert problems("aiconfigurator", write("e.csv", header, row()), serving=PREFILL) == [
        "e.csv:1: missing column 'pp'; is it 'p_p'?",
        "e.csv:1: missing column 'prefill_latency_ms'; is it 'prefil_latency_ms'?",
    ]
    assert problems("aiconfigurator", write("e.csv", HEADER), serving=PREFILL) == [
        "e.csv:1: must have at least one row, found only the header"
    ]


@pytest.mark.parametrize("input_len", [512, 2048])
def test_every_row_of_real_tables_is_there(shared_cases: Path, input_len: int) -> None:
    paths = tables(shared_cases)
    found = {p.name: p for p in profiles("aiconfigurator", *paths, input_len=input_len)}
    num_rows = 0
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            for cells in csv.DictReader(lines):
                if (int(cells["input_len"]), cells["oom"]) != (input_len, "0"):
                    continue
                num_rows += 1
                profile = found[cells["model"].partition("/")[2].lower()]
                intra_op, inter_op = int(cells["tp"]), int(cells["pp"])
                config = config_of(profile, cells["gpu"].replace("_", "-"), intra_op, inter_op)
                size = int(cells["batch_size"])
                assert 1e3 * sum(config.stage_latency_s[size]) == pytest.approx(
                    float(cells["prefill_latency_ms"]), rel=1e-12
                )
                assert max(config.stage_weight_bytes) == pytest.approx(
                    float(cells["mem_weights_gib"]) * 2**30, abs=1
                )
                working_gib = float(cells["mem_kvcache_gib"]) + float(cells["mem_activations_gib"])
                assert config.stage_activation_bytes is not None
                assert max(config.stage_activation_bytes[size]) == pytest.approx(
                    working_gib * 2**30, abs=2
                )
    assert num_rows == sum(
        len(config.stage_latency_s)
        for profile in found.values()
        for config in profile.fixed_configs
    )
    assert num_rows > 1000


@pytest.mark.parametrize("name", ["qwen3-0.6b", "qwen3-8b", "qwen3-30b-a3b"])
def test_real_tables_agree_with_the_shipped_profiles(
    repository: Path, shared_cases: Path, name: str
) -> None:
    text = (repository / "profiles" / f"{name}-prefill.yaml").read_text(encoding="utf-8")
    shipped = ModelProfileSpec.model_validate(yaml.safe_load(text))
    found = {p.name: p for p in profiles("aiconfigurator", *tables(shared_cases), input_len=2048)}
    assert len(shipped.configs) == len(found[name].configs)
    for config in shipped.fixed_configs:
        other = config_of(found[name], config.device, config.intra_op, config.inter_op)
        for size, latencies in config.stage_latency_s.items():
            # Both are rounded: these a stage, those of all stages together.
            assert latencies == pytest.approx(other.stage_latency_s[size], abs=1.01e-6)
        assert config.stage_weight_bytes == pytest.approx(other.stage_weight_bytes, abs=2e6)
