"""aiconfigurator's own result tables."""

from __future__ import annotations

from tests.files.importers.imports import Write, config_of, imported, problems

HEADER = (
    "model,isl,osl,prefix,bs,ttft,tpot,request_latency,context_latency,num_total_gpus,tp,pp,dp,cp,"
    "memory,backend,version,system"
)
GIB = 2**30


def row(
    *,
    bs: object = 1,
    tp: int = 1,
    pp: int = 1,
    latency_ms: object = 80.0,
    memory: object = 20,
    osl: int = 128,
    dp: int = 1,
    prefix: int = 0,
) -> str:
    """Return a row as of `HEADER`."""
    shape = ("a/Model-8B", 2048, osl, prefix, bs, 999, 8.0, 2000, latency_ms, tp * pp, tp, pp, dp)
    return ",".join(map(str, (*shape, 1, memory, "vllm", "0.12.0", "h100_sxm")))


def test_latency_and_memory(write: Write) -> None:
    path = write(
        "static.csv",
        HEADER,
        row(),
        row(bs=4, latency_ms=200, memory=23),
        row(bs=4, latency_ms=200, memory=24, osl=512),
        row(tp=2, pp=2, latency_ms=50, memory=6),
        row(tp=2, dp=2),
        row(prefix=1024),
    )
    found = imported("aiconfigurator", path, input_len=2048)
    (profile,) = found.profiles
    config = config_of(profile, "h100-sxm", 1, 1)
    assert config.stage_latency_s == {1: (0.08,), 4: (0.2,)}
    assert config.stage_weight_bytes == (20 * GIB,)
    assert config.stage_activation_bytes == {1: (0,), 4: (4 * GIB,)}
    config = config_of(profile, "h100-sxm", 2, 2)
    assert config.stage_latency_s == {1: (0.025, 0.025)}
    assert config.stage_weight_bytes == (6 * GIB,) * 2
    assert len(profile.configs) == 2
    left_out, assumed = found.notes
    assert left_out == f"{path}: rows left out because dp or cp is above 1 or prefix above 0: 2"
    assert assumed == (
        f"{path}: aiconfigurator's own table does not tell weights from other memory, so that all "
        "of it at the smallest batch size counts as weights"
    )
    assert "all memory of a device at the smallest batch size" in (profile.source or "")
    assert "(vllm 0.12.0 on h100-sxm)" in (profile.source or "")


def test_time_to_first_token_where_there_is_no_other(write: Write) -> None:
    path = write("s.csv", HEADER.replace("context_latency", "other"), row())
    (profile,) = imported("aiconfigurator", path).profiles
    assert config_of(profile, "h100-sxm", 1, 1).stage_latency_s == {1: (0.999,)}


def test_spoiled(write: Write) -> None:
    path = write("s.csv", HEADER, row(memory=0), row(tp=2, latency_ms="x"), row(bs=0))
    assert problems("aiconfigurator", path) == [
        "s.csv:2: memory: must be above 0, found '0'",
        "s.csv:3: context_latency: must be a number, found 'x'",
        "s.csv:4: bs: must be at least 1, found '0'",
    ]
    header = HEADER.replace("context_latency", "other").replace("ttft", "more")
    found = problems("aiconfigurator", write("s.csv", header, row()))
    assert found == ["s.csv:2: must have context_latency or ttft, found neither"]
