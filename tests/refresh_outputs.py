"""Plan every example again; renew its plan.yaml and the outputs that pages show.

Run it after a change that changes plans or what commands print, and commit what it writes:
``python -m tests.refresh_outputs [PAGE...]``. A page is an example or a topic of the guide; without
any, all are renewed. The pages' tests compare with what is committed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alpaplan.guide.pages import page_text, topics
from tests.conftest import REPOSITORY
from tests.examples import EXAMPLES, example_page, follow_example
from tests.pages import commands_of, missing_library, with_outputs
from tests.reader import Reader
from tests.shortened import example_shown, with_plan


def main(names: Iterable[str]) -> None:
    """Renew some pages, or all."""
    wanted = list(names) or [*EXAMPLES, *topics()]
    for name in EXAMPLES:
        if name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                renew_example(name, Path(folder))
    for name in topics():
        if name in wanted and commands_of(page_text(name)):
            library = missing_library(page_text(name))
            if library is not None:
                sys.stderr.write(f"{name} stays as it is: its commands need {library}\n")
                continue
            with tempfile.TemporaryDirectory() as folder:
                renew_topic(name, Path(folder))


def renew_example(name: str, folder: Path) -> None:
    """Renew an example's plan, its page, and README if it shows that plan."""
    page = REPOSITORY / "examples" / name / "README.md"
    text = example_page(name)
    outputs, plan = follow_example(name, folder)
    text = with_outputs(text, outputs)
    if plan is None:
        page.write_text(text, encoding="utf-8")
        return
    summary = outputs[commands_of(text)[0]]
    page.write_text(with_plan(text, summary, plan), encoding="utf-8")
    page.with_name("plan.yaml").write_text(plan, encoding="utf-8")
    readme = REPOSITORY / "README.md"
    text = readme.read_text(encoding="utf-8")
    if example_shown(text) == name:
        readme.write_text(with_plan(text, summary, plan), encoding="utf-8")


def renew_topic(name: str, folder: Path) -> None:
    """Renew what a page of the guide shows."""
    text = page_text(name)
    page = REPOSITORY / "src" / "alpaplan" / "guide" / f"{name}.md"
    page.write_text(with_outputs(text, Reader(folder).follow(text)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
