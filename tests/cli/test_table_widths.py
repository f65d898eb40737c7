"""Every table of every command at 80 and 100 columns: nothing is too wide, no number is broken."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from rich.console import Console, ConsoleOptions, RenderResult

from alpaplan.report.tables import Table
from tests.cli.workspace import Workspace
from tests.report.widths import assert_holds

LLM = "examples/llm-h100"

LONG_NAMES = """\
kind: workload
version: 1
name: long-names
models:
  - name: recommend-articles-for-returning-readers
    count: 12
    profile: bert-1.3b
    slo_scale: 5
    arrivals: {process: gamma, total_rate_rps: 12345.6, rate_distribution: power-law,
               exponent: 0.5, cv: 4}
  - {name: translate, profile: bert-6.7b, slo_s: 2s, arrivals: {process: poisson, rate_rps: 0.25}}
"""

QUICK = ("--max-evaluations", "40", "--seed", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Return a folder with links to examples and profiles, and plans of them."""
    folder = tmp_path_factory.mktemp("wide")
    for name in ("examples", "profiles", "tests"):
        (folder / name).symlink_to(repository / name)
    (folder / "long.yaml").write_text(LONG_NAMES, encoding="utf-8")
    plan = yaml.safe_load((folder / LLM / "plan.yaml").read_text(encoding="utf-8"))
    less = {key: plan[key] for key in ("kind", "version")} | {"groups": plan["groups"][:3]}
    name = "less-than-half-of-the-groups.yaml"
    (folder / name).write_text(yaml.safe_dump(less), encoding="utf-8")
    return folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Table]:
    """Return what collects the tables that are drawn."""
    tables: list[Table] = []
    draw = Table.__rich_console__

    def recorded(self: Table, console: Console, options: ConsoleOptions) -> RenderResult:
        tables.append(self)
        yield from draw(self, console, options)

    monkeypatch.setattr(Table, "__rich_console__", recorded)
    return tables


CHAT = "examples/traffic/chat.csv.gz"
CLUSTER = ("-c", "examples/alpaserve-s3/cluster.yaml", "-p", "profiles")
COMMANDS = {
    "plan": ("plan", *CLUSTER, "-w", "long.yaml", "-o", "plan.yaml", "--explain", *QUICK),
    "simulate": ("simulate", f"{LLM}/plan.yaml", "--window", "20"),
    "compare": (
        *("compare", f"{LLM}/plan.yaml", *["less-than-half-of-the-groups.yaml"] * 4),
        *("--runs", "2", "--duration", "40"),
    ),
    "show": ("show", f"{LLM}/plan.yaml"),
    "show by hand": ("show", "less-than-half-of-the-groups.yaml"),
    "analyze": ("analyze", "-c", f"{LLM}/cluster.yaml", "-w", f"{LLM}/workload.yaml", *CLUSTER[2:]),
    "analyze long names": ("analyze", *CLUSTER, "-w", "long.yaml"),
    "profile show": (
        *("profile", "show", "profiles/bert-6.7b.yaml"),
        "profiles/qwen3-8b-prefill.yaml",
    ),
    "profile partition": ("profile", "partition", "profiles/layers/bert-6.7b.yaml", "-o", "made"),
    "profile estimate": (
        *("profile", "estimate", "profiles/configs/bloom-176b.json", "-o", "made"),
        *("--device", "h100-sxm", "--input-len", "512"),
    ),
    "workload stats": ("workload", "stats", f"{LLM}/workload.yaml"),
    "workload stats of a trace": ("workload", "stats", CHAT),
    "workload stats of processes": ("workload", "stats", "long.yaml"),
    "workload fit": ("workload", "fit", CHAT, "-o", "made", "--process", "mmpp"),
}
TABLES = {"plan": 4, "simulate": 5, "compare": 2, "profile show": 8}
"""How many tables a command draws; else at least one."""


@pytest.mark.slow
@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", COMMANDS)
def test_numbers_and_headers_are_whole(
    folder: Path, drawn: list[Table], monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(width))
    lines = Workspace(folder).run(*COMMANDS[name]).stdout.splitlines()
    assert len(drawn) == TABLES.get(name, len(drawn)) >= 1
    for table in drawn:
        assert_holds(table, lines, width)
    for line, following in pairwise(lines):
        cut = re.search(r"\d$", line) and re.match(r"\s*(us|ms|s|[kMGT]?B)\b", following)
        assert not cut, (line, following)
