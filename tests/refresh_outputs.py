"""Plan every example again; renew its plan.yaml and the outputs that the READMEs show.

Run it after a change that changes plans, and commit what it writes: ``python -m
tests.refresh_outputs [EXAMPLE...]``. The READMEs' tests compare with what is committed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.page_outputs import commands_of, with_outputs

REPOSITORY = Path(__file__).resolve().parents[1]
ALPAPLAN = (sys.executable, "-c", "from alpaplan.cli import main; main()")

NUM_ROWS = 5
"""Rows that are shown of each table of a summary."""

NUM_ITEMS = {"": 2, "  ": 4}
"""Items that are shown of each list of a plan, by its indent."""

MAX_WIDTH = 100
"""Longest line that is shown of a plan."""

_SECTION = re.compile(
    r"(<!-- plan output(?:: examples/(?P<example>[\w-]+))? -->\n).*?(<!-- end of plan output -->)",
    re.DOTALL,
)


def main(examples: Iterable[str]) -> None:
    """Renew the given examples, or all of them, and then all READMEs that show them."""
    names = list(examples) or [path.parent.name for path in REPOSITORY.glob("examples/*/plan.yaml")]
    summaries = {name: make_plan(name) for name in sorted(names)}
    for name in summaries:
        renew_outputs(name)
    for page in (REPOSITORY / "README.md", *REPOSITORY.glob("examples/*/README.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(_SECTION.sub(_renewer(page, summaries), text), encoding="utf-8")


def make_plan(example: str) -> str:
    """Write an example's plan.yaml, and return the summary."""
    folder = f"examples/{example}"
    page = (REPOSITORY / folder / "README.md").read_text(encoding="utf-8")
    return run(commands_of(page)[0].replace("-o plan.yaml", f"-o {folder}/plan.yaml"), REPOSITORY)


def renew_outputs(example: str) -> None:
    """Run a page's commands in a copy of what they read, and renew what it shows of them."""
    page = REPOSITORY / "examples" / example / "README.md"
    text = page.read_text(encoding="utf-8")
    if "<!-- output: " not in text:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("examples", "profiles"):
            shutil.copytree(REPOSITORY / name, Path(folder) / name)
        outputs = {command: run(command, Path(folder)) for command in commands_of(text)}
    page.write_text(with_outputs(text, outputs), encoding="utf-8")


def run(command: str, folder: Path) -> str:
    """Run a command of a page in a folder; return what it prints."""
    program, *arguments = shlex.split(command)
    assert program == "alpaplan"
    done = subprocess.run(
        (*ALPAPLAN, *arguments),
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "COLUMNS"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _renewer(page: Path, summaries: dict[str, str]) -> Callable[[re.Match[str]], str]:
    def renew(section: re.Match[str]) -> str:
        example = section["example"] or page.parent.name
        if example not in summaries:
            return section[0]
        plan = (REPOSITORY / "examples" / example / "plan.yaml").read_text(encoding="utf-8")
        shown = (
            f"```text\n{shorten_summary(summaries[example])}```\n\n"
            f"```yaml\n# shortened\n{shorten_plan(plan)}```\n"
        )
        if not section["example"]:
            shown += "\nThe whole plan is in [plan.yaml](plan.yaml).\n"
        return f"{section[1]}\n{shown}\n{section[3]}"

    return renew


def shorten_summary(summary: str) -> str:
    """Keep the first rows of every table, and the lines between tables."""
    shown: list[str] = []
    row = 0  # of the table that we are in; 0 outside of any
    for line in summary.strip().splitlines():
        if line.startswith(" ──"):
            row = 1
            shown.append(line)
            continue
        if not line.strip():
            row = 0
        elif row and re.match(" [^ ]", line):  # a row may take several lines
            row += 1
            if row == NUM_ROWS + 2:
                shown.append(" ...")
        if row <= NUM_ROWS + 1 and not re.match(r"and \d+ more", line):
            shown.append(line)
    return "\n".join(shown) + "\n"


def shorten_plan(plan: str) -> str:
    """Keep the prediction, and the first items of every list."""
    shown: list[str] = []
    items: dict[str, int] = {}
    for line in plan.splitlines():
        section = re.match(r" *(?=- )|", line)
        indent = section[0] if section and line.lstrip().startswith("- ") else None
        if indent is None:
            # A key ends the lists that are deeper than it.
            depth = len(line) - len(line.lstrip())
            items = {key: count for key, count in items.items() if len(key) < depth}
        else:
            items = {key: count for key, count in items.items() if len(key) <= len(indent)}
            items[indent] = items.get(indent, 0) + 1
        hidden = [key for key, count in items.items() if count > NUM_ITEMS[key]]
        if not hidden:
            line = re.sub(r"(sha256: [0-9a-f]{4})[0-9a-f]{60}", r"\1...", line)
            shown.append(line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 4] + " ...")
        elif indent is not None and hidden == [indent] and items[indent] == NUM_ITEMS[indent] + 1:
            shown.append(f"{indent}# ...")
    return "\n".join(shown) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
