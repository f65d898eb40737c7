"""JSON as JSON: whatever is valid is read, with lines, and what is not is refused in words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.json_tree import parse_json
from alpaplan.files.yaml_tree import MAX_DEPTH, YamlNode, YamlTextError

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    # Any text at all: surrogates alone, control characters, U+007F.
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
    max_leaves=20,
)


def size_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + size_of(item) for item in value.values())
    return 1 + sum(map(size_of, value)) if isinstance(value, list) else 1


@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_reads_what_json_writes(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    root, issues = parse_json(text)
    assert root.value == value
    assert issues == []
    assert root.size == size_of(value)


def test_lines() -> None:
    root, _ = parse_json('{\n "a": [\n  1,\r\n  {"b":\n 2}\n ]}\n')
    assert root.line == 1
    line, found = (root.entries or {})["a"]
    assert (line, found.line) == (2, 2)
    assert [item.line for _, item in (found.entries or {}).values()] == [3, 4]
    (line, inner) = ((found.entries or {})[1][1].entries or {})["b"]
    assert (line, inner.line, inner.value) == (4, 5, 2)


@pytest.mark.parametrize(
    "text",
    [
        r'{"a": "\ud83d\ude00"}',  # a character beyond 16 bits, as json.dump writes it
        r'{"a": "\ud83d"}',
        '{"%s": 1}' % ("k" * 5000),
        '{"a": "\x7f"}',
        '{"a": NaN, "b": -Infinity}',
        '{"a": "/\\/"}',
        "\t[1,\t2]\n",
        "1e400",
    ],
)
def test_what_yaml_does_not_take(text: str) -> None:
    assert repr(parse_json(text)[0].value) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "must be a document, found an empty file"),
        (" \n", 1, "must be a document, found an empty file"),
        ('{"a": 1,\n2}', 2, "not valid JSON: expecting property name enclosed in double quotes"),
        ("[1\n2]", 2, "not valid JSON: expecting ',' delimiter"),
        ("a: 1", 1, "not valid JSON: expecting value"),
        ("{}\n{}", 2, "not valid JSON: extra data"),
        ('"\n"', 1, "not valid JSON: invalid control character"),
        ("\n" + "[" * 60 + "]" * 60, 2, f"must be at most {MAX_DEPTH} levels deep, found more"),
        ("\n" + '{"a":' * 10**5, 2, f"must be at most {MAX_DEPTH} levels deep, found more"),
        ('["[[[[", ' + "[" * 10**5, 1, f"must be at most {MAX_DEPTH} levels deep, found more"),
    ],
)
def test_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlTextError) as raised:
        parse_json(text)
    assert (raised.value.line, str(raised.value)) == (line, message)


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpaplan.files.json_tree.MAX_NODES", 3)
    assert isinstance(parse_json("[1, 2]")[0], YamlNode)
    with pytest.raises(YamlTextError, match="must be at most 3 values, found more"):
        parse_json("[1,\n2, 3]")


def test_what_does_not_hide_the_rest() -> None:
    root, issues = parse_json('{"a": 1,\n"a": 2, "b": ' + "9" * 5000 + "}")
    assert root.value == {"a": 1, "b": 0}
    assert [(issue.line, issue.where, issue.message) for issue in issues] == [
        (2, ("a",), "duplicate key 'a', first on line 1"),
        (
            2,
            ("b",),
            "must be a number of at most 40 digits, found a number of more than 40 digits",
        ),
    ]
