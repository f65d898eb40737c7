"""Pages of Markdown: their blocks, commands, links, and the outputs that they show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from tests.conftest import REPOSITORY

GUIDE = sorted(
    str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("src/alpaplan/guide/*.md")
)
"""The pages that `alpaplan guide` shows."""

OTHER_PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for pattern in ("README.md", "profiles/README.md", "examples/*/README.md")
    for path in REPOSITORY.glob(pattern)
)

_BLOCK = re.compile(
    r"(?:save (?:this|it) as\s`(?P<saved_as>[\w.-]+)`[^`]*?:\n\n)?"
    r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_MARK = re.compile(
    r'(?P<mark>^<!-- output(?:: from "(?P<first>[^"]+)"(?: to "(?P<last>[^"]+)")?)? -->\n\n'
    r"```text\n)"
    r"(?P<shown>.*?)(?P<end>^```$)",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Parameters
    ----------
    language, text
        What the fence says it is, and what is in it.
    start
        Where in the page it begins.
    saved_as
        File that the sentence above it asks to save it as.
    """

    language: str
    text: str
    start: int
    saved_as: str | None

    @property
    def steps(self) -> list[str]:
        """What a reader enters: each command of a shell block, a Python block as a whole."""
        if self.language == "python":
            return [self.text]
        if self.language == "sh":
            return re.sub(r" \\\n +", " ", self.text).splitlines()
        return []


def page_text(page: str) -> str:
    """Return the text of a page; its path is relative to the repository."""
    return (REPOSITORY / page).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for match in _BLOCK.finditer(text):
        yield Block(match["language"], match["text"], match.start("text"), match["saved_as"])


def commands_of(text: str) -> list[str]:
    """Return all commands of a page in its order."""
    return [step for block in blocks(text) if block.language == "sh" for step in block.steps]


def missing_library(text: str) -> str | None:
    """Return a library that commands of a page need and that is not here; None if all are.

    An environment may be older than a dependency.
    """
    for command, library in (("alpaplan report", "jinja2"),):
        if find_spec(library) is None and any(command in line for line in commands_of(text)):
            return library
    return None


def prose(text: str) -> str:
    """Return a page without its blocks."""
    return _BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """Return the targets of a page's links."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def with_outputs(text: str, outputs: Mapping[str, str]) -> str:
    """Fill in what a page shows of the last step above each marked block.

    Parameters
    ----------
    text
        The page. A comment ``output`` marks a block that shows all of it, ``output: from "A" to
        "B"`` the lines from the first that begins with A to the next that begins with B, ``output:
        from "A"`` those to the end.
    outputs
        Step -> what it prints.
    """
    entered = [(block.start, block.steps[-1]) for block in blocks(text) if block.steps]

    def fill(match: re.Match[str]) -> str:
        last_step = [step for start, step in entered if start < match.start()][-1]
        shown = part_of(outputs[last_step], match["first"], match["last"])
        return f"{match['mark']}{shown}{match['end']}"

    filled, num_filled = _MARK.subn(fill, text)
    assert num_filled == text.count("<!-- output"), "a mark has no block below it"
    return filled


def part_of(output: str, first: str | None, last: str | None) -> str:
    """Return the lines from one that begins with a text to one that begins with another."""
    lines = output.splitlines()
    start = 0 if first is None else _line_with(first, lines)
    end = len(lines) if last is None else start + _line_with(last, lines[start:]) + 1
    return "\n".join(lines[start:end]) + "\n"


def _line_with(beginning: str, lines: Sequence[str]) -> int:
    for number, line in enumerate(lines):
        if line.strip().startswith(beginning):
            return number
    raise AssertionError(f"no line begins with {beginning!r}:\n{lines[:20]}")
