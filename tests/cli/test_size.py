"""`alpaplan size`: tables, JSON, CSV, plots, folders, and what is wrong with options."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.workspace import INPUTS, Workspace

FEW = ("--max-evaluations", "20", "--target", "0.9", "-j", "1")


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_without_a_cv_the_other_axes_are_answered(workspace: Workspace) -> None:
    workspace.replace(
        "workload.yaml", "process: gamma, rate_rps: 12, cv: 3", "process: poisson, rate_rps: 12"
    )
    result = workspace.run("size", *INPUTS, *FEW, "--format", "json")
    assert [each["axis"] for each in json.loads(result.stdout)["axes"]] == ["rate", "slo", "nodes"]
    assert "no arrivals have a CV to scale, so the axis cv is left out" in result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_json_has_the_keys_of_the_contract(workspace: Workspace) -> None:
    command = ("size", *INPUTS, *FEW, "--axis", "rate", "--axis", "nodes")
    result = workspace.run(*command, "--format", "json")
    found = json.loads(result.stdout)
    assert list(found) == ["target", "unit", "axes"]
    assert found["target"] == 0.9
    assert found["unit"]["rate_rps"] == pytest.approx(26)
    assert [each["axis"] for each in found["axes"]] == ["rate", "nodes"]
    for each in found["axes"]:
        keys = ["axis", "method", "limit", "confidence_interval_95", "attainment_at_limit"]
        assert list(each)[:9] == [*keys, "stated", "plan", "plans_tried", *list(each)[8:9]]
        assert each["plan"]["kind"] == "placement-plan"
        for point in each["points"]:
            assert {"value", "slo_attainment", "plan"} <= set(point)
        values = [point["value"] for point in each["points"]]
        assert values == sorted(values)
        assert each["limit"] in values


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_a_folder_has_plans_that_simulate_takes(workspace: Workspace) -> None:
    command = ("size", *INPUTS, *FEW, "--axis", "rate", "-o", "sized", "--format", "json")
    found = json.loads(workspace.run(*command).stdout)["axes"][0]
    assert found["plan"] == "sized/rate-auto.yaml"
    lines = (workspace.folder / "sized" / "points.jsonl").read_text().splitlines()
    values = [json.loads(line)["value"] for line in lines]
    assert found["limit"] in values
    scale = ("--rate-scale", str(found["limit"]), "--format", "json", "--seed", "5")
    simulated = json.loads(workspace.run("simulate", found["plan"], *scale).stdout)
    assert simulated["slo_attainment"] > 0.85


@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_tables_csv_and_a_plot(workspace: Workspace) -> None:
    command = ("size", *INPUTS, *FEW, "--axis", "slo", "--method", "greedy", "--method", "auto")
    shown = workspace.run(*command, "--plot", "curves.svg").stdout
    assert "Limits up to which 90% is attained" in shown
    assert b"greedy" in (workspace.folder / "curves.svg").read_bytes()
    rows = list(csv.DictReader(io.StringIO(workspace.run(*command, "--format", "csv").stdout)))
    assert [row["method"] for row in rows] == ["greedy", "auto"]
    for row in rows:
        assert float(row["low_95"]) <= float(row["limit"]) <= float(row["high_95"])


@pytest.mark.slow
def test_a_reason_where_there_is_no_limit(workspace: Workspace) -> None:
    shown = workspace.run("size", *INPUTS, *FEW[:2], "--target", "1", "--axis", "cv").stdout
    assert "1 is not reached by any plan, not even at 0.01562 times every CV" in " ".join(
        shown.split()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--axis", "rates"), "must be one of rate, cv, slo, nodes, cost, found 'rates'"),
        (("--target", "0"), "must be above 0 and at most 1, found '0'"),
        (("--pool", "n", "--axis", "rate"), "--pool is for --axis nodes"),
        (("--dask", "tcp://127.0.0.1:1", "-j", "2"), "give either --dask or --jobs"),
        (("--axis", "cost"), "node_pools[0]: must have a cost_per_hour to size by cost"),
    ],
)
def test_what_is_wrong_is_said(
    workspace: Workspace, arguments: tuple[str, ...], message: str
) -> None:
    result = workspace.run("size", *INPUTS, *arguments, exit_code=2)
    assert message in result.stderr


def test_a_folder_that_is_a_file(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write("taken", "")
    result = workspace.run("size", *INPUTS, *FEW, "--axis", "nodes", "-o", "taken", exit_code=2)
    assert "taken" in result.stderr
