"""Plans and their summaries as pages show them."""

from __future__ import annotations

import re

_SECTION = re.compile(
    r"(?P<mark><!-- plan output(?:: examples/(?P<example>[\w-]+))? -->\n)"
    r".*?(?P<end><!-- end of plan output -->)",
    re.DOTALL,
)


def example_shown(text: str) -> str | None:
    """Return whose plan a page shows: an example, "" for the page's own, None for none."""
    section = _SECTION.search(text)
    return section and (section["example"] or "")


def with_plan(text: str, summary: str, plan: str) -> str:
    """Fill in the section of a page that shows what planning an example gives.

    Parameters
    ----------
    text
        The page. A comment ``plan output`` begins the section. Where it names an example, which is
        that of another page, what was tried is left out, and the plan's first group is shown.
    summary
        What `alpaplan plan` prints.
    plan
        What it writes.
    """

    def fill(section: re.Match[str]) -> str:
        shown = f"```text\n{summary.strip()}\n```\n\nThe plan is in [plan.yaml](plan.yaml).\n"
        if section["example"]:
            tables, document = _without_tried(summary), _first_group(plan)
            shown = f"```text\n{tables}```\n\n```yaml\n# shortened\n{document}```\n"
        return f"{section['mark']}\n{shown}\n{section['end']}"

    return _SECTION.sub(fill, text)


def _without_tried(summary: str) -> str:
    return summary.partition("\nTried")[0].strip() + "\n"


def _first_group(plan: str) -> str:
    lines = plan.splitlines()
    start = lines.index("groups:")
    names = [number for number, line in enumerate(lines) if line.startswith("- name:")]
    (routing,) = (line for line in lines if line.startswith("routing:"))
    return (
        "\n".join([*lines[:2], "# ...", *lines[start : names[1]], "# ...", routing, "# ..."]) + "\n"
    )
