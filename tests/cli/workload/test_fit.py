"""`alpaplan workload fit`: documents that plan, what is said of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from alpaplan.files.trace_csv import write_trace
from alpaplan.workload.arrivals import ArrivalProcess
from alpaplan.workload.arrivals.renewal import Gamma, Poisson
from alpaplan.workload.sampling import merge_traces
from alpaplan.workload.trace import Trace
from tests.cli.workspace import WORKLOAD, Workspace

PROCESSES: dict[str, ArrivalProcess] = {"a": Gamma(12.0, 3.0), "b": Poisson(9.0)}


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    """Return a workspace with a trace of two of its three models: 60 s, exact to a ms."""
    rng = np.random.default_rng(71)
    parts = []
    for index, process in enumerate(PROCESSES.values()):
        times = np.floor(process.sample(60.0, rng) * 1e3) / 1e3
        model = np.full(times.size, index, dtype=np.int32)
        parts.append(Trace(times, model, tuple(PROCESSES), 60.0))
    write_trace(merge_traces(parts, 60.0), Path("t.csv.gz"))
    return workspace


def arrivals(workspace: Workspace, file: str = "fitted.yaml") -> dict[str, dict[str, object]]:
    document = yaml.safe_load(workspace.read(file))
    return {model["name"]: model["arrivals"] for model in document["models"]}


def test_a_workload_that_plans(recorded: Workspace) -> None:
    result = recorded.run("workload", "fit", "t.csv.gz", "--models", "workload.yaml",
                          "-o", "fitted.yaml")  # fmt: skip
    assert result.stderr == "left out of 't' because they have no requests: c\n"
    document = yaml.safe_load(recorded.read("fitted.yaml"))
    assert (document["kind"], document["name"]) == ("workload", "t")
    a, b = document["models"]
    assert (a["name"], a["profile"], a["slo_s"]) == ("a", "p", 0.5)
    assert a["arrivals"]["process"] == "gamma"
    assert a["arrivals"]["cv"] == pytest.approx(3, rel=0.25)
    assert b["arrivals"]["process"] == "poisson"
    assert b["arrivals"]["rate_rps"] == pytest.approx(9, rel=0.15)
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert "Fitted processes (2)" in result.stdout
    assert f"gamma, cv {a['arrivals']['cv']:.3g}" in rows["a"]
    assert rows["b"].split()[4] == "poisson"
    recorded.run("validate", "fitted.yaml")
    options = ("-c", "cluster.yaml", "-w", "fitted.yaml", "-p", "profiles")
    recorded.run("plan", *options, "-o", "plan.yaml", "--method", "round-robin", "-q")


def test_the_document_on_standard_output(recorded: Workspace) -> None:
    fit = ("workload", "fit", "t.csv.gz", "--models", "workload.yaml", "--name", "last week")
    result = recorded.run(*fit)
    assert yaml.safe_load(result.stdout)["name"] == "last week"
    assert result.stderr.startswith("Fitted processes (2)\n")
    assert result.stderr.endswith("left out of 'last week' because they have no requests: c\n")
    quiet = recorded.run(*fit, "-q")
    assert quiet.stdout == result.stdout
    assert quiet.stderr == "left out of 'last week' because they have no requests: c\n"


def test_entries_with_a_count_are_written_out(recorded: Workspace) -> None:
    recorded.write("t.csv", "arrival_s,model\n" + "".join(f"{t},a-{t % 2}\n" for t in range(90)))
    recorded.write(
        "workload.yaml",
        WORKLOAD.split("models:")[0] + "models:\n  - {name: a, count: 3, profile: p, slo_scale: 4, "
        "weight: 2, arrivals: {process: poisson, total_rate_rps: 9}}\n",
    )
    result = recorded.run("workload", "fit", "t.csv", "--models", "workload.yaml", "-o", "w.yaml")
    assert result.stderr == "left out of 't' because they have no requests: a-2\n"
    first, second = yaml.safe_load(recorded.read("w.yaml"))["models"]
    assert [first["name"], second["name"]] == ["a-0", "a-1"]
    assert second == {
        "name": "a-1", "profile": "p", "slo_scale": 4, "weight": 2,
        "arrivals": {"process": "gamma", "rate_rps": 0.5, "cv": 0.001},
    }  # fmt: skip


def test_windows(recorded: Workspace) -> None:
    lines = [f"{t / 10:.1f},a" for t in range(290)] + ["70,b", "71,a", "95,b", "119,b"]
    recorded.write("t.csv", "arrival_s,model\n" + "\n".join(lines) + "\n")
    result = recorded.run("workload", "fit", "t.csv", "--models", "workload.yaml",
                          "--window", "30s", "-o", "fitted.yaml")  # fmt: skip
    found = arrivals(recorded)
    assert found["a"]["process"] == "piecewise"
    a = found["a"]["windows"]
    assert isinstance(a, list)
    assert [window["duration_s"] for window in a[:3]] == [30, 30, 30]
    assert [window.get("arrivals", {}).get("process") for window in a] == [
        "gamma", None, "poisson", None,
    ]  # fmt: skip
    assert "Fitted processes (2), by windows of 30 s" in result.stdout
    assert "poisson 1, gamma 1, none 2" in result.stdout
    assert (
        "too few requests (20 are needed, 50 for mmpp), so Poisson at their own rate: 3 windows of "
        "a b" in " ".join(result.stdout.split())
    )


@pytest.mark.parametrize("process", ["poisson", "gamma", "weibull", "mmpp"])
def test_one_process_for_all(recorded: Workspace, process: str) -> None:
    fit = ("workload", "fit", "t.csv.gz", "--models", "workload.yaml", "-o", "fitted.yaml", "-q")
    recorded.run(*fit, "--process", process)
    assert [found["process"] for found in arrivals(recorded).values()] == [process] * 2


@pytest.mark.parametrize(
    ("objective", "written"),
    [(("--slo", "300ms"), {"slo_s": 0.3}), (("--slo-scale", "5"), {"slo_scale": 5})],
)
def test_one_profile_and_objective_for_all(
    recorded: Workspace, objective: tuple[str, str], written: dict[str, float]
) -> None:
    fit = ("workload", "fit", "t.csv.gz", "--profile", "p", *objective, "-o", "fitted.yaml", "-q")
    assert recorded.run(*fit).stderr == ""
    for model in yaml.safe_load(recorded.read("fitted.yaml"))["models"]:
        assert model["profile"] == "p"
        assert written.items() <= model.items()


@pytest.mark.parametrize(
    ("options", "assumed", "profile", "objective"),
    [
        (
            (),
            ("profile has the model's name", "5 times the model's latency"),
            None,
            ("scale", 5),
        ),
        (("--profile", "p"), ("5 times the model's latency",), "p", ("scale", 5)),
        (("--slo", "1s"), ("profile has the model's name",), None, ("s", 1)),
    ],
)
def test_what_is_not_said_is_assumed_and_shown(
    recorded: Workspace,
    options: tuple[str, ...],
    assumed: tuple[str, ...],
    profile: str | None,
    objective: tuple[str, float],
) -> None:
    result = recorded.run("workload", "fit", "t.csv.gz", *options, "-o", "fitted.yaml", "-q")
    assert result.stderr.startswith("assumed without --models: ")
    assert result.stderr.count(";") == len(assumed) - 1
    for what in assumed:
        assert what in result.stderr
    model = yaml.safe_load(recorded.read("fitted.yaml"))["models"][0]
    kind, value = objective
    assert (model["profile"], model[f"slo_{kind}"]) == (profile or model["name"], value)


def test_whole_seconds_are_said_to_be_spread(recorded: Workspace) -> None:
    times = np.floor(Poisson(20.0).sample(60.0, np.random.default_rng(72))).astype(int)
    recorded.write("t.csv", "arrival_s,model\n" + "".join(f"{time},a\n" for time in times))
    fit = ("workload", "fit", "t.csv", "--profile", "p", "--slo", "1s", "-o", "fitted.yaml")
    assert "t.csv: times are in ticks of 1 s" in recorded.run(*fit).stderr
    assert arrivals(recorded)["a"]["process"] == "poisson"
    assert "kept as recorded" in recorded.run(*fit, "--as-recorded").stderr
    assert arrivals(recorded)["a"]["process"] != "poisson"


def test_shorter_ticks_that_only_a_law_sees_are_said_to_be_spread(recorded: Workspace) -> None:
    times = np.floor(Poisson(12.0).sample(60.0, np.random.default_rng(73)) * 50) / 50
    recorded.write("t.csv", "arrival_s,model\n" + "".join(f"{time},a\n" for time in times))
    fit = ("workload", "fit", "t.csv", "--profile", "p", "--slo", "1s", "-o", "fitted.yaml")
    output = " ".join(recorded.run(*fit).stdout.split())
    spread = "recorded too coarsely for their gaps, so spread at random within each tick"
    assert f"{spread}: 1 window of a" in output


def test_models_of_a_table(recorded: Workspace) -> None:
    recorded.write("models.csv", "model,profile,slo_s\nb,p,500ms\na,q,1s\n")
    recorded.run("workload", "fit", "t.csv.gz", "--models", "models.csv", "-o", "fitted.yaml")
    models = yaml.safe_load(recorded.read("fitted.yaml"))["models"]
    assert [(m["name"], m["profile"], m["slo_s"]) for m in models] == [
        ("b", "p", 0.5),
        ("a", "q", 1.0),
    ]
    recorded.write("models.csv", "model,profile,slo_s\na,p,500ms\n")
    fit = ("workload", "fit", "t.csv.gz", "--models", "models.csv", "-o", "fitted.yaml")
    assert "must be one of the workload's, found 'b'" in recorded.run(*fit, exit_code=2).stderr


def test_a_file_name_that_is_no_name(recorded: Workspace) -> None:
    Path("t.csv.gz").rename(f"{'x' * 240}.csv.gz")
    fit = ("workload", "fit", f"{'x' * 240}.csv.gz", *MODELS, "-q")
    assert yaml.safe_load(recorded.run(*fit).stdout)["name"] == "trace"


MODELS = ("--models", "workload.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*MODELS, "--slo", "1s"), "give either --models or --slo, not both"),
        (("--profile", "p", "--slo", "1s", "--slo-scale", "5"), "either --slo or --slo-scale"),
        ((*MODELS, "--name", " x"), "'--name': must be a name of 1 to 200 characters without"),
        ((*MODELS, "--name", "x" * 201), "'--name': must be a name of 1 to 200 characters"),
        (("--profile", "p", "--slo", "1e19"), "must be at most 1e+18 s, found '1e19'"),
        (("--slo-scale", "nan"), "'--slo-scale': must be a number, found 'nan'"),
        ((*MODELS, "--window", "0s"), "must be above 0"),
        (
            (*MODELS, "--process", "pareto"),
            "one of auto, poisson, gamma, weibull, mmpp, found",
        ),
        ((*MODELS, "-o", "absent/w.yaml"), "absent/w.yaml: cannot be written: no folder absent"),
        (("--models", "absent.yaml"), "absent.yaml: no such file"),
        ((*MODELS, "--window", "1ns"), "t.csv.gz: must be at most 100,000 windows, found "),
    ],
)
def test_bad_usage(recorded: Workspace, arguments: tuple[str, ...], message: str) -> None:
    result = recorded.run("workload", "fit", "t.csv.gz", *arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "1,a\n2,aa\n3,aa\n",
            "t.csv:3: model: must be one of the workload's, found 'aa'; did you mean 'a'?\n",
        ),
        ("", "t.csv:1: must have at least one row, found only the header\n"),
        ("1,a\n1,b\n", "t.csv: must span some time, found a single instant\n"),
        ("1,a\n0,b\n", "t.csv:3: arrival_s: must not be before the row above (1.0), found '0'\n"),
    ],
)
def test_a_bad_trace(recorded: Workspace, rows: str, message: str) -> None:
    recorded.write("t.csv", "arrival_s,model\n" + rows)
    result = recorded.run("workload", "fit", "t.csv", *MODELS, "-o", "w.yaml", exit_code=2)
    assert (result.stdout, result.stderr) == ("", message)
    assert "w.yaml" not in recorded.names()


def test_only_the_first_of_many_unknown_models_are_named(recorded: Workspace) -> None:
    recorded.write("t.csv", "arrival_s,model\n0,a\n" + "".join(f"1,z{n}\n" for n in range(2000)))
    result = recorded.run("workload", "fit", "t.csv", *MODELS, exit_code=2)
    *told, rest = result.stderr.splitlines()
    message = "model: must be one of the workload's, found"
    assert told == [f"t.csv:{n + 3}: {message} 'z{n}'" for n in range(20)]
    assert rest == "t.csv: and 1,980 more"


def test_more_models_than_a_document_may_have(
    recorded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alpaplan.planning.traces.MAX_MODELS", 1)
    result = recorded.run("workload", "fit", "t.csv.gz", "--profile", "p", exit_code=2)
    assert result.stderr.endswith("t.csv.gz: must have at most 1 models, found 2\n")
    assert result.stdout == ""


def test_a_model_that_no_document_can_name(recorded: Workspace) -> None:
    recorded.write("t.csv", f"arrival_s,model\n1,a\n2, b\n3,{'x' * 201}\n")
    fit = ("workload", "fit", "t.csv", "--profile", "p", "--slo", "1s")
    first, second = recorded.run(*fit, exit_code=2).stderr.splitlines()
    rule = "must be a name of 1 to 200 characters without leading space or control characters"
    assert first == f"t.csv:3: model: {rule}, found ' b'"
    assert second.startswith(f"t.csv:4: model: {rule}, found 'xxx")


TOKENS = "arrival_s,model,input_tokens,output_tokens\n"


@pytest.fixture
def with_tokens(workspace: Workspace) -> Workspace:
    """Return a workspace with a trace of an LLM, a, and of a fixed-service model, b."""
    rng = np.random.default_rng(9)
    tokens = zip(rng.integers(1, 700, 90).tolist(), rng.integers(1, 90, 90).tolist(), strict=True)
    rows = [f"{t},a,{i},{o}\n{t}.5,b,,\n" for t, (i, o) in enumerate(tokens)]
    workspace.write("t.csv", TOKENS + "".join(rows))
    return workspace


def test_llms_get_lengths_and_objectives(with_tokens: Workspace) -> None:
    result = with_tokens.run("workload", "fit", "t.csv", "--profile", "p", "-o", "w.yaml")
    assumed = result.stderr.splitlines()[0]
    for what in ("without token counts is 5 times", "2 s to the first token", "power of two"):
        assert what in assumed
    a, b = yaml.safe_load(with_tokens.read("w.yaml"))["models"]
    assert a["slo"] == {"ttft_s": 2, "tpot_s": 0.1}
    assert a["max_context_tokens"] == 1024
    assert a["lengths"] == {"process": "trace", "path": "t.csv"}
    assert b.keys() == {"name", "profile", "slo_scale", "arrivals"}
    out = " ".join(result.stdout.split())
    assert "Fitted lengths (1)" in out
    assert "ks: distance of the counts from lognormal ones" in out
    with_tokens.run("validate", "w.yaml")


def test_objectives_of_llms(with_tokens: Workspace) -> None:
    fit = ("workload", "fit", "t.csv", "--profile", "p", "--slo", "9s", "-o", "w.yaml", "-q")
    objectives = ("--ttft", "500ms", "--tpot", "20ms", "--max-context-tokens", "600")
    result = with_tokens.run(*fit, *objectives, "--lengths", "lognormal")
    assert result.stderr == ""
    a, b = yaml.safe_load(with_tokens.read("w.yaml"))["models"]
    assert (a["slo_s"], a["slo"]) == (9, {"ttft_s": 0.5, "tpot_s": 0.02})
    assert (a["max_context_tokens"], a["lengths"]["process"]) == (600, "lognormal")
    assert (b["slo_s"], "slo" in b) == (9, False)


def test_requests_that_are_too_long_are_counted(with_tokens: Workspace) -> None:
    fit = ("workload", "fit", "t.csv", "--profile", "p", "-o", "w.yaml")
    out = " ".join(with_tokens.run(*fit, "--max-context-tokens", "600").stdout.split())
    assert "longer than max_context_tokens, so that they fail: " in out
    assert out.endswith("requests of a")


def test_no_llms_with_a_latency_scale(with_tokens: Workspace) -> None:
    fit = ("workload", "fit", "t.csv", "--profile", "p", "--slo-scale", "3", "-o", "w.yaml")
    assert "Fitted lengths" not in with_tokens.run(*fit).stdout
    a, _ = yaml.safe_load(with_tokens.read("w.yaml"))["models"]
    assert a.keys() == {"name", "profile", "slo_scale", "arrivals"}


def test_llms_of_a_table_or_document(with_tokens: Workspace) -> None:
    with_tokens.write(
        "models.csv",
        "model,profile,ttft_s,slo_s,max_context_tokens\na,p,1s,,2048\nb,q,,1s,\n",
    )
    fit = ("workload", "fit", "t.csv", "-q", "-o")
    with_tokens.run(*fit, "w.yaml", "--models", "models.csv")
    a, b = yaml.safe_load(with_tokens.read("w.yaml"))["models"]
    assert (a["slo"], a["max_context_tokens"]) == ({"ttft_s": 1}, 2048)
    assert (b["slo_s"], "lengths" in b) == (1, False)
    with_tokens.run(*fit, "again.yaml", "--models", "w.yaml", "--lengths", "lognormal")
    again, _ = yaml.safe_load(with_tokens.read("again.yaml"))["models"]
    assert again["lengths"]["process"] == "lognormal"
    del again["lengths"], a["lengths"]
    assert again == a


def test_the_trace_is_named_from_where_the_workload_lies(with_tokens: Workspace) -> None:
    Path("out").mkdir()
    fit = ("workload", "fit", "t.csv", "--profile", "p", "-q")
    with_tokens.run(*fit, "-o", "out/w.yaml")
    (a, _) = yaml.safe_load(with_tokens.read("out/w.yaml"))["models"]
    assert a["lengths"]["path"] == "../t.csv"
    document = yaml.safe_load(with_tokens.run(*fit).stdout)
    assert document["models"][0]["lengths"]["path"] == "t.csv"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*MODELS, "--ttft", "1s"), "give either --models or --ttft, not both"),
        (("--tpot", "1s", "--slo-scale", "2"), "give either --tpot or --slo-scale, not both"),
        (("--max-context-tokens", "1"), "'--max-context-tokens': must be from 2 to 20,000,000"),
        (("--lengths", "normal"), "must be one of auto, lognormal, trace, found 'normal'"),
        (
            ("--models", "models.csv"),
            "t.csv: must have token counts of 'b', which is an LLM, found none",
        ),
    ],
)
def test_bad_usage_of_llms(
    with_tokens: Workspace, arguments: tuple[str, ...], message: str
) -> None:
    with_tokens.write(
        "models.csv", "model,profile,ttft_s,max_context_tokens\na,p,1s,99\nb,p,1s,99\n"
    )
    result = with_tokens.run("workload", "fit", "t.csv", *arguments, exit_code=2)
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""
