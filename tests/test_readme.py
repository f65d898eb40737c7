"""What the READMEs say: commands run, documents validate, links lead on, outputs are true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.page_outputs import commands_of, with_outputs

EXAMPLES = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/plan.yaml"))
PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for pattern in ("README.md", "profiles/README.md", "examples/*/README.md")
    for path in REPOSITORY.glob(pattern)
)
RUN_BY_CI = (".ci/run",)
"""Commands that run the tests themselves, besides README's first two."""

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def page_text(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[tuple[str, str]]:
    """Return (language, text) of every fenced block."""
    return [(match[1], match[2]) for match in _BLOCK.finditer(page_text(page))]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of what the commands read, so that they write nothing into the repository."""
    for folder in ("examples", "profiles"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def run(command: str, folder: Path) -> str:
    """Run a command in a shell, with this environment's `alpaplan`; return its stdout."""
    scripts = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert done.stderr == ""
    return done.stdout


def test_first_command_installs_and_plans() -> None:
    shell = [text for language, text in blocks("README.md") if language == "sh"]
    make, install, plan = shell[0].strip().split(" && ")
    assert make == "python3 -m venv .venv"
    assert install == ".venv/bin/pip install ."
    # The guide repeats this command, and what the guide shows is run below.
    assert plan.removeprefix(".venv/bin/") in [text.strip() for text in shell[2:]]


def test_second_command_installs_and_tests() -> None:
    block = [text for language, text in blocks("README.md") if language == "sh"][1]
    (line,) = block.splitlines()
    assert line == (
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
    )


@pytest.mark.slow
def test_commands_of_the_guide(copy: Path) -> None:
    # In the order of the page, since later ones read what earlier ones have written.
    shell = 0
    for language, text in blocks("README.md"):
        if language == "csv":
            (copy / "trace.csv").write_text(text, encoding="utf-8")
        shell += language == "sh"
        if language != "sh" or shell <= 2 or text.strip() in RUN_BY_CI:
            continue
        for command in text.splitlines():
            assert command.startswith("alpaplan "), command
            run(command, copy)
    assert shell >= 10
    assert all((REPOSITORY / command).is_file() for command in RUN_BY_CI)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_example_gives_the_plan_that_is_committed(copy: Path, example: str) -> None:
    page = page_text(f"examples/{example}/README.md")
    assert commands_of(page)
    outputs = {command: run(command, copy) for command in commands_of(page)}
    assert with_outputs(page, outputs) == page, "run tests/refresh_outputs.py"
    found, committed = (
        yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
        for folder in (copy, REPOSITORY / "examples" / example)
    )
    # Written into another folder, so that the paths of the inputs differ; their hashes do not.
    for plan in (found, committed):
        for item in plan["provenance"]["inputs"]:
            del item["path"]
    assert found == committed, "run tests/refresh_outputs.py, and look at what changes"


@pytest.mark.parametrize("example", EXAMPLES)
def test_shown_outputs_are_of_the_committed_plan(example: str) -> None:
    plan = (REPOSITORY / "examples" / example / "plan.yaml").read_text(encoding="utf-8")
    attainment = yaml.safe_load(plan)["prediction"]["slo_attainment"]
    pages = [f"examples/{example}/README.md"]
    pages += ["README.md"] if f"plan output: examples/{example} " in page_text("README.md") else []
    for page in pages:
        texts = [text for _, text in blocks(page)]
        headline = f"SLO attainment {100 * attainment:.2f}% ("
        assert any(text.startswith(headline) for text in texts), "run tests/refresh_outputs.py"
        shown = f"  slo_attainment: {attainment}\n"
        assert any(shown in text for text in texts), "run tests/refresh_outputs.py"


def test_documents_of_the_guide_are_valid(copy: Path) -> None:
    documents = [
        text
        for language, text in blocks("README.md")
        if language == "yaml" and not text.startswith("# ")
    ]
    names = []
    for number, text in enumerate(documents):
        names.append(f"document-{number}.yaml")
        (copy / names[-1]).write_text(text, encoding="utf-8")
    run(f"alpaplan validate {' '.join(names)}", copy)
    kinds = {yaml.safe_load(text)["kind"] for text in documents}
    assert kinds == {"model-profile", "cluster", "workload", "layer-profile", "placement-plan"}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = _BLOCK.sub("", page_text(page))
    for target in _LINK.findall(text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (REPOSITORY / page).parent / name if name else REPOSITORY / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
