from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files import workload_traces
from alpaplan.files.document import Document, load_document
from alpaplan.files.trace_csv import TraceFile, read_trace
from alpaplan.files.workload_traces import load_traces
from alpaplan.specs.lengths import MeanLengths, RecordedLengths
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
    recorded = load_traces(document).arrivals
    assert list(recorded) == ["a", "b"]
    assert recorded["a"] is recorded["b"]
    assert recorded["a"].trace.model_names == ("a", "other", "b")
    assert reads == [tmp_path / "traces" / "t.csv"]


def test_other_processes_need_no_file(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    assert load_traces(load_document(path, WorkloadSpec)).hashes == {}


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
        load_traces(document)
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
    assert set(load_traces(document).recorded) == {"a", "quiet"}


LLM = """kind: workload
version: 1
name: w
models:
- name: drawn
  profile: p
  slo: {ttft_s: 1}
  max_context_tokens: 99
  arrivals: {process: poisson, rate_rps: 1}
  lengths: {process: trace, path: t.csv}
- name: replayed
  profile: p
  slo_s: 5
  max_context_tokens: 99
  arrivals: {process: trace, path: t.csv}
- {name: fixed, profile: q, slo_s: 1, arrivals: {process: trace, path: t.csv}}
"""
TOKENS = "arrival_s,model,input_tokens,output_tokens\n"


def llm_workload(folder: Path, rows: str) -> Document[WorkloadSpec]:
    (folder / "w.yaml").write_text(LLM)
    (folder / "t.csv").write_text(rows)
    return load_document(folder / "w.yaml", WorkloadSpec)


def test_lengths_that_are_recorded(tmp_path: Path) -> None:
    rows = f"{TOKENS}1,drawn,7,3\n2,fixed,,\n3,replayed,5,6\n3,drawn,90,2\n"
    document = llm_workload(tmp_path, rows)
    traces = load_traces(document)
    assert set(traces.recorded) == {"replayed", "fixed"}
    assert list(traces.lengths) == ["drawn"]
    assert list(traces.hashes) == [tmp_path / "t.csv"]
    drawn, replayed, fixed = traces.with_lengths(document.spec.served_models())
    assert isinstance(drawn.lengths, RecordedLengths)
    assert drawn.lengths.input_tokens.tolist() == [7, 90]
    assert drawn.lengths.output_tokens.tolist() == [3, 2]
    assert isinstance(replayed.lengths, RecordedLengths)
    assert replayed.mean_lengths() == MeanLengths(5, 6)
    assert fixed.lengths is None


def test_what_is_wrong_with_recorded_lengths(tmp_path: Path) -> None:
    document = llm_workload(tmp_path, f"{TOKENS}1,draw,7,3\n3,replayed,5,6\n")
    with pytest.raises(InputError) as caught:
        load_traces(document)
    place = f"{tmp_path / 'w.yaml'}:10: models[0].lengths.path"
    what = f"no rows of 'drawn' in {str(tmp_path / 't.csv')!r}; did you mean 'draw'?"
    assert caught.value.lines == (f"{place}: {what}",)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(InputError) as caught:
        load_traces(document)
    places = [line.split(": ")[1] for line in caught.value.lines]
    assert places == [
        "models[0].lengths.path",
        "models[1].arrivals.path",
        "models[2].arrivals.path",
    ]


def test_rows_of_llms_without_token_counts(tmp_path: Path) -> None:
    document = llm_workload(tmp_path, f"{TOKENS}1,drawn,7,3\n2,fixed,x,\n3,replayed,5,none\n")
    with pytest.raises(InputError) as caught:
        load_traces(document)
    what = "must be a whole number from 1 to 10,000,000 in rows of LLMs, found 'none'"
    assert caught.value.lines == (f"{tmp_path / 't.csv'}:4: output_tokens: {what}",)
