"""Texts of any kind on their way through each format."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.export.names import MAX_LENGTH, written
from alpaplan.export.targets.kubernetes_text import label_name, without_variables
from alpaplan.export.targets.systemd import unit_command
from alpaplan.files.yaml_text import to_yaml
from alpaplan.printable import is_printable
from tests.export.export_reader import expanded, unit_words

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\$()%;# {}")
).filter(is_printable)


@given(st.lists(TEXTS))
def test_systemd_reads_the_words_that_were_written(words: list[str]) -> None:
    line = unit_command("ExecStart", "/opt/100%/engine", words)
    assert "\n" not in line
    _, *read = unit_words(line.removeprefix("ExecStart="))
    assert [word.replace("$$", "$") for word in read] == words


@given(TEXTS)
def test_kubernetes_expands_nothing(text: str) -> None:
    assert expanded(without_variables(text)) == text
    if "$" not in text:
        assert without_variables(text) == text


def test_only_what_kubernetes_would_expand_is_changed() -> None:
    assert without_variables("$(HOME) costs 5$ or $x") == "$$(HOME) costs 5$ or $x"


@pytest.mark.slow
@given(st.dictionaries(TEXTS, st.lists(TEXTS)))
def test_yaml_holds_any_text(data: dict[str, list[str]]) -> None:
    assert yaml.safe_load(to_yaml(data) or "{}") == data


@given(TEXTS)
def test_names_are_labels(text: str) -> None:
    name = written(text)
    assert len(name) <= MAX_LENGTH
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    label = label_name(name)
    assert label[0].isalpha()
    assert label[-1].isalnum()
    assert len(label) <= 63


def test_names_stay_apart() -> None:
    assert written("a-b") == "a-b"
    assert written("A-b") == "a-b-" + written("A-b")[-8:]
    assert len({written(text) for text in ("a b", "a.b", "A b", "a-b", "x" * 54, "x" * 55)}) == 6
    assert written("x" * 53) == "x" * 53
    assert len(written("x" * 54)) == 53
