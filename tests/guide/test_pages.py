"""What the guide says: commands run, outputs are true, documents validate, links lead on."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
import yaml

from alpaplan.guide.pages import INDEX, page_text, topics
from tests.pages import (
    GUIDE,
    anchors,
    blocks,
    commands_of,
    links,
    missing_library,
    with_outputs,
)
from tests.reader import Reader

TOPICS = [INDEX, *topics()]


def test_the_index_names_every_page() -> None:
    assert sorted(TOPICS) == [Path(page).stem for page in GUIDE]


@pytest.mark.parametrize("topic", TOPICS)
def test_the_name_and_summary_of_a_topic_fit_on_a_line(topic: str) -> None:
    assert re.fullmatch(r"[a-z-]+", topic)
    assert len(topics().get(topic, "")) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("topic", [topic for topic in TOPICS if commands_of(page_text(topic))])
def test_commands_run_and_print_what_is_shown(topic: str, tmp_path: Path) -> None:
    text = page_text(topic)
    library = missing_library(text)
    if library is not None:
        pytest.skip(f"commands of this page need {library}, which is not installed here")
    outputs = Reader(tmp_path).follow(text)
    assert with_outputs(text, outputs) == text, "run tests/refresh_outputs.py"


@pytest.mark.parametrize("topic", TOPICS)
def test_documents_are_valid(topic: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for number, block in enumerate(blocks(page_text(topic))):
        if block.language == "yaml" and not block.text.startswith("# "):
            (tmp_path / f"{number}.yaml").write_text(block.text, encoding="utf-8")
            reader.run_command(f"alpaplan validate {number}.yaml")


def test_every_kind_of_document_has_an_example() -> None:
    texts = [block.text for block in blocks(page_text("files")) if block.language == "yaml"]
    kinds = {yaml.safe_load(text)["kind"] for text in texts if not text.startswith("# ")}
    assert kinds == {
        "model-profile",
        "cluster",
        "workload",
        "layer-profile",
        "device",
        "placement-plan",
        "placement-schedule",
        "export-models",
        "export-nodes",
    }


@pytest.mark.parametrize("topic", TOPICS)
def test_links_lead_to_pages_that_are_installed_too(topic: str) -> None:
    for target in links(page_text(topic)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        other = posixpath.splitext(name)[0] if name else topic
        assert other in TOPICS, target
        assert not anchor or anchor in anchors(page_text(other)), target


@pytest.mark.parametrize("topic", TOPICS)
def test_lines_of_blocks_are_not_broken_where_they_are_shown(topic: str) -> None:
    for block in blocks(page_text(topic)):
        width = {"sh": 78, "text": 100}.get(block.language, 98)
        assert max(map(len, block.text.splitlines()), default=0) <= width, block.text
