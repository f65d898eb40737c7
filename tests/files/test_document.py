from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.errors import InputError, Issue
from alpaplan.files.document import format_where, load_any, load_document
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.registry import DOCUMENT_KINDS
from alpaplan.specs.workload import WorkloadSpec
from tests.files.examples import CLUSTER, EXAMPLES


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test writes again."""
    return tmp_path_factory.mktemp("scratch") / "document.yaml"


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_example_of_each_kind_loads(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(EXAMPLES[kind])
    document = load_any(path)
    assert type(document.spec) is DOCUMENT_KINDS[kind]
    assert document.path == path
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_document(path, DOCUMENT_KINDS[kind]) == document


def test_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CLUSTER)
    with pytest.raises(InputError) as caught:
        load_document(path, WorkloadSpec)
    assert caught.value.lines == (f"{path}:1: kind: must be 'workload', found 'cluster'",)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("name",), 3),
        (("node_pools",), 4),
        (("node_pools", 0), 5),
        (("node_pools", 0, "device"), 7),
        (("node_pools", 1, "count"), 11),
        (("serving", "stage_overhead"), 15),
        (("serving", "absent", "deeper"), 12),
        (("node_pools", 7, "device"), 4),
    ],
)
def test_line_of_place(tmp_path: Path, where: tuple[str | int, ...], line: int) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CLUSTER)
    assert load_document(path, ClusterSpec).line_of(where) == line


def test_error_line_names_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(CLUSTER)
    document = load_document(Path("c.yaml"), ClusterSpec)
    issue = Issue(("node_pools", 1, "device"), "no profile, found 't4'")
    assert document.error_line(issue) == "c.yaml:11: node_pools[1].device: no profile, found 't4'"
    assert document.error_line(Issue((), "wrong")) == "c.yaml:1: wrong"


def test_all_problems_come_in_line_order(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CLUSTER.replace("count: 2", "count: 0").replace("1ms", "1 week") + "name: d\n")
    with pytest.raises(InputError) as caught:
        load_any(path)
    starts = [line.removeprefix(f"{path}:").split(": ")[:2] for line in caught.value.lines]
    assert starts == [
        ["6", "node_pools[0].count"],
        ["14", "serving.request_overhead_s"],
        ["17", "name"],
    ]


def test_windows_line_ends_and_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + CLUSTER.replace("\n", "\r\n").encode())
    document = load_document(path, ClusterSpec)
    assert document.line_of(("serving",)) == 12


def test_format_where() -> None:
    assert format_where(("models", 3, "slo_s")) == "models[3].slo_s"
    assert format_where(("stage_latency_s", 1, 0)) == "stage_latency_s[1][0]"
    assert format_where(("a\nb",)) == r"'a\nb'"
    assert format_where(()) == ""


def problems_of(path: Path) -> tuple[str, ...]:
    """Load a document and return its problems; any other error fails the test."""
    try:
        load_any(path)
    except InputError as error:
        return error.lines
    return ()


def load_quietly(path: Path) -> None:
    """Load a document; anything but an `InputError` with proper lines fails the test."""
    for line in problems_of(path):
        assert line.startswith(f"{path}:")
        assert len(line.splitlines()) == 1


@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_document_or_an_input_error(scratch: Path, data: bytes) -> None:
    scratch.write_bytes(data)
    load_quietly(scratch)


@given(text=st.text("kind: cluster\n-[]{}'\"&*!|>%@,?#<01.~", max_size=80))
def test_any_yaml_like_text_gives_a_document_or_an_input_error(scratch: Path, text: str) -> None:
    scratch.write_text("kind: cluster\nversion: 1\n" + text)
    load_quietly(scratch)


SCALARS = st.sampled_from(
    [
        "",
        "~",
        "true",
        "0",
        "-1",
        "1.5",
        ".nan",
        "-.inf",
        "1e400",
        "9" * 300,
        "0x" + "f" * 39,
        "0x_",
        "''",
        "on",
        "2024-13-45",
        "12:30",
        "5 GB",
        "[]",
        "{}",
        "[1, [2]]",
        "{a: 1}",
        "{1: {2: 3}}",
        "*x",
        "&x y",
        "!!set {a}",
        "!!binary x",
        "<<: {a: 1}",
        "gamma",
        '"\\0"',
        '"\\ud83d"',
        "'" + "long " * 100 + "'",
    ]
)


@pytest.mark.slow
@settings(max_examples=1000)
@given(
    kind=st.sampled_from(sorted(EXAMPLES)),
    line=st.integers(0, 40),
    scalar=SCALARS,
    drop=st.booleans(),
)
def test_changed_documents_give_a_document_or_an_input_error(
    scratch: Path, kind: str, line: int, scalar: str, drop: bool
) -> None:
    lines = EXAMPLES[kind].splitlines()
    line %= len(lines)
    key = lines[line].split(":")[0]
    lines[line : line + 1] = [] if drop else [f"{key}: {scalar}"]
    scratch.write_text("\n".join(lines))
    load_quietly(scratch)


@given(
    kind=st.sampled_from(sorted(EXAMPLES)),
    start=st.integers(0, 2000),
    length=st.integers(0, 30),
    insert=st.text("{}[]:,&*-'\" \nab1", max_size=4),
)
def test_cut_documents_give_a_document_or_an_input_error(
    scratch: Path, kind: str, start: int, length: int, insert: str
) -> None:
    text = EXAMPLES[kind]
    start %= len(text)
    scratch.write_text(text[:start] + insert + text[start + length :])
    load_quietly(scratch)
