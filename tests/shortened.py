"""Plans and their summaries as pages show them: the first rows and items of everything."""

from __future__ import annotations

import re

NUM_ROWS = 5
"""Rows that are shown of each table of a summary."""

NUM_ITEMS = {"": 2, "  ": 4}
"""Items that are shown of each list of a plan, by its indent."""

MAX_WIDTH = 100
"""Longest line that is shown of a plan."""

_SECTION = re.compile(
    r"(?P<mark><!-- plan output(?:: examples/(?P<example>[\w-]+))?(?P<brief>, brief)? -->\n)"
    r".*?(?P<end><!-- end of plan output -->)",
    re.DOTALL,
)


def example_shown(text: str) -> str | None:
    """Return whose plan a page shows: an example, "" for the page's own, None for none."""
    section = _SECTION.search(text)
    return section and (section["example"] or "")


def with_plan(text: str, summary: str, plan: str) -> str:
    """Fill in the section of a page that shows a plan and its summary.

    Parameters
    ----------
    text
        The page. A comment ``plan output`` begins the section; ``brief`` in it leaves out of the
        summary what was tried, and of the plan all but the first group.
    summary
        What `alpaplan plan` prints.
    plan
        What it writes.
    """

    def fill(section: re.Match[str]) -> str:
        if section["brief"]:
            tables, document = _without_tried(summary), _first_group(plan)
        else:
            tables, document = shorten_summary(summary), shorten_plan(plan)
        shown = f"```text\n{tables}```\n\n```yaml\n# shortened\n{document}```\n"
        if not section["example"]:
            shown += "\nThe whole plan is in [plan.yaml](plan.yaml).\n"
        return f"{section['mark']}\n{shown}\n{section['end']}"

    return _SECTION.sub(fill, text)


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


def _without_tried(summary: str) -> str:
    return shorten_summary(summary).partition("\nTried")[0].rstrip() + "\n"


def _first_group(plan: str) -> str:
    lines = plan.splitlines()
    start = lines.index("groups:")
    names = [number for number, line in enumerate(lines) if line.startswith("- name:")]
    (routing,) = (line for line in lines if line.startswith("routing:"))
    return (
        "\n".join([*lines[:2], "# ...", *lines[start : names[1]], "# ...", routing, "# ..."]) + "\n"
    )
