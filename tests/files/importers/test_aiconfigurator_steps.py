from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.model_config import transformer_of
from alpaplan.specs.choices import Serving
from alpaplan.specs.engine import EngineConfig
from tests.files.importers.imports import Write, imported, problems, profiles
from tests.files.importers.test_aiconfigurator import HEADER, row, tables

CONTINUOUS = Serving.CONTINUOUS


def rows(tp: int = 1, pp: int = 1) -> list[str]:
    """Return iterations of 1 and 2 requests, with the same work but for attention."""
    lengths = ((512, "1.0,0.1,0.1"), (1024, "1.0,0.2,0.2"))
    return [
        row(tp=tp, pp=pp, batch_size=size, input_len=length, latency_ms=ms, memory=memory)
        for (length, memory), ms_of in zip(lengths, ((10, 20), (21, 42)), strict=True)
        for size, ms in zip((1, 2), ms_of, strict=True)
    ]


def config_of(path: str) -> EngineConfig:
    ((config,),) = (p.engine_configs for p in profiles("aiconfigurator", path))
    return config


def test_rows_become_steps(write: Write) -> None:
    config = config_of(write("e.csv", HEADER, *rows(pp=2)))
    assert list(config.stage_step_s) == [1, 2, 512, 1024, 2048]
    # Decoding takes 1 ms whatever it attends to, and half of it on each stage.
    assert config.stage_step_s[1] == (0.0005, 0.0005)
    assert config.stage_kv_read_s == (0.0, 0.0)
    # 1,024 tokens of one prompt take 1 ms more than those of two, for 262,144 pairs more.
    assert config.stage_attention_s == pytest.approx((0.001 / 262_144 / 2,) * 2, rel=1e-4)
    assert config.stage_weight_bytes == (2**30, 2**30)
    assert config.stage_working_bytes == (int(0.2 * 2**30) + 1,) * 2


def test_what_a_profile_says_of_itself(write: Write) -> None:
    found = imported("aiconfigurator", write("e.csv", HEADER, *rows()))
    (profile,) = found.profiles
    assert (profile.name, profile.is_llm) == ("qwen3-8b", True)
    source = profile.source or ""
    assert "(vllm 0.24.0 on h100-sxm), from e.csv (aiconfigurator)" in source
    assert "leave-one-out error of median" in source
    (note,) = found.notes
    assert note.startswith("qwen3-8b: leave-one-out error of step times: median ")


def test_what_is_meant(write: Write) -> None:
    path = write("e.csv", HEADER, *rows())
    without = write("o.csv", HEADER.replace("decode_step_latency_ms", "other"), *rows())
    assert [p.is_llm for p in profiles("aiconfigurator", path)] == [True]
    assert [p.is_llm for p in profiles("aiconfigurator", path, input_len=512)] == [False]
    assert [p.is_llm for p in profiles("aiconfigurator", path, batch_sizes=(1, 2))] == [False] * 2
    assert [p.is_llm for p in profiles("aiconfigurator", without)] == [False] * 2
    assert problems("aiconfigurator", without, serving=CONTINUOUS) == [
        "o.csv:1: missing column 'decode_step_latency_ms'"
    ]
    for options, message in (
        ({"input_len": 512}, "--input-len is for --serving prefill: all rows tell of iterations"),
        (
            {"batch_sizes": (1,)},
            "--batch is for --serving prefill: iterations have no batch sizes",
        ),
    ):
        with pytest.raises(AlpaplanError) as caught:
            profiles("aiconfigurator", path, serving=CONTINUOUS, **options)
        assert str(caught.value) == message
    with pytest.raises(AlpaplanError, match="--from table takes no --serving"):
        profiles("table", path, serving=CONTINUOUS)


def test_spoiled(write: Write) -> None:
    path = write(
        "e.csv",
        HEADER,
        row(),
        row(),
        row(batch_size=2, memory="2.4,0.1,0.1"),
        row(tp=2, latency_ms="fast"),
        row(model="other/QWEN3-8B"),
    )
    assert problems("aiconfigurator", path) == [
        (
            "e.csv:3: duplicate Qwen/Qwen3-8B on h100-sxm intra_op 1 inter_op 1 with batch size 1, "
            "prompts of 512 and answers of 128 tokens, first at e.csv:2"
        ),
        (
            "e.csv:4: Qwen/Qwen3-8B on h100-sxm intra_op 1 inter_op 1 with batch size 2, prompts "
            "of 512 and answers of 128 tokens: must have the weights of batch size 1, prompts of "
            "512 and answers of 128 tokens (e.csv:2), found others"
        ),
        "e.csv:5: prefill_latency_ms: must be a number, found 'fast'",
        "e.csv:6: model: 'other/QWEN3-8B' and 'Qwen/Qwen3-8B' (e.csv:2) would both be 'qwen3-8b'",
    ]


def test_rows_out_of_memory(write: Write) -> None:
    path = write("e.csv", HEADER, *rows(), row(batch_size=32, oom=1))
    assert imported("aiconfigurator", path).notes[0] == (
        f"{path}: rows left out because they are out of memory: 1"
    )
    with pytest.raises(AlpaplanError, match="there are no rows that fit into memory"):
        imported("aiconfigurator", write("oom.csv", HEADER, row(oom=1)))


@pytest.mark.slow
def test_real_tables(shared_cases: Path, repository: Path) -> None:
    found = imported("aiconfigurator", *tables(shared_cases))
    medians = [float(note.split("median ")[1].partition("%")[0]) for note in found.notes[3:]]
    assert len(medians) == len(found.profiles) == 7
    assert sorted(medians)[3] <= 1.0
    assert max(medians) <= 2.5
    for profile in found.profiles:
        name = profile.name.removeprefix("meta-")
        path = repository / "profiles" / "configs" / f"{name}.json"
        model = transformer_of(json.loads(path.read_text(encoding="utf-8")))
        for config in profile.engine_configs:
            kept = sum(
                block.mixer.kept_numbers(1, config.intra_op)
                for block in model.blocks
                if block.mixer is not None
            )
            exact = -(-2 * kept // config.inter_op)
            assert config.stage_kv_bytes_per_token == (exact,) * config.inter_op
