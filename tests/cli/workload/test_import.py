from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.cli.step_progress import StepProgress
from tests.cli.workspace import Workspace

LOG = "time,function\n0,f\n1,g\n2,h\n3,f\n10,g\n"


@pytest.fixture
def logged(workspace: Workspace) -> Workspace:
    workspace.write("log.csv", LOG)
    workspace.write("day.csv", "function,minute_0,minute_1\nf,30,20\ng,0,50\n")
    return workspace


def import_log(workspace: Workspace, *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    result = workspace.run("workload", "import", *arguments, exit_code=exit_code)
    return result.stdout, result.stderr


FROM_CSV = ("log.csv", "--from", "csv", "-o", "t.csv")
FROM_COUNTS = ("day.csv", "--from", "azure-functions-2019", "-o", "t.csv")


def test_each_function_a_model(logged: Workspace) -> None:
    out, err = import_log(logged, *FROM_CSV)
    assert (out, err) == ("5 requests of 3 models in 10 s, 0.5 requests/s\n", "")
    assert logged.read("t.csv") == "arrival_s,model\n0.0,f\n1.0,g\n2.0,h\n3.0,f\n10.0,g\n"


def test_models_of_a_workload(logged: Workspace) -> None:
    import_log(logged, *FROM_CSV, "--assign", "round-robin", "--models", "workload.yaml")
    assert logged.read("t.csv").split()[1:] == ["0.0,a", "1.0,b", "2.0,c", "3.0,a", "10.0,b"]


def test_numbered_models(logged: Workspace) -> None:
    import_log(logged, *FROM_CSV, "--assign", "stripe", "--num-models", "2")
    found = ["0.0,m-0", "1.0,m-0", "2.0,m-1", "3.0,m-0", "10.0,m-0"]
    assert logged.read("t.csv").split()[1:] == found


def test_listed_functions(logged: Workspace) -> None:
    logged.write("map.csv", "function,model\nf,b\ng,b\nx,c\n")
    out, err = import_log(logged, *FROM_CSV, "--assign", "map.csv", "--models", "workload.yaml")
    assert out == "4 requests of 1 model in 10 s, 0.4 requests/s\n"
    assert err.splitlines() == [
        "alpaplan: 1 function with 1 request left out: not in map.csv",
        "alpaplan: 1 model without a request",
    ]


def test_a_spoiled_list(logged: Workspace) -> None:
    logged.write("map.csv", "function,model\nf,a\nf,b\ng,aa\n,a\n")
    arguments = (*FROM_CSV, "--assign", "map.csv", "--models", "workload.yaml")
    _, err = import_log(logged, *arguments, exit_code=2)
    assert err.splitlines() == [
        "map.csv:3: function: duplicate 'f', first on line 2",
        "map.csv:4: model: must be one of the workload's, found 'aa'; did you mean 'a'?",
        "map.csv:5: function: must not be empty, found nothing",
    ]


def test_part_scaled_in_time(logged: Workspace) -> None:
    import_log(logged, *FROM_CSV, "--start", "1s", "--end", "5s", "--time-scale", "2")
    assert logged.read("t.csv") == "arrival_s,model\n0.0,g\n0.5,h\n1.0,f\n"


def test_requests_before_the_log(logged: Workspace) -> None:
    logged.write("log.csv", f"{LOG}-3,f\n")
    _, err = import_log(logged, *FROM_CSV)
    assert err == "alpaplan: 1 request before time 0 left out\n"


def test_seeds(logged: Workspace) -> None:
    texts = []
    for seed in ("0", "0", "1"):
        import_log(logged, *FROM_COUNTS, "--seed", seed)
        texts.append(logged.read("t.csv"))
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count("\n") == 101


def test_counts_scaled(logged: Workspace) -> None:
    out, _ = import_log(logged, *FROM_COUNTS, "--rate-scale", "100", "--window", "2min")
    assert 9_000 < int(out.split()[0].replace(",", "")) < 11_000


def test_what_a_part_counts_from(logged: Workspace) -> None:
    _, err = import_log(logged, *FROM_CSV, "--start", "2s")
    assert err == "alpaplan: --start and --end count from the log's time 0\n"
    logged.write("log.csv", "time,function\n2024-05-01T10:00:09,g\n2024-05-01T10:00:00,f\n")
    out, err = import_log(logged, *FROM_CSV, "--end", "5s")
    assert err == (
        "alpaplan: --start and --end count from the log's first request, 2024-05-01 10:00:00 UTC\n"
    )
    assert out.startswith("1 request ")


def test_windows_of_rates_are_said(logged: Workspace) -> None:
    logged.write("chunk-7-trace.csv", "0,9,1,Gamma,1,1\n600,0,0,,0,0\n1200,9,1,Gamma,1,1\n")
    rates = ("chunk-7-trace.csv", "--from", "servegen-windows", "-o", "t.csv")
    _, err = import_log(logged, *rates)
    assert err == "alpaplan: rates are of 3 windows of 600 s (--window sets another length)\n"
    _, err = import_log(logged, *rates, "--window", "5min")
    assert err == "alpaplan: rates are of 3 windows of 300 s (as --window says)\n"


def test_ticks_are_said(logged: Workspace) -> None:
    logged.write("log.csv", "time,function\n" + "".join(f"{i // 9},f\n" for i in range(200)))
    _, err = import_log(logged, *FROM_CSV)
    assert err.startswith("alpaplan: times are in ticks of 1 s")
    assert err.endswith("--as-recorded keeps the times\n")
    _, err = import_log(logged, *FROM_CSV, "--as-recorded")
    assert err.endswith("are kept as recorded\n")


def test_a_trace_too_large_for_others(logged: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpaplan.files.trace_csv.MAX_REQUESTS", 3)
    result = logged.run("workload", "import", *FROM_CSV, exit_code=2)
    assert result.stderr.endswith("t.csv: must have at most 3 requests, found more\n")
    assert "t.csv" not in logged.names()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("log.csv", "--from", "cvs", "-o", "t.csv"),
            "servegen-windows, mooncake, csv, jsonl, found 'cvs'; did you mean 'csv'?",
        ),
        ((*FROM_CSV, "--models", "workload.yaml"), "--models needs --assign"),
        ((*FROM_CSV, "--model", "a", "--model-column", "b"), "either --model or --model-column"),
        ((*FROM_COUNTS, "--model", "a"), "azure-functions-2019 takes no --model"),
        ((*FROM_CSV, "--time-unit", "m"), "must be one of s, ms, us, ns, found 'm'"),
        ((*FROM_CSV, "--num-models", "3"), "--num-models needs --assign"),
        ((*FROM_CSV, "--assign", "stripe"), "--assign stripe needs --models or --num-models"),
        (
            (*FROM_CSV, "--assign", "strip", "--num-models", "3"),
            "must be one of round-robin, stripe, a CSV file, found 'strip'; did you mean 'stripe'?",
        ),
        (
            (*FROM_CSV, "--assign", "stripe", "--num-models", "3", "--models", "workload.yaml"),
            "give either --models or --num-models, not both",
        ),
        ((*FROM_CSV, "--start", "5s", "--end", "5s"), "--end must be after --start"),
        ((*FROM_CSV, "--window", "5s"), "--window needs --rate-scale or --cv-scale"),
        (
            (*FROM_COUNTS, "--window", "90s", "--cv-scale", "2"),
            "--window must be a multiple of the log's 60 s, found 90 s",
        ),
        ((*FROM_COUNTS, "--time-column", "x"), "takes no --time-column"),
        ((*FROM_COUNTS, "--output-column", "x"), "takes no --output-column"),
        ((*FROM_CSV, "--rate-scale", "0"), "'--rate-scale'"),
        ((*FROM_CSV, "--rate-scale", "nan"), "'--rate-scale': must be a number, found 'nan'"),
        (("log.csv", "--from", "csv", "-o", "absent/t.csv"), "cannot be written: no folder absent"),
        (("absent.csv", "--from", "csv", "-o", "t.csv"), "absent.csv: no such file"),
    ],
)
def test_bad_usage(logged: Workspace, arguments: tuple[str, ...], message: str) -> None:
    before = logged.names()
    out, err = import_log(logged, *arguments, exit_code=2)
    assert message in " ".join(err.split())
    assert out == ""
    assert logged.names() == before


def test_real_log(shared_cases: Path, workspace: Workspace) -> None:
    log = shared_cases / "traces" / "dev_azure_llm_2023.csv.gz"
    out, err = import_log(workspace, str(log), "--from", "azure-llm", "-o", "t.csv.gz")
    assert out == "14,755 requests of 2 models in 1740 s, 8.48 requests/s, with token counts\n"
    assert err == ""


class Display:
    """Stands for rich's display."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def start(self) -> None:
        self.calls.append(("start",))

    def add_task(self, what: str, total: int) -> int:
        self.calls.append(("add", what, total))
        return 7

    def update(self, task: int, completed: int) -> None:
        self.calls.append(("update", task, completed))

    def reset(self, task: int, description: str, total: int) -> None:
        self.calls.append(("reset", task, description, total))


def test_progress_begins_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("alpaplan.cli.step_progress.time.monotonic", lambda: now)
    display = Display()
    progress = StepProgress(display)  # type: ignore[arg-type]
    progress.begin("reading", 100)
    progress.advance(10)
    assert display.calls == []
    now = 3.0
    progress.advance(20)
    progress.begin("writing", 50)
    progress.advance(5)
    assert display.calls == [
        ("start",),
        ("add", "reading", 100),
        ("update", 7, 30),
        ("reset", 7, "writing", 50),
        ("update", 7, 5),
    ]
