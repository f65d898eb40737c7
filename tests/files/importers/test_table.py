from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import AlpaplanError
from tests.files.importers.imports import Write, config_of, imported, problems, profiles

HEADER = "model,device,intra_op,inter_op,batch_size,stage,latency_s,weight_bytes"
GOOD = (
    HEADER,
    "BERT-1.3B,v100,1,2,1,0,0.0755,1.2GB",
    "BERT-1.3B,v100,1,2,1,1,75.75ms,1200000000.5",
    "BERT-1.3B,v100,1,2,2,1,120ms,1200000000.5",
    "BERT-1.3B,v100,1,2,2,0,118ms,1.2GB",
)


def test_stages_and_batch_sizes_become_a_configuration(write: Write) -> None:
    (profile,) = profiles("table", write("m.csv", *GOOD))
    assert profile.name == "bert-1.3b"
    assert profile.source == "Measured as m.csv says (table); every number is taken as it is."
    config = config_of(profile, "v100", 1, 2)
    assert config.stage_latency_s == {1: (0.0755, 0.07575), 2: (0.118, 0.12)}
    assert config.stage_weight_bytes == (1_200_000_000, 1_200_000_001)
    assert config.stage_activation_bytes is None


def test_columns_in_any_order_with_activations(write: Write) -> None:
    path = write(
        "m.csv",
        "stage,activation_bytes,weight_bytes,latency_s,batch_size,inter_op,intra_op,device,model",
        "",
        "0, 1.5MiB, 2GB, 10us, 1, 1, 4, a100-sxm, a/b/My model",
    )
    (profile,) = profiles("table", path)
    assert profile.name == "my-model"
    config = config_of(profile, "a100-sxm", 4, 1)
    assert config.stage_latency_s == {1: (1e-5,)}
    assert config.stage_activation_bytes == {1: (1_572_864,)}


def test_files_of_different_devices_become_one_profile(write: Write) -> None:
    first = write("v100.csv", *GOOD)
    second = write("h100.csv", HEADER, "BERT-1.3B,h100,2,1,1,0,1s,1B", "other,h100,1,1,1,0,1e-3,1")
    bert, other = profiles("table", first, second, batch_sizes=(1,))
    assert [(c.device, c.intra_op, c.inter_op) for c in bert.configs] == [
        ("v100", 1, 2),
        ("h100", 2, 1),
    ]
    assert list(bert.fixed_configs[0].stage_latency_s) == [1]
    assert "v100.csv, h100.csv" in (bert.source or "")
    assert "v100.csv" not in (other.source or "")


def test_configurations_and_batch_sizes_go_up(write: Write) -> None:
    rows = [
        f"m,{device},{intra_op},1,{size},0,{size}ms,1kB"
        for device in ("z", "a")
        for intra_op in (8, 1)
        for size in (16, 1, 2)
    ]
    (profile,) = profiles("table", write("m.csv", HEADER, *rows))
    assert [(c.device, c.intra_op) for c in profile.configs] == [
        ("z", 1),
        ("z", 8),
        ("a", 1),
        ("a", 8),
    ]
    assert all(list(config.stage_latency_s) == [1, 2, 16] for config in profile.fixed_configs)


def test_compressed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv.gz"
    path.write_bytes(gzip.compress("\ufeff".encode() + "\r\n".join(GOOD).encode()))
    assert profiles("table", path)[0].name == "bert-1.3b"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            (HEADER.replace("latency_s", "latencies").replace("stage", "colour"), "x"),
            [
                "m.csv:1: unknown column 'colour'",
                "m.csv:1: unknown column 'latencies'; did you mean 'latency_s'?",
                "m.csv:1: missing column 'latency_s'",
            ],
            id="columns",
        ),
        pytest.param(
            (HEADER + ",stage",), ["m.csv:1: duplicate column 'stage'"], id="duplicate column"
        ),
        pytest.param((), ["m.csv:1: must begin with a header, found an empty line or file"]),
        pytest.param(("", HEADER), ["m.csv:2: must have at least one row, found only the header"]),
        pytest.param(
            (
                HEADER,
                "m,d,1,1,1,0,fast,1GB",
                "m,d,0,1.5,x,-1,0,0",
                "m,d,1,1,1",
                ",d,5000,1,1000001,0,-1ms,1 gigabyte",
                "...,\x01,1,1,1,0,1ms,1GB",
            ),
            [
                "m.csv:2: latency_s: must be a number or text like '151ms', found 'fast'",
                "m.csv:3: intra_op: must be at least 1, found '0'",
                "m.csv:3: inter_op: must be a whole number, found '1.5'",
                "m.csv:3: batch_size: must be a whole number, found 'x'",
                "m.csv:3: stage: must be at least 0, found '-1'",
                "m.csv:3: latency_s: must be above 0, found '0'",
                "m.csv:3: weight_bytes: must be above 0, found '0'",
                "m.csv:4: must have 8 columns, found 5",
                "m.csv:5: model: must not be empty, found nothing",
                "m.csv:5: intra_op: must be at most 4,096, found '5000'",
                "m.csv:5: batch_size: must be at most 1,000,000, found '1000001'",
                "m.csv:5: latency_s: must be above 0, found '-1ms'",
                (
                    "m.csv:5: weight_bytes: unknown unit 'gigabyte' (known: B, kB, KB, MB, GB, TB, "
                    "KiB, MiB, GiB, TiB), found '1 gigabyte'"
                ),
                "m.csv:6: model: must have ASCII letters or digits, found '...'",
                (
                    "m.csv:6: device: must be a name of 1 to 200 characters without leading space "
                    "or control characters, found '\\x01'"
                ),
            ],
            id="cells",
        ),
        pytest.param(
            (
                HEADER,
                "m,d,1,2,1,0,1ms,1GB",
                "m,d,1,2,1,0,1ms,1GB",
                "m,d,2,1,2,0,1ms,1GB",
                "m,d,4,1,1,0,slow,1GB",
                "m,d,4,1,4,0,3ms,1GB",
                "m,d,4,1,2,0,2ms,2GB",
            ),
            [
                (
                    "m.csv:2: m on d intra_op 1 inter_op 2 batch size 1: must have stages 0 to 1, "
                    "missing 1"
                ),
                (
                    "m.csv:3: duplicate m on d intra_op 1 inter_op 2 batch size 1 stage 0, first "
                    "at m.csv:2"
                ),
                "m.csv:4: m on d intra_op 2 inter_op 1: must have batch size 1, found only 2",
                "m.csv:5: latency_s: must be a number or text like '151ms', found 'slow'",
                (
                    "m.csv:7: m on d intra_op 4 inter_op 1 with batch size 2: must have the "
                    "weights of batch size 4 (m.csv:6), found others"
                ),
            ],
            id="rows together",
        ),
        pytest.param(
            (HEADER, "m,d,1,2,1,1,1ms,1GB", "m,d,1,2,1,2,1ms,1GB"),
            ["m.csv:3: stage: must be below inter_op = 2, as the first is 0, found 2"],
            id="stages from 1",
        ),
        pytest.param(
            (HEADER, "a/M,d,1,1,1,0,1ms,1GB", "b/m,d,1,1,1,0,1ms,1GB"),
            ["m.csv:3: model: 'b/m' and 'a/M' (m.csv:2) would both be 'm'"],
            id="one name",
        ),
        pytest.param(
            (HEADER, '"m,d,1,1,1,0,1ms,1GB'),
            ["m.csv:2: not valid CSV: unexpected end of data"],
            id="quotes",
        ),
    ],
)
def test_spoiled(write: Write, lines: tuple[str, ...], expected: list[str]) -> None:
    assert problems("table", write("m.csv", *lines)) == expected


def test_many_stages_that_are_missing_are_counted(write: Write) -> None:
    (line,) = problems("table", write("m.csv", HEADER, "m,d,1,4096,1,7,1ms,1GB"))
    assert line.endswith("must have stages 0 to 4095, missing 0, 1, 2, 3, 4, 5, 6, 8, ...")


def test_activations_in_one_file_of_two(write: Write) -> None:
    first = write("a.csv", HEADER, "m,d,1,2,1,0,1ms,1GB", "m,d,2,1,1,0,1ms,1GB")
    second = write(
        "b.csv",
        f"{HEADER},activation_bytes",
        "m,d,1,2,1,1,1ms,1GB,1MB",
        "m,d,2,1,2,0,1ms,1GB,0",
    )
    assert problems("table", first, second) == [
        (
            "b.csv:2: m on d intra_op 1 inter_op 2 batch size 1: must have activation_bytes in "
            "all files or in none, a.csv:2 differs"
        ),
        (
            "b.csv:3: m on d intra_op 2 inter_op 1 with batch size 2: must have activations or "
            "none, like those of batch size 1 (a.csv:3)"
        ),
    ]


def test_all_files_are_looked_at(write: Write, tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"model" * 1000)[:-9])
    latin = tmp_path / "latin.csv"
    latin.write_bytes(f"{HEADER}\n".encode() + b"\xe9")
    first = write("a.csv", HEADER, *["m,d,1,1,1,0,x,1GB"] * 25)
    lines = problems("table", first, str(tmp_path / "absent"), str(cut), str(latin))
    # 25 wrong numbers, and 24 duplicates of the first row: 20 of them are shown.
    assert lines[20:] == [
        "a.csv: and 29 more",
        "absent: no such file or directory",
        "cut.csv.gz: the compressed data ends too early",
        "latin.csv:2: must be UTF-8 text, found byte 0xe9",
    ]


def test_batch_sizes_that_are_asked_for_must_be_there(write: Write) -> None:
    path = write("m.csv", *GOOD)
    with pytest.raises(AlpaplanError, match="--batch must be among 1, 2, found 8, 16"):
        imported("table", path, batch_sizes=(1, 8, 16))
    with pytest.raises(AlpaplanError, match="--batch must include 1"):
        imported("table", path, batch_sizes=(2,))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test writes to again."""
    return tmp_path_factory.mktemp("scratch") / "m.csv"


@given(
    latency_s=st.floats(1e-9, 1e9),
    weight_bytes=st.integers(1, 10**18),
    batch_size=st.integers(2, 10**6),
)
def test_numbers_are_kept_to_the_last_digit(
    scratch: Path, latency_s: float, weight_bytes: int, batch_size: int
) -> None:
    row = f"m,d,1,1,{{}},0,{latency_s!r},{weight_bytes}\n"
    scratch.write_text(f"{HEADER}\n{row.format(batch_size)}{row.format(1)}")
    (profile,) = profiles("table", scratch)
    assert profile.fixed_configs[0].stage_latency_s == {1: (latency_s,), batch_size: (latency_s,)}
    assert profile.configs[0].stage_weight_bytes == (weight_bytes,)


OWN = (
    "name,gpu,tp,pp,bs,p50,mem,latency_s",
    "a/Chat,h100,1,1,1,80,16.5,ignored",
    "a/Chat,h100,2,2,1,50,4.5,",
    "a/Chat,h100,2,2,4,0.1s,4.5GB,",
)
COLUMNS = {
    "model": "name",
    "device": "gpu",
    "intra_op": "tp",
    "inter_op": "pp",
    "batch_size": "bs",
    "latency_s": "p50",
    "weight_bytes": "mem",
}
UNITS = {"p50": "ms", "mem": "GB"}


def test_a_table_of_ones_own_with_a_row_for_each_configuration(write: Write) -> None:
    path = write("own.csv", *OWN)
    (profile,) = profiles("table", path, columns=COLUMNS, units=UNITS)
    assert profile.name == "chat"
    assert profile.source == (
        "Measured as own.csv says (table); every number is taken as it is, latencies of whole "
        "pipelines divided equally among their stages."
    )
    config = config_of(profile, "h100", 1, 1)
    assert (config.stage_latency_s, config.stage_weight_bytes) == ({1: (0.08,)}, (16_500_000_000,))
    config = config_of(profile, "h100", 2, 2)
    assert config.stage_latency_s == {1: (0.025, 0.025), 4: (0.05, 0.05)}
    assert config.stage_weight_bytes == (4_500_000_000, 4_500_000_000)
    assert config.stage_activation_bytes is None


def test_a_row_for_each_configuration_twice_and_without_numbers(write: Write) -> None:
    header = f"{HEADER.replace('stage,', '')},activation_bytes"
    path = write("m.csv", header, "m,d,1,1,1,1s,1GB,5MB", "m,d,1,1,1,1s,1GB,x", "m,d,1,2,1,0,1GB,1")
    assert problems("table", path) == [
        "m.csv:3: activation_bytes: must be a number or text like '16GiB', found 'x'",
        "m.csv:3: duplicate m on d intra_op 1 inter_op 1 with batch size 1, first at m.csv:2",
        "m.csv:4: latency_s: must be above 0, found '0'",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"latency": "p50"}}, "--column must be one of model, .* found 'latency'"),
        ({"units": {"batch_size": "ms"}}, "--unit must be one of latency_s, .*'batch_size'"),
        ({"units": {"latency_s": "GB"}}, "--unit latency_s=GB: unknown unit 'GB'"),
    ],
)
def test_columns_and_units_that_there_are_not(
    write: Write, options: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(AlpaplanError, match=message):
        imported("table", write("own.csv", *OWN), **options)


def test_a_column_by_a_name_that_the_file_lacks(write: Write) -> None:
    path = write("own.csv", *OWN)
    assert problems("table", path, columns=COLUMNS | {"latency_s": "p51"}) == [
        "own.csv:1: missing column 'p51'; is it 'p50'?"
    ]
