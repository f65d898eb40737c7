from __future__ import annotations

import gzip
import hashlib
import os
import threading
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.errors import InputError
from alpaplan.files import text_blocks, trace_csv
from alpaplan.files.csv_columns import MAX_TIME_S
from alpaplan.files.trace_csv import (
    is_trace_path,
    read_trace,
    trace_writer,
    write_trace,
)
from alpaplan.printable import is_printable
from alpaplan.workload.trace import Trace


def trace_of(times: list[float], models: list[str]) -> Trace:
    names = tuple(dict.fromkeys(models))
    numbers = np.array([names.index(model) for model in models], dtype=np.int32)
    return Trace(np.array(times, dtype=np.float64), numbers, names, times[-1] - times[0])


def assert_same(one: Trace, other: Trace) -> None:
    assert one.arrival_s.tobytes() == other.arrival_s.tobytes()
    assert one.arrival_s.dtype == other.arrival_s.dtype == np.float64
    assert one.model.tolist() == other.model.tolist()
    assert one.model.dtype == other.model.dtype == np.int32
    assert one.model_names == other.model_names
    assert one.duration_s == other.duration_s


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that each example of a property test writes to again."""
    return tmp_path_factory.mktemp("scratch")


def test_reads_models_in_order_of_appearance(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,model\n0.5,b\n0.5,a\n2,b\n1e1,c\n")
    assert_same(read_trace(path).trace, trace_of([0.5, 0.5, 2, 10], ["b", "a", "b", "c"]))


@pytest.mark.parametrize(
    "text",
    [
        "arrival_s,model\r\n1,a\r\n2,b\r\n",
        '"arrival_s","model"\n"1","a"\n2,"b"',
        "\ufeffarrival_s,model\n1.0,a\n2.0,b\n\n\n",
    ],
)
def test_dialects(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert_same(read_trace(path).trace, trace_of([1, 2], ["a", "b"]))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_the_hash_is_of_the_bytes_that_were_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_trace(trace_of([1.0, 2.0], ["a", "b"]), path)
    data = path.read_bytes()
    file = read_trace(path)
    assert (file.path, file.sha256) == (path, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_pipe_is_read_once(tmp_path: Path, name: str) -> None:
    path, pipe = tmp_path / "file.csv.gz", tmp_path / name
    trace = trace_of([1.0, 2.0], ["a", "b"])
    write_trace(trace, path)
    data = path.read_bytes() if name.endswith(".gz") else gzip.decompress(path.read_bytes())
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    file = read_trace(pipe)
    writer.join()
    assert_same(file.trace, trace)
    assert file.sha256 == hashlib.sha256(data).hexdigest()


TRACES = st.lists(
    st.tuples(
        st.floats(0, MAX_TIME_S),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=5).filter(is_printable),
    ),
    min_size=1,
    max_size=20,
)


@given(rows=TRACES, packed=st.booleans())
def test_what_is_written_reads_back_the_same(
    scratch: Path, rows: list[tuple[float, str]], packed: bool
) -> None:
    path = scratch / ("t.csv.gz" if packed else "t.csv")
    trace = trace_of(sorted(time for time, _ in rows), [name for _, name in rows])
    write_trace(trace, path)
    first = path.read_bytes()
    assert_same(read_trace(path).trace, trace)
    write_trace(trace, path)
    assert path.read_bytes() == first


def test_times_that_are_not_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,model\n0,a\n1e11,a\n1.7e12,a\n1e300,a\n2e11,b\n")
    with pytest.raises(InputError) as raised:
        read_trace(path)
    assert list(raised.value.lines) == [
        f"{path}:4: arrival_s: must be at most 1e+11, found '1.7e12'",
        f"{path}:5: arrival_s: must be at most 1e+11, found '1e300'",
        f"{path}:6: arrival_s: must be at most 1e+11, found '2e11'",
    ]
    before = path.read_bytes()
    with pytest.raises(
        InputError, match=r"t\.csv: arrival_s: must be at most 1e\+11, found 2e\+11"
    ):
        write_trace(trace_of([0.0, 2e11], ["a", "a"]), path)
    assert path.read_bytes() == before


@settings(max_examples=30)
@given(rows=TRACES, cuts=st.lists(st.integers(0, 20), max_size=3), packed=st.booleans())
def test_parts_leave_no_mark(
    scratch: Path, rows: list[tuple[float, str]], cuts: list[int], packed: bool
) -> None:
    trace = trace_of(sorted(time for time, _ in rows), [name for _, name in rows])
    whole, parts = (scratch / f"{name}.csv{'.gz' if packed else ''}" for name in ("one", "many"))
    write_trace(trace, whole)
    with trace_writer(parts, trace.model_names, has_tokens=False) as write:
        for first, end in pairwise([0, *sorted(cuts), trace.num_requests]):
            write(trace.arrival_s[first:end], trace.model[first:end], None)
    assert whole.read_bytes() == parts.read_bytes()


def test_token_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = "arrival_s,model,input_tokens,output_tokens\n0.0,a,7,3\n1.5,b,,\n2.0,a,10000000,1\n"
    path.write_text(text)
    trace = read_trace(path).trace
    assert trace.input_tokens is not None
    assert trace.output_tokens is not None
    assert trace.input_tokens.dtype == trace.output_tokens.dtype == np.int32
    assert trace.input_tokens.tolist() == [7, 0, 10_000_000]
    assert trace.output_tokens.tolist() == [3, 0, 1]
    write_trace(trace, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == text


def test_cells_that_have_no_token_count(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = ("x", "-1", "0", "1.5", "10000001", "1_0", "99999999999999999999")
    rows = "".join(f"0,a,{cell},5\n" for cell in cells)
    path.write_text(f"arrival_s,model,input_tokens,output_tokens\n{rows}")
    trace = read_trace(path).trace
    assert trace.input_tokens is not None
    assert trace.input_tokens.tolist() == [0] * len(cells)


@given(
    head=st.sampled_from([b"", b"arrival_s,model\n", b"arrival_s,model\n1,a\n"]),
    tail=st.binary(max_size=60) | st.text('0123456789.,-e+"\n_naif ', max_size=60).map(str.encode),
    packed=st.booleans(),
)
def test_any_bytes_give_a_trace_or_an_input_error(
    scratch: Path, head: bytes, tail: bytes, packed: bool
) -> None:
    path = scratch / ("any.csv.gz" if packed else "any.csv")
    path.write_bytes(gzip.compress(head + tail) if packed else head + tail)
    try:
        trace = read_trace(path).trace
    except InputError:
        return
    assert trace.num_requests > 0
    assert np.isfinite(trace.arrival_s).all()
    assert (np.diff(trace.arrival_s, prepend=0) >= 0).all()


def test_order_is_held_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 8)
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,model\n1,a\n2,b\n1.5,a\n3,b\n4,c\n3.5,a\n")
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert [line.split(":")[1] for line in caught.value.lines] == ["4", "7"]
    path.write_text("arrival_s,model\n1,a\n2,b\n3,a\n4,b\n5,c\n")
    assert_same(read_trace(path).trace, trace_of([1, 2, 3, 4, 5], ["a", "b", "a", "b", "c"]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_trace_is_read_without_its_text_in_memory(tmp_path: Path, name: str) -> None:
    num_requests = 200_000
    model = np.arange(num_requests, dtype=np.int32) % 9
    names = tuple(f"model-{'x' * 90}-{number}" for number in range(9))
    write_trace(Trace(np.arange(num_requests) / 8, model, names, 0.0), tmp_path / name)
    read_trace(tmp_path / name)  # whatever is imported on the way is there now
    tracemalloc.start()
    read_trace(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A request is 12 bytes, and there are two of each while parts become one; a block of text
    # takes some 5 MB with all that is made of it. The whole text is 22 MB.
    assert peak < 24 * num_requests + 6_000_000


def test_a_larger_trace_is_neither_read_nor_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    trace = trace_of([1.0, 2.0, 3.0], ["a", "a", "b"])
    write_trace(trace, path)
    old = path.read_bytes()
    monkeypatch.setattr(trace_csv, "MAX_REQUESTS", 2)
    with pytest.raises(InputError) as read:
        read_trace(path)
    with pytest.raises(InputError) as written:
        write_trace(trace, path)
    message = f"{path}: must have at most 2 requests, found more"
    assert read.value.lines == written.value.lines == (message,)
    monkeypatch.undo()
    monkeypatch.setattr(trace_csv, "MAX_TEXT_BYTES", 20)
    with pytest.raises(InputError, match="must be at most 20 bytes, found more"):
        write_trace(trace, path)
    assert path.read_bytes() == old


def test_compressed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_csv, "MAX_TEXT_BYTES", 1000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 100_000))
    with pytest.raises(InputError, match="must be at most 1,000 bytes, found more"):
        read_trace(path)


def test_folder_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory, must be a file"):
        read_trace(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_trace(tmp_path / "absent.csv.gz")


def test_trace_file_names() -> None:
    assert is_trace_path(Path("a.csv"))
    assert is_trace_path(Path("a.csv.gz"))
    assert not is_trace_path(Path("a.yaml.gz"))
