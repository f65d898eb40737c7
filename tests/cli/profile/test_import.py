from __future__ import annotations

import gzip
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.cli import main
from alpaplan.files.document import load_document
from alpaplan.files.importers.registry import MEASUREMENT_FORMATS
from alpaplan.specs.profile import ModelProfileSpec
from tests.cli.runner import invoke
from tests.cli.workspace import Workspace
from tests.files.importers.fake_aiconfigurator import FakePackage

TABLE = """\
model,device,intra_op,inter_op,batch_size,stage,latency_s,weight_bytes,activation_bytes
bert,v100,1,2,1,0,76ms,1.2GB,110MB
bert,v100,1,2,1,1,77ms,1.2GB,120MB
bert,h100,1,1,1,0,0.05,2.4GB,0
gpt,h100,1,1,1,0,0.1,5GB,0
"""
ALPASERVE = (
    "bert\t1\t1\t1\t1\t2\t2\t0.15\t0.00\t9.9\t[1200, 1200]\t[1300, 1300]\t[0.076, 0.077]\n"
    "bert\t2\t1\t1\t1\t2\t2\t0.25\t0.00\t9.9\t[1200, 1200]\t[1400, 1400]\t[0.118, 0.12]\n"
)
AICONFIGURATOR = """\
model,gpu,backend,backend_version,tp,pp,batch_size,input_len,prefill_latency_ms,mem_weights_gib,\
mem_kvcache_gib,mem_activations_gib,oom
Qwen/Qwen3-8B,h100_sxm,vllm,0.24.0,1,1,1,2048,44.5,15.3,0.3,0.2,0
Qwen/Qwen3-8B,h100_sxm,vllm,0.24.0,1,2,1,2048,45.1,7.6,0.2,0.2,0
Qwen/Qwen3-8B,h100_sxm,vllm,0.24.0,1,2,64,2048,2900,7.6,90,9,1
"""


def test_writes_a_profile_a_model(workspace: Workspace) -> None:
    workspace.write("table.csv", TABLE)
    result = workspace.run("profile", "import", "table.csv", "--from", "table", "-o", "made")
    assert result.stdout == (
        "made/bert.yaml: 2 configurations on v100, h100\nmade/gpt.yaml: 1 configuration on h100\n"
    )
    assert result.stderr == ""
    assert workspace.names() >= {"made"}
    profile = load_document(Path("made/bert.yaml"), ModelProfileSpec).spec
    assert profile.fixed_configs[0].stage_activation_bytes == {1: (110_000_000, 120_000_000)}
    first = workspace.read("made/bert.yaml")
    workspace.run("profile", "import", "table.csv", "--from", "table", "-o", "made")
    assert workspace.read("made/bert.yaml") == first
    assert workspace.run("validate", "made").stdout.count("ok: model-profile") == 2


def test_whole_file_of_a_small_table(workspace: Workspace) -> None:
    workspace.write("table.csv", "".join(TABLE.splitlines(keepends=True)[:3]))
    workspace.run("profile", "import", "table.csv", "--from", "table", "-o", ".")
    assert workspace.read("bert.yaml") == (
        "kind: model-profile\n"
        "version: 1\n"
        "name: bert\n"
        "source: Measured as table.csv says (table); every number is taken as it is.\n"
        "configs:\n"
        "- device: v100\n"
        "  intra_op: 1\n"
        "  inter_op: 2\n"
        "  stage_weight_bytes: [1200MB, 1200MB]\n"
        "  stage_latency_s: {1: [0.076, 0.077]}\n"
        "  stage_activation_bytes: {1: [110MB, 120MB]}\n"
    )


def test_formats_and_devices_become_one_library(workspace: Workspace) -> None:
    workspace.write("prof.tsv", ALPASERVE)
    workspace.write("estimates.csv", AICONFIGURATOR)
    options = ("--device", "v100-16gb", "--batch", "1")
    result = workspace.run(
        "profile", "import", "prof.tsv", "--from", "alpaserve", *options, "-o", "made"
    )
    assert result.stdout == "made/bert.yaml: 1 configuration on v100-16gb\n"
    result = workspace.run(
        "profile", "import", "estimates.csv", "--from", "aiconfigurator", "-o", "made"
    )
    assert result.stdout == "made/qwen3-8b.yaml: 2 configurations on h100-sxm\n"
    assert result.stderr == "estimates.csv: rows left out because they are out of memory: 1\n"
    bert = load_document(Path("made/bert.yaml"), ModelProfileSpec).spec
    assert list(bert.fixed_configs[0].stage_latency_s) == [1]


def test_package(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    FakePackage().install(monkeypatch)
    options = ("--device", "h100-sxm", "--device", "a100-sxm", "--input-len", "2048")
    shapes = ("--batch", "1,2", "--intra-op", "1,2", "--inter-op", "1")
    result = workspace.run(
        *("profile", "import", "Qwen/Qwen3-8B", "--from", "aiconfigurator-api"),
        *(*options, *shapes, "-o", "made"),
    )
    assert result.stdout == "made/qwen3-8b.yaml: 4 configurations on h100-sxm, a100-sxm\n"
    assert result.stderr == ""


def test_iterations_and_how_well_they_fit(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakePackage().install(monkeypatch)
    options = ("--device", "h100-sxm", "--intra-op", "1", "--inter-op", "1")
    command = ("profile", "import", "Qwen/Qwen3-8B", "--from", "aiconfigurator-api", *options)
    result = workspace.run(*command, "-o", "made")
    assert result.stdout == "made/qwen3-8b.yaml: 1 configuration on h100-sxm\n"
    assert result.stderr.startswith("qwen3-8b: leave-one-out error of step times: median ")
    assert load_document(Path("made/qwen3-8b.yaml"), ModelProfileSpec).spec.is_llm
    result = workspace.run(*command, "--serving", "prefill", "-o", "made", exit_code=2)
    assert "--device and --input-len must be given" in result.stderr


def test_ctrl_c_writes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    package = FakePackage()
    package.install(monkeypatch)

    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aiconfigurator.cli.api.cli_estimate", interrupt)
    result = workspace.run(
        *("profile", "import", "Qwen/Qwen3-8B", "--from", "aiconfigurator-api", "-o", "made"),
        *("--device", "h100-sxm", "--input-len", "2048"),
        exit_code=130,
    )
    assert result.stderr == "alpaplan: interrupted\n"
    assert "made" not in workspace.names()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--from", "alpaserv"),
            (
                "Invalid value for '--from': must be one of alpaserve, aiconfigurator, "
                "aiconfigurator-api, vidur, table, found 'alpaserv'; did you mean 'alpaserve'?"
            ),
        ),
        (
            ("--from", "aiconfigurator-api", "--input-len", "5"),
            "--from aiconfigurator-api needs --device",
        ),
        (("--from", "table", "--device", "gpu"), "--from table takes no --device"),
        (
            ("--from", "alpaserve", "--device", "a", "--input-len", "5"),
            "--from alpaserve takes no --input-len",
        ),
        (
            ("--from", "aiconfigurator", "--intra-op", "1"),
            "--from aiconfigurator takes no --intra-op",
        ),
        (("--from", "table", "--serving", "continuous"), "--from table takes no --serving"),
    ],
)
def test_options_of_another_format(
    workspace: Workspace, options: tuple[str, ...], message: str
) -> None:
    workspace.write("table.csv", TABLE)
    result = workspace.run("profile", "import", "table.csv", *options, "-o", "made", exit_code=2)
    assert f"Error: {message}\n" in result.stderr
    assert "made" not in workspace.names()


@pytest.mark.parametrize("name", MEASUREMENT_FORMATS)
def test_help_names_the_options_of_each_format(name: str) -> None:
    chosen, summary = MEASUREMENT_FORMATS[name], MEASUREMENT_FORMATS.summaries()[name]
    named = set(re.findall("--[a-z-]+", summary))
    assert named == {*chosen.required, *chosen.optional}


def test_wrong_file_writes_nothing(workspace: Workspace) -> None:
    workspace.write("table.csv", TABLE.replace("76ms", "76 parsecs").replace("0.1,", "-0.1,"))
    result = workspace.run(
        "profile", "import", "table.csv", "--from", "table", "-o", "made", exit_code=2
    )
    assert result.stdout == ""
    assert [line.partition(" (")[0] for line in result.stderr.splitlines()] == [
        "table.csv:2: latency_s: unknown unit 'parsecs'",
        "table.csv:5: latency_s: must be above 0, found '-0.1'",
    ]
    assert "made" not in workspace.names()


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("absent/made", "absent/made: cannot be written: no folder absent"),
        ("table.csv", "table.csv: is a file, must be a folder"),
        (
            "table.csv/made",
            "table.csv/made: cannot be written: a part of this path is a file, must be a directory",
        ),
        ("full", "full/gpt.yaml: cannot be written: is a directory, must be a file"),
    ],
)
def test_folder_that_cannot_be_written(workspace: Workspace, folder: str, message: str) -> None:
    workspace.write("table.csv", TABLE)
    (workspace.folder / "full" / "gpt.yaml").mkdir(parents=True)
    result = workspace.run(
        "profile", "import", "table.csv", "--from", "table", "-o", folder, exit_code=2
    )
    assert result.stderr == f"{message}\n"
    assert [path.name for path in (workspace.folder / "full").iterdir()] == ["gpt.yaml"]


def test_standard_output_is_no_folder(workspace: Workspace) -> None:
    workspace.write("table.csv", TABLE)
    result = workspace.run(
        "profile", "import", "table.csv", "--from", "table", "-o", "-", exit_code=2
    )
    assert "-o must be a folder, found '-' (standard output)" in result.stderr
    assert "-" not in workspace.names()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that each example of a property test writes to again."""
    return tmp_path_factory.mktemp("scratch")


MUTATIONS = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from('0123456789.,-+e"\t\n[]{} xGBms\0é')),
    max_size=6,
)


@settings(max_examples=60)
@given(
    which=st.sampled_from(
        [
            (TABLE, "table", ()),
            (ALPASERVE, "alpaserve", ("--device", "d")),
            (AICONFIGURATOR, "aiconfigurator", ()),
        ]
    ),
    mutations=MUTATIONS,
    seed=st.integers(0, 1000),
    packed=st.booleans(),
)
def test_mutated_files_give_profiles_or_messages(
    scratch: Path,
    which: tuple[str, str, tuple[str, ...]],
    mutations: list[tuple[int, str]],
    seed: int,
    packed: bool,
) -> None:
    text, import_format, options = which
    for position, character in mutations:
        place = position % (len(text) + 1)
        text = text[:place] + character + text[place + seed % 3 :]
    lines = text.splitlines(keepends=True)
    random.Random(seed).shuffle(lines) if seed % 5 == 0 else None
    data = "".join(lines).encode()
    path = scratch / ("any.csv.gz" if packed else "any.csv")
    path.write_bytes(gzip.compress(data)[: -(seed % 2) or None] if packed else data)
    made = scratch / "made"
    arguments = ["profile", "import", str(path), "--from", import_format, *options]
    result = invoke(main, [*arguments, "-o", str(made)])
    assert isinstance(result.exception, SystemExit | None), repr(result.exception)
    assert result.exit_code in (0, 2), result.output
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert result.stdout == ""
        assert result.stderr.strip()
        return
    for line in result.stdout.splitlines():
        name = line.partition(": ")[0]
        assert load_document(Path(name), ModelProfileSpec).spec.configs


def test_columns_and_units_of_ones_own(workspace: Workspace) -> None:
    header = "model,device,intra_op,inter_op,batch_size,p50_ms,gb"
    workspace.write("b.csv", f"{header}\nq,g,1,1,1,80,2\n")
    columns = ("--column", "latency_s=p50_ms", "--column", "weight_bytes=gb")
    units = ("--unit", "p50_ms=ms", "--unit", "gb=GB")
    files = ("b.csv", "--from", "table", "-o", "imported")
    workspace.run("profile", "import", *files, *columns, *units)
    text = workspace.read("imported/q.yaml")
    assert "stage_latency_s: {1: [0.08]}" in text
    assert "stage_weight_bytes: [2000MB]" in text
    table = ("profile", "import", "b.csv", "--from", "table", "-o", "imported")
    wrong = workspace.run(*table, "--unit", "p50_ms", exit_code=2)
    assert "must be like latency_s=p50_ms, found 'p50_ms'" in wrong.stderr
    other = ("profile", "import", "b.csv", "--from", "alpaserve", "-o", "imported")
    wrong = workspace.run(*other, "--unit", "p50_ms=ms", exit_code=2)
    assert "--from alpaserve takes no --unit" in wrong.stderr
