"""The shipped examples, each followed in a copy as its page says."""

from __future__ import annotations

from pathlib import Path

from alpaplan.files.shipped import example_names
from tests.pages import page_text
from tests.reader import Reader

EXAMPLES = example_names()


def example_page(name: str) -> str:
    """Return the text of an example's page."""
    return page_text(f"examples/{name}/README.md")


def follow_example(name: str, folder: Path) -> tuple[dict[str, str], str | None]:
    """Copy an example and do all that its page asks for.

    Returns
    -------
    Command -> what it prints, and the plan that was written, if one was.
    """
    reader = Reader(folder)
    reader.run_command(f"alpaplan init here --example {name}")
    reader.run_command("cd here")
    outputs = reader.follow(example_page(name))
    plan = reader.folder / "plan.yaml"
    return outputs, plan.read_text(encoding="utf-8") if plan.exists() else None
