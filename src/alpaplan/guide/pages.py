"""Which topics the guide has, and the text of their pages."""

from __future__ import annotations

import re
from importlib.resources import files

INDEX = "index"
"""The page that lists all others, which is shown where no topic is named."""

_ENTRY = re.compile(r"^- \[(?P<topic>[\w-]+)\]\((?P=topic)\.md\): (?P<summary>.+(?:\n  .+)*)", re.M)


def topics() -> dict[str, str]:
    """Return topic -> summary in one line, in the order of the index."""
    return {
        entry["topic"]: " ".join(entry["summary"].split())
        for entry in _ENTRY.finditer(page_text(INDEX))
    }


def page_text(topic: str) -> str:
    """Return the Markdown of a page.

    Parameters
    ----------
    topic
        One of `topics`, or `INDEX`.
    """
    return (files(__package__) / f"{topic}.md").read_text(encoding="utf-8")
