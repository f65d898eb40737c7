from __future__ import annotations

import io

from rich.console import Console

from alpaplan.report.page import page

PAGE = """# Title

See [how it works](how-it-works.md#the-search), [plan](plan.md), [below](#below),
[the code](../cli/plan.py) and [the paper](https://arxiv.org/abs/2302.11665). Use `plan`.

```sh
alpaplan plan  # [not a link](plan.md)
```

<!-- output -->

```text
 what it prints
```

## Below

| key | meaning |
|---|---|
| `a_long_name_that_fits_on_no_line_of_this_width` | text |
"""


def shown(width: int, *, plain: bool = True) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(page(PAGE, plain=plain))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_headings_are_underlined() -> None:
    lines = shown(80)
    assert lines[:2] == ["Title", "═════"]
    assert lines[lines.index("Below") + 1] == "─────"


def test_links_become_what_can_be_followed() -> None:
    text = " ".join(shown(100))
    assert "See how it works (→ how-it-works), plan, below, the code and" in text
    assert "the paper (https://arxiv.org/abs/2302.11665)" in text


def test_comments_leave_no_trace() -> None:
    lines = shown(80)
    place = lines.index(" what it prints")
    assert lines[place - 2].startswith("  alpaplan plan")
    assert lines[place - 1] == ""


def test_code_stays_as_it_is() -> None:
    assert "  alpaplan plan  # [not a link](plan.md)" in shown(80)
    assert "Use `plan`." in " ".join(shown(80))
    assert "Use plan." in " ".join(shown(80, plain=False))


def test_narrow_tables_lose_nothing() -> None:
    text = "".join("".join(shown(30)).split())
    assert "a_long_name" in text
    assert "text" in text
    assert "…" not in text
