"""The agreement cases of schedules, from documents to counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from alpaplan.cli import main
from alpaplan.specs.choices import Dispatch
from tests.cli.runner import invoke
from tests.simulator.cases import COMPILED

EXPECTED = {
    Dispatch.EARLIEST_FINISH: "expected.json",
    Dispatch.SHORTEST_QUEUE: "expected-shortest-queue.json",
}
REFUSED = ("devices", "first", "memory", "order")


def simulate_case(folder: Path, schedule: str, *more: str) -> Result:
    inputs = ["-c", folder / "cluster.yaml", "-w", folder / "workload.yaml"]
    inputs += ["-p", folder / "profiles", "--trace", folder / "trace.csv.gz"]
    return invoke(main, ["simulate", *map(str, [folder / schedule, *inputs]), *more])


def counts(rows: list[dict[str, Any]], key: str) -> dict[Any, tuple[int, int]]:
    return {row[key]: (row["requests"], row["attained"]) for row in rows}


@pytest.mark.parametrize("rule", EXPECTED)
@pytest.mark.parametrize("number", range(1, 4 if COMPILED else 2))
def test_counts_and_latencies_agree(shared_cases: Path, number: int, rule: Dispatch) -> None:
    folder = shared_cases / "schedule" / f"schedule-{number:02}"
    expected = json.loads((folder / EXPECTED[rule]).read_text(encoding="utf-8"))
    result = simulate_case(folder, "schedule.yaml", "--dispatch", rule, "--format", "json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["requests"], found["attained"]) == (expected["requests"], expected["attained"])
    assert found["latency_s"]["mean"] == pytest.approx(expected["latency_mean_s"], rel=1e-9)
    assert found["placements"][0]["latency_s"]["mean"] > 0
    assert counts(found["placements"], "start_s") == counts(expected["placements"], "start_s")
    for axis in ("models", "groups"):
        rows = [{"name": name} | row for name, row in expected[axis].items()]
        assert counts(found[axis], "name") == counts(rows, "name")
    for model in found["models"]:
        mean_s = expected["models"][model["name"]]["latency_mean_s"]
        assert model["latency_s"]["mean"] == pytest.approx(mean_s, rel=1e-9)


@pytest.mark.parametrize("what", REFUSED)
def test_schedules_that_cannot_run_are_refused(shared_cases: Path, what: str) -> None:
    folder = shared_cases / "schedule" / "schedule-01"
    name = f"refused-{what}.yaml"
    first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
    named = first.partition("naming: ")[2].split("|")
    result = simulate_case(folder, name)
    assert result.exit_code == 2
    assert any(part in result.stderr for part in named)
    assert all(str(folder / name) in line for line in result.stderr.splitlines())
