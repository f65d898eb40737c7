"""`alpaplan schedule`: the document, and the figures beside each other."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.cli.workspace import CLUSTER, INPUTS, LLM_PROFILE, WORKLOAD, Workspace

CLOCKWORK = ("schedule", *INPUTS, "--method", "clockwork++", "--window", "5s")


@pytest.fixture
def loading(workspace: Workspace) -> Workspace:
    """Return a workspace whose devices load at 3 GB/s."""
    cluster = CLUSTER.replace("10GB}", "10GB, load_bandwidth_bytes_per_s: 3GB}")
    workspace.write("cluster.yaml", cluster + "serving: {load_overhead_s: 1s}\n")
    return workspace


def test_clockwork_has_its_four_figures_beside_each_other(loading: Workspace) -> None:
    result = loading.run(
        *CLOCKWORK, "--duration", "3min", "-o", "schedule.yaml", "--format", "json"
    )
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    rows = [(row["name"], row["planned_on"], row["loads"]) for row in found["figures"]]
    assert rows == [
        ("as published", "the window itself", "none: idle groups each window"),
        ("clockwork++", "the window itself", "0 s"),
        ("clockwork++", "the window itself", "3 GB/s + 1 s"),
        ("clockwork++, causal", "the window before", "0 s"),
        ("clockwork++, causal", "the window before", "3 GB/s + 1 s"),
    ]
    attained = [row["attained"] for row in found["figures"]]
    assert attained[1] >= attained[2] >= attained[4]
    # What is written is what can be run: the last of them.
    simulated = loading.run("simulate", "schedule.yaml", "--duration", "3min", "--format", "json")
    assert json.loads(simulated.stdout)["attained"] == attained[4]
    placed, again = found["placements"], json.loads(simulated.stdout)["placements"]
    assert len(placed) == len(again) > 10
    for mine, other in zip(placed, again, strict=True):
        assert {
            key: mine[key] for key in ("start_s", "requests", "attained")
        }.items() <= other.items()


def test_foresight_writes_the_schedule_that_knows_the_future(loading: Workspace) -> None:
    arguments = (*CLOCKWORK, "--duration", "3min", "-o", "schedule.yaml", "--format", "json")
    figures = json.loads(loading.run(*arguments, "--foresight").stdout)["figures"]
    simulated = loading.run("simulate", "schedule.yaml", "--duration", "3min", "--format", "json")
    assert json.loads(simulated.stdout)["attained"] == figures[2]["attained"]
    assert "foresight: true" in (loading.folder / "schedule.yaml").read_text()


def test_without_load_times_there_are_no_figures_with_them(workspace: Workspace) -> None:
    result = workspace.run(*CLOCKWORK, "--duration", "1min", "-o", "schedule.yaml")
    assert result.exit_code == 0
    assert "GB/s" not in result.stdout
    assert "clockwork++, causal" in result.stdout


def test_a_schedule_on_standard_output_is_alone_there(workspace: Workspace) -> None:
    result = workspace.run(*CLOCKWORK, "--duration", "1min")
    assert result.stdout.startswith("kind: placement-schedule\n")
    assert "as published" in result.stderr


def test_models_have_to_run_on_single_devices(workspace: Workspace) -> None:
    workspace.replace(
        "profiles/p.yaml",
        "intra_op: 1\n    inter_op: 1\n    stage_weight_bytes: [6GB]",
        "intra_op: 2\n    inter_op: 2\n    stage_weight_bytes: [1GB, 1GB]",
    )
    workspace.replace("profiles/p.yaml", "{1: [100ms]}", "{1: [30ms, 30ms]}")
    result = workspace.run(*CLOCKWORK, exit_code=2)
    assert "places models on single devices, which none runs on" in result.stderr


WINDOW = "{duration_s: 5min, arrivals: {process: poisson, rate_rps: %s}}"
WINDOWS = f"windows: [{WINDOW}, {WINDOW}]"


@pytest.fixture
def by_day(loading: Workspace) -> Workspace:
    """Return a workspace with many requests of one model first, and of another later."""
    text = WORKLOAD.replace(
        "process: gamma, rate_rps: 12, cv: 3", "process: piecewise, " + WINDOWS % (1, 24)
    )
    loading.write(
        "workload.yaml",
        text.replace("process: poisson, rate_rps: 9", "process: piecewise, " + WINDOWS % (20, 1)),
    )
    return loading


AUTO = ("schedule", *INPUTS, "--window", "5min", "-j", "1", "-o", "schedule.yaml")


@pytest.mark.slow
def test_auto_is_judged_beside_others_on_arrivals_that_it_did_not_see(by_day: Workspace) -> None:
    result = by_day.run(*AUTO, "--target", "0.9", "--format", "json")
    found = json.loads(result.stdout)
    rows = {(row["name"], row["loads"]): row for row in found["figures"]}
    assert list(rows) == [
        ("one plan for all windows", "nothing to load"),
        ("planned for each window", "0 s"),
        ("planned for each window", "3 GB/s + 1 s"),
        ("the schedule", "3 GB/s + 1 s"),
    ]
    chosen = rows["the schedule", "3 GB/s + 1 s"]
    assert len({row["requests"] for row in rows.values()}) == 1
    assert chosen["attained"] == sum(row["attained"] for row in found["placements"])
    used = [row["devices"] for row in found["placements"]]
    assert [4 - devices for devices in used] == [row["free_devices"] for row in found["placements"]]
    assert chosen["device_hours"] <= 4 / 6
    assert "ok" in by_day.run("validate", "schedule.yaml").stdout
    by_day.run("simulate", "schedule.yaml", "--duration", "10min")


@pytest.mark.slow
@pytest.mark.parametrize("more", [("--target", "0.9"), ("--device-cost", "100")])
def test_devices_are_not_freed_of_required_replicas(
    by_day: Workspace, more: tuple[str, ...]
) -> None:
    by_day.replace("workload.yaml", "{name: a,", "{name: a, min_replicas: 3,")
    by_day.run(*AUTO, *more)
    schedule = yaml.safe_load((by_day.folder / "schedule.yaml").read_text())
    for placement in schedule["placements"]:
        held = [each["model"] for group in placement["groups"] for each in group["replicas"]]
        assert held.count("a") >= 3


def test_clockwork_refuses_what_it_does_not_keep_or_place(workspace: Workspace) -> None:
    workspace.replace("workload.yaml", "{name: a,", "{name: a, min_replicas: 1,")
    result = workspace.run(*CLOCKWORK, exit_code=2)
    assert "does not keep required replicas, but model 'a' has min_replicas" in result.stderr
    workspace.replace("cluster.yaml", "10GB", "1GB")
    assert "no feasible placement" in workspace.run(*CLOCKWORK, exit_code=3).stderr


@pytest.mark.parametrize(
    ("method", "option", "wanted"),
    [
        ("auto", ("--foresight",), "--foresight is for --method clockwork++"),
        ("clockwork++", ("--target", "0.9"), "--target is for --method auto"),
        ("clockwork++", ("--device-cost", "1"), "--device-cost is for --method auto"),
        ("clockwork++", ("--judge-by", "t.csv"), "--judge-by is for --method auto"),
    ],
)
def test_options_of_other_methods_are_refused(
    workspace: Workspace, method: str, option: tuple[str, ...], wanted: str
) -> None:
    workspace.write("t.csv", "arrival_s,model\n0,a\n")
    command = ("schedule", *INPUTS, "--window", "5min", "--method", method)
    assert wanted in workspace.run(*command, *option, exit_code=2).stderr


@pytest.mark.slow
def test_clockwork_plans_for_the_time_until_all_arrivals_begin_anew(by_day: Workspace) -> None:
    command = ("schedule", *INPUTS, "--method", "clockwork++", "--window", "30s", "-o", "s.yaml")
    found = json.loads(by_day.run(*command, "--format", "json").stdout)
    assert 570 < found["placements"][-1]["start_s"] < 600


@pytest.mark.slow
def test_the_same_inputs_give_the_same_schedule(by_day: Workspace) -> None:
    by_day.run(*AUTO, "-q")
    first = by_day.read("schedule.yaml")
    by_day.run("schedule", "--update", "schedule.yaml", "-q", "-j", "2")
    assert by_day.read("schedule.yaml") == first


@pytest.mark.slow
def test_windows_may_be_listed_in_a_file(by_day: Workspace) -> None:
    by_day.write("windows.txt", "0\n5min\n")
    arguments = ("schedule", *INPUTS, "-j", "1", "-o", "listed.yaml", "-q")
    by_day.run(*arguments, "--windows", "windows.txt")
    by_day.run(*AUTO, "-q")
    listed, equal = (by_day.read(name) for name in ("listed.yaml", "schedule.yaml"))
    assert listed == equal.replace("  window_s: 300.0\n", "  starts_s: [0.0, 300.0]\n")
    assert "give either" in by_day.run(*arguments, exit_code=2).stderr


@pytest.mark.slow
def test_recorded_arrivals_judge_what_was_planned_on_their_rates(by_day: Workspace) -> None:
    by_day.run("workload", "generate", "workload.yaml", "--duration", "10min", "-o", "day.csv")
    result = by_day.run(*AUTO, "--trace", "day.csv", "--format", "json")
    requests = {row["requests"] for row in json.loads(result.stdout)["figures"]}
    assert requests == {len(by_day.read("day.csv").splitlines()) - 1}
    by_day.run("simulate", "schedule.yaml", "--trace", "day.csv")


@pytest.mark.slow
def test_what_is_paid_is_told_by_placement_and_in_total(by_day: Workspace) -> None:
    by_day.replace("cluster.yaml", "count: 1", "count: 2, cost_per_hour: 6")
    arguments = (*AUTO, "--target", "0.9", "--format", "json")
    found = json.loads(by_day.run(*arguments).stdout)
    static, *_, chosen = found["figures"]
    assert static["cost"] == pytest.approx(2.0)
    assert chosen["cost"] <= static["cost"]
    assert chosen["cost"] == pytest.approx(sum(row["cost"] for row in found["placements"]))
    for row in found["placements"]:
        assert row["cost_per_hour"] in (6.0, 12.0)
        assert row["devices"] <= row["cost_per_hour"] / 6.0 * 4
    # A request that is worth next to nothing pays for no node, but one has to stay.
    table = by_day.run(*AUTO, "--request-value", "0.000001").stdout
    assert "cost/h" in table
    assert "6.00  1.00" in table


def test_a_value_of_requests_needs_costs(by_day: Workspace) -> None:
    result = by_day.run(*AUTO, "--request-value", "1", exit_code=2)
    assert "a node pool must have a cost_per_hour, found none" in result.stderr


def test_samples_of_a_short_recording_may_have_no_requests(workspace: Workspace) -> None:
    workspace.write("t.csv", "arrival_s,model\n0.5,a\n3.5,a\n")
    model = "{name: a, profile: p, slo_s: 1, arrivals: {process: trace, path: t.csv}}"
    workspace.write("workload.yaml", WORKLOAD.partition("  - ")[0] + f"  - {model}\n")
    workspace.run("schedule", *INPUTS, "--window", "2s", "-q")
    result = workspace.run("schedule", *INPUTS, "--window", "1s", exit_code=2)
    assert "workload.yaml:4: models: must have arrivals to plan on and to judge by" in result.stderr


ENGINE = """\
  - name: %s
    profile: l
    slo: {ttft_s: 500ms, tpot_s: 60ms}
    max_context_tokens: 400
    lengths: {process: constant, input_tokens: 50, output_tokens: 20}
    arrivals: {process: piecewise, %s}
"""


@pytest.fixture
def llms_by_day(loading: Workspace) -> Workspace:
    """Return a workspace with two LLMs, one busy first and the other later."""
    loading.write("profiles/l.yaml", LLM_PROFILE)
    engines = ENGINE % ("x", WINDOWS % (40, 1)) + ENGINE % ("y", WINDOWS % (1, 60))
    loading.write("workload.yaml", WORKLOAD.split("  - {name: a")[0] + engines)
    return loading


@pytest.mark.slow
def test_llms_are_planned_for_and_simulated_as_they_are_judged(llms_by_day: Workspace) -> None:
    result = llms_by_day.run(*AUTO, "--target", "0.95", "--format", "json")
    found = json.loads(result.stdout)
    chosen = found["figures"][-1]
    assert chosen["attained"] == sum(row["attained"] for row in found["placements"])
    assert chosen["device_hours"] < 4 / 6
    assert len(found["placements"]) == 2
    assert "ok" in llms_by_day.run("validate", "schedule.yaml").stdout
    simulated = llms_by_day.run("simulate", "schedule.yaml", "--seed", "2", "--format", "json")
    again = json.loads(simulated.stdout)
    assert len(again["placements"]) == 2
    assert again["requests"] == sum(model["requests"] for model in again["models"])
    assert sum(group["attained"] for group in again["groups"]) == again["attained"]
    refused = llms_by_day.run("simulate", "schedule.yaml", "--closed-loop", "x=2", exit_code=2)
    assert "not on a schedule that changes it" in refused.stderr


def test_clockwork_places_llms_too(llms_by_day: Workspace) -> None:
    arrivals = "{process: poisson, rate_rps: 3}"
    with_fixed = f"  - {{name: a, profile: p, slo_s: 500ms, arrivals: {arrivals}}}\n"
    llms_by_day.write("workload.yaml", llms_by_day.read("workload.yaml") + with_fixed)
    sample = ("--duration", "1min", "--format", "json")
    found = json.loads(llms_by_day.run(*CLOCKWORK, *sample, "-o", "schedule.yaml").stdout)
    simulated = llms_by_day.run("simulate", "schedule.yaml", *sample)
    assert json.loads(simulated.stdout)["attained"] == found["figures"][-1]["attained"]
    kinds = {
        frozenset("fixed" if replica["model"] == "a" else "llm" for replica in group["replicas"])
        for placement in llms_by_day.plan("schedule.yaml")["placements"]
        for group in placement["groups"]
    }
    assert kinds == {frozenset({"fixed"}), frozenset({"llm"})}


def test_time_to_plan_for_has_to_be_known(workspace: Workspace) -> None:
    result = workspace.run(*AUTO, exit_code=2)
    assert "say how much time to plan for with --duration" in result.stderr


def test_placements_are_written_as_plans_that_other_commands_take(loading: Workspace) -> None:
    arguments = (*CLOCKWORK, "--duration", "20s", "-o", "schedule.yaml", "-q")
    loading.run(*arguments, "--plans", "plans")
    names = sorted(path.name for path in (loading.folder / "plans").iterdir())
    assert names[0] == "from-0s.yaml"
    assert len(names) > 1
    plans = [f"plans/{name}" for name in names]
    assert "placement-plan" in loading.run("validate", *plans).stdout
    loading.run("simulate", plans[1], "--duration", "20s")
    loading.run("diff", plans[0], plans[1])


PLANNED = ("--duration", "1min", "--foresight", "--seed", "3", "-q", "-o", "schedule.yaml")


def test_check_and_update_make_a_schedule_again_as_it_was_made(loading: Workspace) -> None:
    loading.run(*CLOCKWORK, *PLANNED)
    before = loading.read("schedule.yaml")
    made = loading.plan("schedule.yaml")["provenance"]
    assert (made["duration_s"], made["seed"], made["foresight"]) == (60.0, 3, True)
    current = loading.run("schedule", "--check", "schedule.yaml")
    assert (current.stdout, current.stderr) == ("schedule.yaml: current\n", "")
    loading.run("schedule", "--update", "schedule.yaml", "-q")
    assert loading.read("schedule.yaml") == before


def test_a_stale_schedule_says_what_differs(loading: Workspace) -> None:
    loading.run(*CLOCKWORK, *PLANNED)
    before = loading.read("schedule.yaml")
    loading.replace("cluster.yaml", "count: 1", "count: 2")
    check = ("schedule", "--check", "schedule.yaml")
    lines = loading.run(*check, exit_code=1).stdout.splitlines()
    assert lines[:2] == [
        "schedule.yaml: stale",
        "  input cluster.yaml: cluster has changed since planning",
    ]
    assert any(line.startswith("  group g4 from 0 s: new: gpu n-1[0]") for line in lines)
    assert loading.read("schedule.yaml") == before
    loading.run("schedule", "--update", "schedule.yaml", "-q")
    loading.run(*check)
    lines = loading.run(*check, "--window", "30s", exit_code=1).stdout.splitlines()
    assert "  window_s: was 5.0, is now 30.0" in lines
    assert any(line.startswith("  placements: started at 0 s, ") for line in lines)


def test_the_trace_of_a_schedule_is_named_with_its_hash(loading: Workspace) -> None:
    loading.run("workload", "generate", "workload.yaml", "--duration", "1min", "-o", "t.csv")
    loading.run(*CLOCKWORK, "--trace", "t.csv", "-o", "schedule.yaml", "-q")
    made = loading.plan("schedule.yaml")["provenance"]
    assert made["trace"] == "t.csv"
    assert ("trace", "t.csv") in {(each["role"], each.get("path")) for each in made["inputs"]}
    loading.run("schedule", "--check", "schedule.yaml")
    loading.write("t.csv", loading.read("t.csv") + "61.5,a\n")
    lines = loading.run("schedule", "--check", "schedule.yaml", exit_code=1).stdout.splitlines()
    assert "  input t.csv: trace has changed since planning" in lines
    # Simulations replay it as it is, unless they are given other arrivals.
    rows = len(loading.read("t.csv").splitlines()) - 1
    loading.write("t.csv", loading.read("t.csv").removesuffix("61.5,a\n"))
    for more, is_replayed in (((), True), (("--duration", "10s"), False), (INPUTS, False)):
        found = loading.run("simulate", "schedule.yaml", "--format", "json", *more).stdout
        assert (json.loads(found)["requests"] == rows - 1) == is_replayed


def test_what_check_and_update_cannot_do_is_said(loading: Workspace) -> None:
    loading.run(*CLOCKWORK, *PLANNED, "--plans", "plans")
    for arguments, message in (
        (("--check", "schedule.yaml", "--plans", "plans"), "leave out --plans and --format"),
        (("--check", "schedule.yaml", "--format", "json"), "leave out --plans and --format"),
        (("--update", "schedule.yaml", "-o", "other.yaml"), "--update writes its file in place"),
        (("--check", "plans/from-0s.yaml"), "must be 'placement-schedule'"),
        ((*INPUTS,), "give either --window or --windows"),
    ):
        assert message in loading.run("schedule", *arguments, exit_code=2).stderr
    refused = loading.run("plan", "--check", "plans/from-0s.yaml", exit_code=2).stderr
    assert "provenance: is of a schedule" in refused
