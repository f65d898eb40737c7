"""`alpaplan profile partition`, and what becomes of its stages."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from alpaplan.files.document import load_document
from alpaplan.specs.profile import ModelProfileSpec
from tests.cli.workspace import INPUTS, Workspace

LAYERS = """\
kind: layer-profile
version: 1
name: q
source: measured by me.
device: gpu
link: {latency_s: 1ms, bandwidth_bytes_per_s: 1GB}
layers:
  - name: embedding
    weight_bytes: 2GB
    latency_s: {1: {1: 10ms, 2: 15ms}, 2: {1: 6ms, 2: 9ms}}
    output_bytes: {1: 1MB, 2: 2MB}
  - name: block-0
    weight_bytes: 1GB
    latency_s: {1: {1: 30ms, 2: 50ms}, 2: {1: 16ms, 2: 26ms}}
    output_bytes: {1: 1MB, 2: 2MB}
    activation_bytes: {1: 100MB, 2: 200MB}
  - name: block-1
    weight_bytes: 1GB
    latency_s: {1: {1: 30ms, 2: 50ms}, 2: {1: 16ms, 2: 26ms}}
    output_bytes: {1: 1MB, 2: 2MB}
    activation_bytes: {1: 100MB, 2: 200MB}
"""

MADE = """\
kind: model-profile
version: 1
name: q
source: measured by me. Stages cut by alpaplan from 3 layers, the longest shortest.
configs:
- device: gpu
  intra_op: 1
  inter_op: 2
  stage_weight_bytes: [3000MB, 1000MB]
  stage_latency_s:
    1: [0.042, 0.03]
    2: [0.068, 0.05]
  stage_activation_bytes:
    1: [100MB, 100MB]
    2: [200MB, 200MB]
  stages:
  - {layers: [0, 1]}
  - {layers: [2, 2]}
"""

TABLE = """\
Stages of q on gpu

 intra_op  inter_op  longest stage  latency   idle  memory  layers
 ──────────────────────────────────────────────────────────────────
        1         1          70 ms    70 ms   0.0%  4.1 GB  0-2
        1         2          42 ms    72 ms  14.3%  3.1 GB  0-1 2
        2         1          38 ms    38 ms   0.0%  2.1 GB  0-2
        2         2          24 ms    40 ms  16.7%  1.6 GB  0-1 2

"""


@pytest.fixture
def layers(workspace: Workspace) -> Workspace:
    """Return a workspace with a layer profile."""
    workspace.write("layers.yaml", LAYERS)
    return workspace


def run(layers: Workspace, *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    result = layers.run("profile", "partition", *arguments, exit_code=exit_code)
    return result.stdout, result.stderr


def shapes(text: str) -> list[tuple[int, int]]:
    profile = ModelProfileSpec.model_validate(yaml.safe_load(text))
    return [(config.intra_op, config.inter_op) for config in profile.configs]


@pytest.mark.parametrize("output", [(), ("-o", "-")])
def test_the_profile_goes_to_standard_output(layers: Workspace, output: tuple[str, ...]) -> None:
    choice = ("--inter-op", "2", "--intra-op", "1")
    assert run(layers, "layers.yaml", *choice, *output) == (MADE, "")


def test_with_a_file_a_table_shows_what_was_made(layers: Workspace) -> None:
    assert run(layers, "layers.yaml", "-o", "q.yaml") == (TABLE, "")
    assert shapes(layers.read("q.yaml")) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    load_document(Path("q.yaml"), ModelProfileSpec)


def test_configurations_are_chosen(layers: Workspace) -> None:
    chosen, _ = run(layers, "layers.yaml", "--inter-op", "3,1", "--intra-op", "2")
    assert shapes(chosen) == [(2, 1), (2, 3)]


def test_another_name(layers: Workspace) -> None:
    named, _ = run(layers, "layers.yaml", "--name", "big q")
    assert yaml.safe_load(named)["name"] == "big q"


def test_the_same_bytes_every_time(layers: Workspace) -> None:
    assert run(layers, "layers.yaml") == run(layers, "layers.yaml")


def test_configurations_that_need_too_much_are_left_out(layers: Workspace) -> None:
    made, said = run(layers, "layers.yaml", "--memory-limit", "2.05GB", "--inter-op", "1,2,3")
    assert shapes(made) == [(1, 3), (2, 2), (2, 3)]
    there = "of its largest stage, but only 2050000000 bytes (2.05 GB) are available"
    assert said.splitlines() == [
        f"layers.yaml: left out: intra_op {intra_op}, inter_op {inter_op} needs {needed} on each "
        f"device {there}"
        for intra_op, inter_op, needed in (
            (1, 1, "4100000000 bytes (4.1 GB)"),
            (1, 2, "2100000000 bytes (2.1 GB)"),
            (2, 1, "2100000000 bytes (2.1 GB)"),
        )
    ]
    assert "within 2050000000 bytes of a device" in yaml.safe_load(made)["source"]


def test_a_limit_changes_the_cuts(layers: Workspace) -> None:
    made, said = run(
        layers, "layers.yaml", "--memory-limit", "2.1GB", "--inter-op", "2", "--intra-op", "1"
    )
    (config,) = ModelProfileSpec.model_validate(yaml.safe_load(made)).configs
    assert config.stage_weight_bytes == (2 * 10**9, 2 * 10**9)
    assert said == ""


def test_nothing_fits(layers: Workspace) -> None:
    _, said = run(layers, "layers.yaml", "--memory-limit", "1GB", "-o", "q.yaml", exit_code=3)
    assert said.splitlines() == [
        "alpaplan: no configuration of 'q' fits",
        *(
            f"  intra_op {intra_op}, inter_op {inter_op} needs {needed} on each device of its "
            "largest stage, but only 1000000000 bytes (1 GB) are available"
            for intra_op, inter_op, needed in (
                (1, 1, "4100000000 bytes (4.1 GB)"),
                (1, 2, "2100000000 bytes (2.1 GB)"),
                (2, 1, "2100000000 bytes (2.1 GB)"),
                (2, 2, "1100000000 bytes (1.1 GB)"),
            )
        ),
    ]
    assert "q.yaml" not in layers.names()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--intra-op", "1,3,4"),
            "--intra-op must be among those in LAYERS (1, 2), found 3, 4",
        ),
        (
            ("--inter-op", "2,4,8"),
            "--inter-op must be at most the number of layers (3), found 4, 8",
        ),
        (("--inter-op", "two"), "must be whole numbers like 1,2,4, found 'two'"),
        (("--inter-op", "0"), "must be from 1 to 1,000,000, found '0'"),
        (("--memory-limit", "1parsec"), "unknown unit 'parsec'"),
        (("--memory-limit", "0"), "must be above 0 and at most 1e+18, found '0'"),
        (("--name", " q"), "'--name': must be a name of 1 to 200 characters"),
        (("--name", ""), "'--name': must be a name of 1 to 200 characters"),
    ],
)
def test_wrong_usage(layers: Workspace, arguments: tuple[str, ...], message: str) -> None:
    before = layers.names()
    _, said = run(layers, "layers.yaml", *arguments, "-o", "q.yaml", exit_code=2)
    assert message in said
    assert layers.names() == before


def test_layers_without_batch_size_1(layers: Workspace) -> None:
    text = LAYERS.replace("1: 1MB, ", "").replace("1: 100MB, ", "")
    for latency in ("10ms", "6ms", "30ms", "16ms"):
        text = text.replace(f"1: {latency}, ", "")
    layers.write("layers.yaml", text)
    layers.run("validate", "layers.yaml")
    _, said = run(layers, "layers.yaml", exit_code=2)
    assert said == (
        "layers.yaml:10: layers[0].latency_s[1]: must have batch size 1 to be cut into stages, "
        "found 2\n"
    )


def test_a_chain_that_is_too_long(layers: Workspace) -> None:
    layers.replace("layers.yaml", "1: 10ms", "1: 1000000d")
    _, said = run(layers, "layers.yaml", exit_code=2)
    assert said == (
        "layers.yaml:7: layers: must take at most 2.31e+06 s in all, links included, "
        "found 8.64e+10 s at intra_op 1\n"
    )


def test_spoiled_layers_are_answered_like_any_document(layers: Workspace) -> None:
    layers.replace("layers.yaml", "weight_bytes: 2GB", "weight_byte: 2GB")
    layers.replace("layers.yaml", "latency_s: 1ms", "latency_s: 1parsec")
    _, said = run(layers, "layers.yaml", exit_code=2)
    assert said == layers.run("validate", "layers.yaml", exit_code=2).stderr
    assert [line.split(":")[1] for line in said.splitlines()] == ["6", "8", "9"]


def test_other_documents_and_absent_files(layers: Workspace) -> None:
    _, said = run(layers, "profiles/p.yaml", exit_code=2)
    assert said == "profiles/p.yaml:1: kind: must be 'layer-profile', found 'model-profile'\n"
    _, said = run(layers, "absent.yaml", exit_code=2)
    assert said == "absent.yaml: no such file or directory\n"


def test_a_place_that_cannot_be_written(layers: Workspace) -> None:
    _, said = run(layers, "layers.yaml", "-o", "absent/q.yaml", exit_code=2)
    assert said == "absent/q.yaml: cannot be written: no folder absent\n"


class TestPlans:
    """The way of the stages into plans and back."""

    @pytest.fixture
    def planned(self, layers: Workspace) -> Workspace:
        """Return a workspace with a plan on a profile with stages."""
        chosen = ("--inter-op", "2", "--intra-op", "1")
        run(layers, "layers.yaml", *chosen, "--name", "p", "-o", "profiles/p.yaml")
        layers.run_plan("-q", "-o", "plan.yaml", "--method", "greedy", "--max-evaluations", "40")
        return layers

    @pytest.mark.slow
    def test_a_plan_says_which_layers_each_stage_runs(self, planned: Workspace) -> None:
        replicas = [item for group in planned.plan()["groups"] for item in group["replicas"]]
        assert replicas
        for replica in replicas:
            assert replica["stages"] == [{"layers": [0, 1]}, {"layers": [2, 2]}]
        row = "  - {model: a, stages: [{layers: [0, 1]}, {layers: [2, 2]}]}\n"
        assert row in planned.read("plan.yaml")

    def test_it_is_simulated_and_current(self, planned: Workspace) -> None:
        planned.run("simulate", "plan.yaml", "--duration", "10s")
        checked = planned.run("plan", "--check", "plan.yaml")
        assert checked.stdout == "plan.yaml: current\n"

    def test_stages_that_are_not_the_profiles_are_refused(self, planned: Workspace) -> None:
        text = planned.read("plan.yaml")
        row = "{model: a, stages: [{layers: [0, 1]}, {layers: [2, 2]}]}"
        other = "{model: a, stages: [{layers: [0, 0]}, {layers: [1, 2]}]}"
        planned.write("plan.yaml", text.replace(row, other))
        said = planned.run("simulate", "plan.yaml", exit_code=2).stderr
        what = "must cut 'a' as its profile 'p' does, into layers 0-1 2, found 0 1-2"
        assert said.splitlines()[0].endswith(what)
        stale = planned.run("plan", "--check", "plan.yaml", exit_code=1).stdout
        assert "stages of a were 0 1-2, are now 0-1 2" in stale

    def test_stages_may_be_absent(self, planned: Workspace) -> None:
        text = planned.read("plan.yaml")
        bare = text.replace(", stages: [{layers: [0, 1]}, {layers: [2, 2]}]", "")
        planned.write("plan.yaml", bare)
        assert "stages" not in bare
        planned.run("simulate", "plan.yaml", "--duration", "10s")

    def test_profiles_without_stages_give_plans_without(self, workspace: Workspace) -> None:
        workspace.run("plan", *INPUTS, "-q", "-o", "plan.yaml", "--max-evaluations", "20")
        assert "stages" not in workspace.read("plan.yaml")
