"""Parts of what commands print, which pages show below them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PART = re.compile(
    r"^```sh\n(?P<commands>.*?)^```$|"
    r'(?P<marker>^<!-- output: from "(?P<first>[^"]+)"(?: to "(?P<last>[^"]+)")? -->\n\n```text\n)'
    r"(?P<shown>.*?)(?P<end>^```$)",
    re.DOTALL | re.MULTILINE,
)


def commands_of(page: str) -> list[str]:
    """Return all commands of a page in its order."""
    blocks = (match["commands"] for match in _PART.finditer(page))
    return [line for block in blocks if block for line in block.splitlines()]


def with_outputs(page: str, outputs: Mapping[str, str]) -> str:
    """Fill in what a page shows of the last command above each marked block.

    Parameters
    ----------
    page
        Text of the page. A comment ``output: from "A" to "B"`` marks a block that shows the lines
        from the first that begins with A to the next that begins with B, or to the end.
    outputs
        Command -> what it prints.
    """
    last_command, num_filled = "", 0

    def fill(match: re.Match[str]) -> str:
        nonlocal last_command, num_filled
        if match["commands"]:
            last_command = match["commands"].splitlines()[-1]
            return match[0]
        num_filled += 1
        shown = part_of(outputs[last_command], match["first"], match["last"])
        return f"{match['marker']}{shown}{match['end']}"

    filled = _PART.sub(fill, page)
    assert num_filled == page.count("<!-- output: "), "a mark has no block below it"
    return filled


def part_of(output: str, first: str, last: str | None) -> str:
    """Return the lines from one that begins with a text to one that begins with another."""
    lines = output.splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(first))
    end = len(lines)
    if last is not None:
        end = 1 + next(i for i in range(start, len(lines)) if lines[i].strip().startswith(last))
    return "\n".join(lines[start:end]) + "\n"
