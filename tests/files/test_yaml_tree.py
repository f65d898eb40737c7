from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files import yaml_tree
from alpaplan.files.yaml_tree import YamlTextError, parse_yaml


def value_of(text: str) -> object:
    node, issues = parse_yaml(text)
    assert issues == []
    return node.value


PLAIN_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.integers(-5, 5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(data=PLAIN_DATA, flow=st.sampled_from([True, False, None]))
def test_reads_what_pyyaml_writes(data: object, flow: bool | None) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow)
    assert value_of(text) == data


@given(data=PLAIN_DATA)
def test_without_libyaml_the_same_is_read(data: object) -> None:
    text = yaml.safe_dump(data)
    fast = parse_yaml(text)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_tree, "_Loader", yaml.SafeLoader)
        assert parse_yaml(text)[0] == fast


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-02", "2024-01-02"),
        ("2024-13-45", "2024-13-45"),
        ("12:30", "12:30"),
        ("1:30.5", "1:30.5"),
        ("1e3", "1e3"),
        ("1.5e+3", 1500.0),
        ("010", 8),
        ("0x1F", 31),
        ("0x_", "0x_"),
        ("=", "="),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("'5'", "5"),
        ("off", False),
        ("~", None),
    ],
)
def test_scalar(text: str, value: object) -> None:
    found = value_of(f"a: {text}")
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_merge_keys_are_as_in_pyyaml() -> None:
    text = """
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one: {<<: *base, b: 5}
many: {<<: [*base, *other], d: 6}
"""
    assert value_of(text) == yaml.safe_load(text)


def test_lines_of_entries_and_aliases() -> None:
    root, _ = parse_yaml("# comment\na: &x\n  b: 1\n\nc:\n  - *x\n  - 2\n")
    assert root.line == 2
    assert root.entries is not None
    line, node = root.entries["c"]
    assert line == 5
    assert node.entries is not None
    alias_line, aliased = node.entries[0]
    assert alias_line == 6
    assert aliased.entries is not None
    assert aliased.entries["b"][0] == 3


def test_aliases_count_as_written_out() -> None:
    root, _ = parse_yaml("[&a [1, 2], *a, *a]")
    assert root.size == 1 + 3 * 3


def test_the_first_of_duplicate_keys_is_kept() -> None:
    root, issues = parse_yaml("a: 1\nb:\n  2: x\n  2.0: y\na: 3\n")
    assert root.value == {"a": 1, "b": {2: "x"}}
    assert [(issue.line, issue.message) for issue in issues] == [
        (4, "duplicate key 2.0, first on line 3"),
        (5, "duplicate key 'a', first on line 1"),
    ]


def test_depth_and_size_are_bounded_without_recursion_errors() -> None:
    with pytest.raises(YamlTextError, match="50 levels deep"):
        parse_yaml("[" * 100_000)
    with pytest.raises(YamlTextError, match="50 levels deep"):
        parse_yaml("- " * 100_000)
    with pytest.raises(YamlTextError, match="values with aliases written out"):
        parse_yaml(
            "a0: &a0 [1, 1, 1]\n"
            + "".join(f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}\n" for i in range(1, 40))
        )


def test_number_length_is_bounded() -> None:
    longest = "9" * yaml_tree.MAX_INTEGER_LENGTH
    assert value_of(longest) == int(longest)
    assert value_of("0.1" + "0" * 100) == 0.1
    _, issues = parse_yaml(f"a: [1, {longest}9]")
    assert [issue.where for issue in issues] == [("a", 1)]
