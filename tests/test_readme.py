"""What the READMEs say: commands run, links lead on, outputs are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.examples import EXAMPLES, example_page, follow_example
from tests.pages import (
    GUIDE,
    OTHER_PAGES,
    anchors,
    blocks,
    commands_of,
    links,
    page_text,
    with_outputs,
)
from tests.reader import Reader
from tests.shortened import example_shown, with_plan

README = "README.md"
MAX_LINES = 200


def shell_blocks() -> list[str]:
    return [block.text for block in blocks(page_text(README)) if block.language == "sh"]


@pytest.mark.slow
def test_first_command_installs_and_plans() -> None:
    # CI runs it as it is typed.
    make, install, plan = shell_blocks()[0].strip().split(" && ")
    assert make == "python3 -m venv .venv"
    assert install == ".venv/bin/pip install ."
    example = REPOSITORY / "examples" / str(example_shown(page_text(README)))
    inputs = f"-c {example}/cluster.yaml -w {example}/workload.yaml -p {REPOSITORY}/profiles"
    assert plan == f".venv/bin/alpaplan plan {inputs} -o plan.yaml".replace(f"{REPOSITORY}/", "")


def test_it_shows_what_the_example_does() -> None:
    text = page_text(README)
    example = str(example_shown(text))
    summary = next(block.text for block in blocks(example_page(example)) if "SLO" in block.text)
    plan = (REPOSITORY / "examples" / example / "plan.yaml").read_text(encoding="utf-8")
    assert with_plan(text, summary, plan) == text, "run tests/refresh_outputs.py"


def test_second_command_installs_and_tests() -> None:
    (line,) = shell_blocks()[1].splitlines()
    assert line == (
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
    )


def test_other_commands_run_in_a_shell(tmp_path: Path) -> None:
    commands = [line for text in shell_blocks()[2:] for line in text.splitlines()]
    assert commands
    for command in commands:
        exit_code, output = Reader(tmp_path).run_in_shell(command)
        assert exit_code == 0, output


def test_it_is_short() -> None:
    assert len(page_text(README).splitlines()) <= MAX_LINES


def test_its_quality_table_is_part_of_the_guide_s() -> None:
    rows = {
        page: [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in page_text(page).splitlines()
            if line.startswith("| plan-")
        ]
        for page in (README, "src/alpaplan/guide/quality.md")
    }
    assert len(rows[README]) == 10
    whole = [[*row[:2], row[3], *row[5:]] for row in rows["src/alpaplan/guide/quality.md"]]
    assert rows[README] == whole


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_example_prints_and_plans_what_is_committed(example: str, tmp_path: Path) -> None:
    text = example_page(example)
    outputs, plan = follow_example(example, tmp_path)
    committed = REPOSITORY / "examples" / example / "plan.yaml"
    assert (plan is None) == (not committed.exists())
    renewed = with_outputs(text, outputs)
    if plan is not None:
        renewed = with_plan(renewed, outputs[commands_of(text)[0]], plan)
        assert plan == committed.read_text(encoding="utf-8"), "run tests/refresh_outputs.py"
    assert renewed == text, "run tests/refresh_outputs.py"


@pytest.mark.parametrize("page", [*OTHER_PAGES, *GUIDE])
def test_links_lead_somewhere(page: str) -> None:
    for target in links(page_text(page)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (REPOSITORY / page).parent / name if name else REPOSITORY / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), target
