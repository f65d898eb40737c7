"""`alpaplan plan`: plans, summaries, budgets, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.files.document import load_document
from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.search.methods import METHODS
from alpaplan.specs.plan import PlanSpec
from tests.cli.workspace import CLUSTER, WORKLOAD, Workspace

QUICK = ("--method", "round-robin")

UNEXPORTABLE = (
    "the engines of this plan cannot be exported: several models share one process on g0..1; to "
    "export them, set "
    "serving.process_overhead_bytes in the cluster and plan again"
)
"""What is said of a plan whose groups no backend could run."""


def require_plan_that_passes(workspace: Workspace, name: str = "plan.yaml") -> None:
    workspace.run("validate", name)
    inputs = load_inputs(InputPaths(Path("cluster.yaml"), Path("workload.yaml"), Path("profiles")))
    document = load_document(Path(name), PlanSpec)
    assert document.spec.groups
    inputs.require_valid(document)


@pytest.mark.slow
def test_a_valid_plan_and_its_summary(workspace: Workspace) -> None:
    result = workspace.run_plan("-o", "plan.yaml")
    require_plan_that_passes(workspace)
    assert result.stderr == ""
    for part in ("SLO attainment", "95% confidence", "goodput", "Groups (", "Models (3)", "Tried"):
        assert part in result.stdout
    for group in workspace.plan()["groups"]:
        assert group["name"] in result.stdout
    inputs = workspace.plan()["provenance"]["inputs"]
    assert [(item["role"], item["path"]) for item in inputs] == [
        ("cluster", "cluster.yaml"),
        ("workload", "workload.yaml"),
        ("profile", "profiles/p.yaml"),
    ]


def test_no_name_is_cut_off_in_a_file_or_pipe(workspace: Workspace) -> None:
    name = "a-model-with-a-name-of-some-length-" + "x" * 40
    workspace.write("workload.yaml", WORKLOAD.replace("name: a,", f"name: {name},"))
    lines = workspace.run_plan(*QUICK, "-o", "plan.yaml").stdout.splitlines()
    assert "…" not in "".join(lines)
    assert all(line == line.rstrip() for line in lines)


def test_plan_on_stdout_and_summary_on_stderr(workspace: Workspace) -> None:
    result = workspace.run_plan(*QUICK, "-o", "-")
    workspace.run_plan(*QUICK, "-o", "plan.yaml")
    assert result.stdout == workspace.read("plan.yaml")
    assert "SLO attainment" in result.stderr
    assert workspace.run_plan(*QUICK).stdout == result.stdout
    quiet = workspace.run_plan(*QUICK, "-o", "-", "--quiet")
    assert quiet.stdout == result.stdout
    assert quiet.stderr == UNEXPORTABLE + "\n"
    assert UNEXPORTABLE in " ".join(result.stderr.split())


def test_a_plan_of_processes_can_be_exported(workspace: Workspace) -> None:
    workspace.write("cluster.yaml", CLUSTER + "serving: {process_overhead_bytes: 100MB}\n")
    result = workspace.run_plan(*QUICK, "-o", "plan.yaml")
    assert "cannot be exported" not in result.stdout + result.stderr
    assert workspace.run_plan(*QUICK, "-o", "plan.yaml", "-q").stderr == ""
    workspace.write(
        "models.yaml", "kind: export-models\nversion: 1\nmodels: {p: {source: org/p}}\n"
    )
    workspace.run("export", "plan.yaml", "--to", "launch", "--models", "models.yaml", "-o", "out")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_same_bytes_whatever_the_jobs(workspace: Workspace, method: str) -> None:
    plans = [
        workspace.run_plan("-q", "--method", method, "--jobs", jobs).stdout
        for jobs in ("1", "2", "2")
    ]
    assert plans[0] == plans[1] == plans[2]
    assert f"method: {method}\n" in plans[0]


def test_seed_is_recorded_and_matters(workspace: Workspace) -> None:
    workspace.run_plan(*QUICK, "-q", "-o", "zero.yaml")
    workspace.run_plan(*QUICK, "-q", "-o", "seven.yaml", "--seed", "7")
    zero, seven = workspace.plan("zero.yaml"), workspace.plan("seven.yaml")
    assert (zero["provenance"]["seed"], seven["provenance"]["seed"]) == (0, 7)
    assert zero["prediction"]["slo_attainment"] != seven["prediction"]["slo_attainment"]
    assert zero["prediction"]["slo_attainment"] == pytest.approx(
        seven["prediction"]["slo_attainment"], abs=0.01
    )


def test_prediction_is_of_arrivals_that_were_not_searched_on(workspace: Workspace) -> None:
    workspace.run_plan(*QUICK, "-q", "-o", "plan.yaml")
    prediction = workspace.plan()["prediction"]
    low, high = prediction["confidence_interval_95"]
    one_low, one_high = prediction["prediction_interval_95"]
    assert one_low < low < prediction["slo_attainment"] < high < one_high
    assert prediction["slo_attainment"] != prediction["training_slo_attainment"]
    assert prediction["arrivals"]["source"] == "sampled"


def test_recorded_arrivals_are_held_out(workspace: Workspace) -> None:
    rows = [f"{100 + i / 20},{'ab'[i % 2]}\n" for i in range(4000)]
    workspace.write("trace.csv", "arrival_s,model\n" + "".join(rows))
    recorded = "arrivals: {process: trace, path: trace.csv}"
    text = WORKLOAD.replace("arrivals: {process: gamma, rate_rps: 12, cv: 3}", recorded)
    workspace.write(
        "workload.yaml", text.replace("arrivals: {process: poisson, rate_rps: 9}", recorded)
    )
    workspace.run_plan(*QUICK, "-q", "-o", "plan.yaml")
    plan = workspace.plan()
    arrivals = plan["prediction"]["arrivals"]
    assert arrivals["source"] == "held-out"
    # A quarter of 199.95 s in ten parts; 20 requests a second recorded and 5 sampled.
    assert arrivals["run_s"] == pytest.approx(199.95 / 40, rel=1e-3)
    assert arrivals["requests"] == pytest.approx(1250, rel=0.1)
    assert plan["provenance"]["inputs"][-1]["role"] == "trace"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("evaluations", ["1", "40"])
def test_a_budget_gives_the_same_plan_every_time(
    workspace: Workspace, method: str, evaluations: str
) -> None:
    budget = ("-q", "--method", method, "--max-evaluations", evaluations)
    workspace.run_plan(*budget, "-o", "plan.yaml", "--jobs", "2")
    assert workspace.run_plan(*budget, "--jobs", "1").stdout == workspace.read("plan.yaml")
    require_plan_that_passes(workspace)
    assert workspace.plan()["provenance"]["max_evaluations"] == int(evaluations)


@pytest.mark.parametrize("method", METHODS)
def test_a_time_limit_ends_with_the_best_plan_so_far(workspace: Workspace, method: str) -> None:
    workspace.run_plan("-o", "plan.yaml", "--method", method, "--time-limit", "1us")
    require_plan_that_passes(workspace)
    provenance = workspace.plan()["provenance"]
    # Baselines that place all replicas in one go always have a plan.
    in_one_go = method in {"dedicated", "round-robin"}
    assert provenance.get("stopped_early") == (None if in_one_go else "time-limit")


def test_required_attainment(workspace: Workspace) -> None:
    workspace.run_plan(*QUICK, "-q", "-o", "low.yaml", "--require-attainment", "0.5")
    result = workspace.run_plan(
        *QUICK, "-q", "-o", "p.yaml", "--require-attainment", "1", exit_code=1
    )
    assert "is below the required 1" in result.stderr
    assert workspace.read("p.yaml") == workspace.read("low.yaml")


def test_models_that_cannot_meet_their_objective_are_named(workspace: Workspace) -> None:
    workspace.replace(
        "workload.yaml", "name: c, profile: p, slo_s: 500ms", "name: c, profile: p, slo_s: 60ms"
    )
    result = workspace.run_plan(*QUICK, "-o", "plan.yaml")
    found = "model 'c' cannot be served within 60 ms: its best latency is 70 ms"
    assert found in " ".join(result.stdout.split())
    model = workspace.plan()["models"][2]
    assert (model["name"], model["best_latency_s"], model["slo_attainment"]) == ("c", 0.07, 0.0)


def test_devices_left_over_are_reported(workspace: Workspace) -> None:
    pool = "devices_per_node: 4, device_memory_bytes: 10GB"
    # No single device has room for 6 GB, so that groups are of two.
    workspace.replace("cluster.yaml", pool, "devices_per_node: 5, device_memory_bytes: 5GB")
    result = workspace.run_plan(*QUICK, "-o", "plan.yaml")
    assert "; left over: n-0[4]\n" in result.stdout
    assert workspace.plan()["unused_devices"] == [{"node": "n-0", "devices": [4]}]


def test_infeasible_memory_names_model_and_bytes(workspace: Workspace) -> None:
    workspace.replace("cluster.yaml", "10GB", "2GB")
    result = workspace.run_plan("-o", "plan.yaml", exit_code=3)
    for part in ("models 'a', 'b', 'c'", "needs 3000000000 bytes", "but only 2000000000 bytes"):
        assert part in result.stderr
    assert "plan.yaml" not in workspace.names()


def test_infeasible_device_type_names_what_there_is(workspace: Workspace) -> None:
    workspace.replace("cluster.yaml", "device: gpu", "device: tpu")
    result = workspace.run_plan(exit_code=3)
    assert "it has groups of 1 x gpu, 2 x gpu, the cluster has 1 x 4 tpu" in result.stderr


def test_no_model_can_meet_its_objective(workspace: Workspace) -> None:
    workspace.write("workload.yaml", WORKLOAD.replace("500ms", "10ms"))
    result = workspace.run_plan(exit_code=3)
    assert "no model can meet its latency objective" in result.stderr
    assert "its best latency is 70 ms" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "greddy"], "found 'greddy'; did you mean 'greedy'?"),
        (["--time-limit", "soon"], "'--time-limit': must be a number or text like '151ms'"),
        (["--time-limit", "0s"], "'--time-limit': must be above 0"),
        (["--seed", "-1"], "'--seed'"),
        (["--jobs", "0"], "'--jobs'"),
        (["--require-attainment", "98"], "'--require-attainment'"),
        (["--sead", "1"], "--seed"),
    ],
)
def test_usage_errors(workspace: Workspace, arguments: list[str], message: str) -> None:
    result = workspace.run_plan(*arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_missing_options_are_named(workspace: Workspace) -> None:
    result = workspace.run("plan", "-w", "workload.yaml", exit_code=2)
    assert "missing option -c/--cluster: neither given nor named in a plan" in result.stderr
    result = workspace.run("plan", exit_code=2)
    assert "missing option -c/--cluster, -w/--workload: neither given" in result.stderr


def test_a_mistyped_command_gets_a_hint(workspace: Workspace) -> None:
    result = workspace.run("paln", exit_code=2)
    assert "found 'paln'; did you mean 'plan'?" in result.stderr


def test_problems_of_all_files_come_at_once(workspace: Workspace) -> None:
    workspace.replace("cluster.yaml", "count: 1", "count: 0")
    workspace.replace("workload.yaml", "cv: 3", "cv: -3")
    result = workspace.run_plan("-o", "plan.yaml", exit_code=2)
    lines = result.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["cluster.yaml:5", "workload.yaml:5"]
    assert "plan.yaml" not in workspace.names()


def test_an_unknown_profile_gets_a_hint(workspace: Workspace) -> None:
    workspace.write(
        "profiles/p.yaml", workspace.read("profiles/p.yaml").replace("name: p", "name: bert")
    )
    workspace.write("workload.yaml", WORKLOAD.replace("profile: p", "profile: brt"))
    result = workspace.run_plan(exit_code=2)
    assert "workload.yaml:5: models[0].profile: no such model profile, found 'brt'" in result.stderr
    assert "did you mean 'bert'?" in result.stderr


@pytest.mark.parametrize("target", ["absent/plan.yaml", "profiles", "cluster.yaml/plan.yaml"])
def test_nothing_is_left_where_a_plan_cannot_be_written(workspace: Workspace, target: str) -> None:
    before = workspace.names()
    result = workspace.run_plan("-o", target, exit_code=2)
    assert result.stderr.startswith(f"{target}: ")
    assert workspace.names() == before


def test_a_failed_run_leaves_the_old_plan_as_it_is(workspace: Workspace) -> None:
    workspace.write("plan.yaml", "the old plan")
    workspace.replace("cluster.yaml", "10GB", "2GB")
    workspace.run_plan("-o", "plan.yaml", exit_code=3)
    assert workspace.read("plan.yaml") == "the old plan"


def test_a_place_that_cannot_be_written_is_refused_before_the_search(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "alpaplan.search.planner.solve", lambda *_, **__: pytest.fail("searched in vain")
    )
    done = workspace.run_plan("-o", "missing/plan.yaml", exit_code=2)
    assert "missing/plan.yaml: cannot be written: no folder missing" in done.stderr
