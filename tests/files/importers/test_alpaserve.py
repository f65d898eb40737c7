from __future__ import annotations

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers.alpaserve import USUAL_HEADER
from alpaplan.profiling.batch_sizes import batch_latency_s
from tests.files.importers.imports import Write, config_of, imported, problems, profiles

HEADER = "\t".join(USUAL_HEADER)
V100 = {"devices": ("v100-16gb",)}


def row(
    latencies: str,
    *,
    model: str = "bert-1.3b",
    batch_size: object = 1,
    num_microbatches: int = 1,
    data_parallel: int = 1,
    intra_op: int = 1,
    inter_op: int = 2,
    weights: str = "[1200000000, 1300000000]",
    peaks: str = "[1500000000, 1700000000]",
) -> str:
    """Return a row as AlpaServe's benchmark writes them."""
    shape = (data_parallel, intra_op, inter_op, data_parallel * intra_op * inter_op)
    cells = (model, batch_size, num_microbatches, *shape, "0.152", "0.001", "37.31")
    return "\t".join(map(str, (*cells, weights, peaks, latencies)))


@pytest.mark.parametrize("header", [(HEADER,), ()])
def test_with_and_without_header(write: Write, header: tuple[str, ...]) -> None:
    lines = (
        *header,
        row("[0.0761, 0.0757]"),
        row("[0.12, 0.119]", batch_size=2, peaks="[1800000000, 2100000000]"),
        row("[0.045]", intra_op=4, inter_op=1, weights="[6e8]", peaks="[7e8]"),
    )
    (profile,) = profiles("alpaserve", write("prof.tsv", *lines), **V100)
    assert profile.name == "bert-1.3b"
    assert (profile.source or "").startswith(
        "Measured by AlpaServe's benchmark on v100-16gb, from prof.tsv (alpaserve)."
    )
    assert len(profile.configs) == 2
    config = config_of(profile, "v100-16gb", 1, 2)
    assert config.stage_latency_s == {1: (0.0761, 0.0757), 2: (0.12, 0.119)}
    assert config.stage_weight_bytes == (1_200_000_000, 1_300_000_000)
    assert config.stage_activation_bytes == {
        1: (300_000_000, 400_000_000),
        2: (600_000_000, 800_000_000),
    }
    assert config_of(profile, "v100-16gb", 4, 1).stage_weight_bytes == (600_000_000,)


def test_columns_by_name(write: Write) -> None:
    path = write(
        "prof.tsv",
        "PP\tOP\tDP\tBS\tModelName\tStageLatencies(s)\tStagePeakMem(B)\tStageWeights(B)\tNote",
        "1\t2\t1\t1\talpa/bert\t[0.1]\t[3.0]\t[2.0]\tmine",
    )
    (profile,) = profiles("alpaserve", path, **V100)
    assert profile.name == "bert"
    assert config_of(profile, "v100-16gb", 2, 1).stage_activation_bytes == {1: (1,)}


def test_the_row_with_the_shortest_longest_stage_is_kept(write: Write) -> None:
    lines = (
        row("[0.080, 0.070]", peaks="[2e9, 2e9]"),
        row("[0.079, 0.078]", weights="[12e8, 14e8]", peaks="[2e9, 2e9]"),
        row("[0.079, 0.001]", peaks="[3e9, 3e9]"),
        row("[0.001, 0.090]"),
        row("[0.2, 0.2]", batch_size=2),
    )
    (profile,) = profiles(
        "alpaserve", write("a.tsv", *lines[:2]), write("b.tsv", *lines[2:]), **V100
    )
    (config,) = profile.fixed_configs
    assert config.stage_latency_s == {1: (0.079, 0.078), 2: (0.2, 0.2)}
    # Weights are the largest of the rows that are kept; working memory is of each its own.
    assert config.stage_weight_bytes == (1_200_000_000, 1_400_000_000)
    assert config.stage_activation_bytes == {
        1: (800_000_000, 600_000_000),
        2: (300_000_000, 400_000_000),
    }


def test_lists_as_numpy_writes_them(write: Write) -> None:
    path = write("prof.tsv", row("[0.0761 0.0757]"), row("[ 0.12   0.119 ]", batch_size=2))
    (profile,) = profiles("alpaserve", path, **V100)
    assert profile.fixed_configs[0].stage_latency_s == {1: (0.0761, 0.0757), 2: (0.12, 0.119)}


def test_data_parallel_and_microbatched_rows_are_left_out(write: Write) -> None:
    path = write(
        "prof.tsv",
        row("[0.1, 0.1]"),
        row("[0.01, 0.01]", data_parallel=2),
        row("[0.01, 0.01]", num_microbatches=4),
        row("[0.01, 0.01]", num_microbatches=2),
    )
    found = imported("alpaserve", path, **V100)
    assert batch_latency_s(found.profiles[0].fixed_configs[0], 1) == 0.2
    assert found.notes == [
        f"{path}: rows left out because DP is above 1: 1",
        f"{path}: rows left out because #Microbatch is above 1: 2",
    ]
    path = write("dp.tsv", row("[0.1, 0.1]", data_parallel=2))
    with pytest.raises(AlpaplanError, match="nothing is left to make a profile of: "):
        imported("alpaserve", path, **V100)


def test_device_of_the_paper_if_none_is_given(write: Write) -> None:
    found = imported("alpaserve", write("prof.tsv", row("[0.1, 0.1]")))
    assert [config.device for config in found.profiles[0].configs] == ["v100-16gb"]
    assert found.notes == [
        "--device not given: assuming v100-16gb, on which AlpaServe was measured"
    ]


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (
            ("a", "b"),
            "--device must be given once because the files do not name it, found 2",
        ),
        (("",), "--device must not be empty, found nothing"),
    ],
)
def test_one_device_at_most(write: Write, devices: tuple[str, ...], message: str) -> None:
    with pytest.raises(AlpaplanError) as caught:
        imported("alpaserve", write("prof.tsv", row("[0.1, 0.1]")), devices=devices)
    assert str(caught.value) == message


def test_spoiled_rows(write: Write) -> None:
    path = write(
        "prof.tsv",
        HEADER,
        row("[0.1]"),
        row("0.1, 0.1", intra_op=2),
        row("[0.1, nan]", intra_op=4),
        row("[0.1, 0.1]", intra_op=8, peaks="[1500000000, 1299999999]"),
        row("[0.1, 0.1]", intra_op=16, weights="[__import__('os'), 1]"),
        row("[]", intra_op=32),
        row("[0.1,, 0.1]", intra_op=64),
        row("[0.1, 0.1]", batch_size="two"),
        row("[0.1, 0.1]", model=""),
        "bert-1.3b\t1",
    )
    assert problems("alpaserve", path, **V100) == [
        "prof.tsv:2: StageLatencies(s): must have PP = 2 numbers, found 1",
        "prof.tsv:3: StageLatencies(s): must be a list like [0.1, 0.2], found '0.1, 0.1'",
        "prof.tsv:4: StageLatencies(s): must be numbers above 0: one must be a number, found 'nan'",
        (
            "prof.tsv:5: StagePeakMem(B): must be at least StageWeights(B) (1300000000), found "
            "1299999999"
        ),
        (
            "prof.tsv:6: StageWeights(B): must be numbers above 0: one must be a number, found "
            "\"__import__('os')\""
        ),
        "prof.tsv:7: StageLatencies(s): must be numbers above 0: one must be a number, found ''",
        "prof.tsv:8: StageLatencies(s): must be numbers above 0: one must be a number, found ''",
        "prof.tsv:9: BS: must be a whole number, found 'two'",
        "prof.tsv:10: ModelName: must not be empty, found nothing",
        "prof.tsv:11: must have 13 columns, found 2",
    ]


def test_spoiled_columns_and_missing_batch_size(write: Write) -> None:
    header = HEADER.replace("StageWeights(B)", "StageWeight(B)")
    assert problems("alpaserve", write("prof.tsv", header, row("[1, 1]")), **V100) == [
        "prof.tsv:1: missing column 'StageWeights(B)'; is it 'StageWeight(B)'?"
    ]
    assert problems("alpaserve", write("prof.tsv", row("[1, 1]", batch_size=4)), **V100) == [
        (
            "prof.tsv:1: bert-1.3b on v100-16gb intra_op 1 inter_op 2: must have batch size 1, "
            "found only 4"
        )
    ]
