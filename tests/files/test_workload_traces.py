from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files import workload_traces
from alpaplan.files.document import load_document
from alpaplan.files.trace_csv import TraceFile, read_trace
from alpaplan.files.workload_traces import load_recorded
from alpaplan.specs.workload import WorkloadSpec
from tests.files.examples import WORKLOAD, recorded_workload


def test_each_file_is_read_once_and_relative_to_the_workload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "t.csv").write_text("arrival_s,model\n1,a\n2,other\n3,b\n")
    reads: list[Path] = []

    def read(path: Path) -> TraceFile:
        reads.append(path)
        return read_trace(path)

    monkeypatch.setattr(workload_traces, "read_trace", read)
    document = recorded_workload(tmp_path, ("a", "traces/t.csv"), ("b", "./traces/t.csv"))
    recorded = load_recorded(document)
    assert list(recorded) == ["a", "b"]
    assert recorded["a"] is recorded["b"]
    assert recorded["a"].trace.model_names == ("a", "other", "b")
    assert reads == [tmp_path / "traces" / "t.csv"]


def test_other_processes_need_no_file(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    assert load_recorded(load_document(path, WorkloadSpec)) == {}


def test_all_problems_come_together(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("arrival_s,model\nx,a\n")
    (tmp_path / "other.csv").write_text("arrival_s,model\n1,chat-1\n")
    document = recorded_workload(
        tmp_path,
        ("a", "bad.csv"),
        ("b", "absent.csv"),
        ("c", "absent.csv"),
        ("chat-2", "other.csv"),
    )
    with pytest.raises(InputError) as caught:
        load_recorded(document)
    workload, bad, other = (tmp_path / name for name in ("workload.yaml", "bad.csv", "other.csv"))
    absent = tmp_path / "absent.csv"
    no_rows = f"no rows of the workload's models in {str(other)!r}; did you mean 'chat-1'?"
    assert caught.value.lines == (
        f"{bad}:2: arrival_s: must be a number, found 'x'",
        f"{workload}:12: models[1].arrivals.path: no such file: {str(absent)!r}",
        f"{workload}:16: models[2].arrivals.path: no such file: {str(absent)!r}",
        f"{workload}:20: models[3].arrivals.path: {no_rows}",
    )


def test_a_model_that_nobody_asked_for_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arrival_s,model\n1,a\n")
    document = recorded_workload(tmp_path, ("a", "t.csv"), ("quiet", "t.csv"))
    assert set(load_recorded(document)) == {"a", "quiet"}
