"""`alpaplan analyze`: tables, JSON, the plot, and what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.cli.workspace import INPUTS, Workspace


def test_tables_and_json_say_the_same(workspace: Workspace) -> None:
    tables = workspace.run("analyze", *INPUTS)
    found = json.loads(workspace.run("analyze", *INPUTS, "--format", "json").stdout)
    # 26 requests/s of 0.1 s on four devices.
    assert tables.stdout.startswith("offered load 2.6 erlangs on 4 devices: 65.0% utilized\n")
    assert found["pool"]["load_erlangs"] == pytest.approx(2.6)
    assert found["pool"]["utilization"] == pytest.approx(0.65)
    assert [model["name"] for model in found["models"]] == ["a", "b", "c"]
    assert found["models"][0]["arrivals"] == {
        "rate_rps": 12.0, "cv": 3.0, "dispersion": 9.0, "source": "process",
    }  # fmt: skip
    assert found["models"][1]["breaking_utilization"]["mean_poisson"] == pytest.approx(8 / 9)
    (pipeline,) = found["pipelines"]
    assert (pipeline["alpha"], pipeline["beta"]) == pytest.approx((1.1, 1.2))
    assert "p        gpu       2  1.100  1.200" in tables.stdout
    assert (tables.stderr, workspace.names()) == ("", {"cluster.yaml", "workload.yaml", "profiles"})


def test_it_says_that_the_formulas_know_no_batches(workspace: Workspace) -> None:
    alone = workspace.run("analyze", *INPUTS)
    pool = "{name: n, count: 1, device: gpu, devices_per_node: 4, device_memory_bytes: 10GB}\n"
    workspace.replace("cluster.yaml", pool, pool + "serving: {max_batch_size: 4}\n")
    workspace.replace("profiles/p.yaml", "{1: [100ms]}", "{1: [100ms], 4: [200ms]}")
    batched = workspace.run("analyze", *INPUTS)
    assert batched.stdout == alone.stdout
    assert batched.stderr.startswith("note: the formulas know no batches")


def test_plot(workspace: Workspace) -> None:
    workspace.run("analyze", *INPUTS, "--plot", "overheads.pdf")
    assert (workspace.folder / "overheads.pdf").stat().st_size > 5000


def test_recorded_arrivals(workspace: Workspace) -> None:
    workspace.write("t.csv", "arrival_s,model\n" + "".join(f"{i / 5},a\n" for i in range(500)))
    process = "{process: gamma, rate_rps: 12, cv: 3}"
    workspace.replace("workload.yaml", process, "{process: trace, path: t.csv}")
    found = json.loads(workspace.run("analyze", *INPUTS, "--format", "json").stdout)
    arrivals = found["models"][0]["arrivals"]
    assert arrivals["source"] == "recorded"
    assert arrivals["rate_rps"] == pytest.approx(5, rel=0.01)
    assert arrivals["cv"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-c", "cluster.yaml"), "missing option -w/--workload"),
        ((*INPUTS, "--plot", "x.gif"), "x.gif: a plot's name must end in one of .svg, .png, .pdf"),
        ((*INPUTS, "--plot", "absent/x.svg"), "absent/x.svg: cannot be written: no folder absent"),
        # Before any work is done.
        ((*INPUTS, "-w", "no", "--plot", "absent/x.svg"), "absent/x.svg: cannot be written: no"),
        ((*INPUTS, "--format", "xml"), "'--format'"),
    ],
)
def test_bad_usage(workspace: Workspace, arguments: tuple[str, ...], message: str) -> None:
    result = workspace.run("analyze", *arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_recorded_arrivals_at_one_instant(workspace: Workspace) -> None:
    workspace.write("t.csv", "arrival_s,model\n1,a\n1,a\n")
    workspace.replace(
        "workload.yaml", "{process: gamma, rate_rps: 12, cv: 3}", "{process: trace, path: t.csv}"
    )
    result = workspace.run("analyze", *INPUTS, exit_code=2)
    assert result.stderr == (
        "workload.yaml:4: models: recorded arrivals must span some time, found a single instant\n"
    )


def test_models_that_fit_nowhere(workspace: Workspace) -> None:
    workspace.replace("cluster.yaml", "10GB", "1GB")
    result = workspace.run("analyze", *INPUTS, exit_code=3)
    first, second = result.stderr.splitlines()
    assert first == "alpaplan: no feasible placement"
    assert second.startswith("  models 'a', 'b', 'c' cannot be placed: profile 'p' needs")
