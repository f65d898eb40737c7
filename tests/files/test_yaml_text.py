"""Plain data written as YAML reads back as it was, and short things stay on one line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.yaml_text import WIDTH, to_yaml
from alpaplan.files.yaml_tree import parse_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff"))
LONG_TEXTS = st.lists(TEXTS, min_size=8, max_size=40).map(lambda words: " ".join(words) + " " * 99)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | LONG_TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.integers(), inner, max_size=4)
    ),
)


@pytest.mark.slow
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_reads_back_as_it_was(data: dict[str, Any]) -> None:
    assert yaml.safe_load(to_yaml(data)) == data


@given(st.lists(st.sampled_from(["y", "1e3", "0o7", "on", "~", "12:30", "1.0", "-", "#"])))
def test_texts_stay_texts_for_our_own_reader(texts: list[str]) -> None:
    root, issues = parse_yaml(to_yaml({"texts": texts}))
    assert root.value == {"texts": texts}
    assert issues == []


def test_short_things_stay_on_one_line() -> None:
    data = {
        "numbers": [1, 2.5],
        "pair": {"a": 1, "b": "x"},
        "table": {1: [0.1, 0.2], 2: [0.3, 0.4]},
        "stages": [{"layers": [0, 11]}, {"layers": [12, 23]}],
    }
    assert to_yaml(data) == (
        "numbers: [1, 2.5]\n"
        "pair: {a: 1, b: x}\n"
        "table:\n"
        "  1: [0.1, 0.2]\n"
        "  2: [0.3, 0.4]\n"
        "stages:\n"
        "- {layers: [0, 11]}\n"
        "- {layers: [12, 23]}\n"
    )


def test_long_lists_and_texts_are_wrapped() -> None:
    text = to_yaml({"source": "word " * 40 + "end", "numbers": list(range(1000, 1100))})
    assert text.startswith("source: >-\n  word word")
    assert max(map(len, text.splitlines())) <= WIDTH + len(" word,")
