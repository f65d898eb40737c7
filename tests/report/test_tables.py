"""Tables in much and in little room, on a terminal and off it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from tests.report.text import lines_of
from tests.report.widths import assert_holds

PERCENTILES = ("p50", "p90", "p99")


def models_table(*names: str, optional: tuple[str, ...] = ()) -> Table:
    numbers = ("requests", "SLO attainment", *PERCENTILES)
    made = Table("Models", "model", *numbers, right=numbers, optional=optional)
    for name in names:
        made.add_row(name, "18,814", "99.43%", "151 ms", "982 ms", "1.29 s")
    return made


def test_a_table_with_room_enough() -> None:
    assert lines_of(models_table("translate"), 100) == [
        "Models",
        " model      requests  SLO attainment     p50     p90     p99",
        " ────────────────────────────────────────────────────────────",
        " translate    18,814          99.43%  151 ms  982 ms  1.29 s",
    ]


def test_headers_break_between_words_first() -> None:
    assert lines_of(models_table("translate"), 57)[1:] == [
        "                             SLO",
        " model      requests  attainment     p50     p90     p99",
        " ────────────────────────────────────────────────────────",
        " translate    18,814      99.43%  151 ms  982 ms  1.29 s",
    ]


def test_then_columns_are_left_out() -> None:
    lines = lines_of(models_table("translate", optional=("p50", "p90")), 50)
    assert lines[-1] == "not shown at this width: p50"
    assert lines[2].split() == ["model", "requests", "attainment", "p90", "p99"]
    lines = lines_of(models_table("translate", optional=("p50", "p90")), 40)
    assert lines[-1] == "not shown at this width: p50, p90"


def test_then_columns_follow_below() -> None:
    assert lines_of(models_table("translate"), 44)[1:] == [
        "                             SLO",
        " model      requests  attainment     p50",
        " ────────────────────────────────────────",
        " translate    18,814      99.43%  151 ms",
        " model         p90     p99",
        " ──────────────────────────",
        " translate  982 ms  1.29 s",
    ]


def test_long_names_are_whole_as_long_as_columns_can_be_left_out() -> None:
    name = "recommend-articles-v2"
    lines = lines_of(models_table(name, optional=PERCENTILES), 60)
    assert f" {name}    18,814" in lines[-2]
    lines = lines_of(models_table(name), 64)
    assert lines[4].startswith(" recommend-     18,814")
    assert lines[5] == " articles-v2"


def test_a_list_of_names_breaks_between_them() -> None:
    made = Table("Groups", "group", "memory", "replicas", right=["memory"])
    made.add_row("g0", "98%", "qwen3-8b.a qwen3-8b.b m0..12 chat")
    assert lines_of(made, 40)[3:] == [
        " g0        98%  qwen3-8b.a qwen3-8b.b",
        "                m0..12 chat",
    ]


def test_what_follows_an_indented_line_is_indented() -> None:
    made = Table("Steps", "step", "gained", right=["gained"])
    made.add_row("decision\n  3 x (1, 16) + 1 x (2, 8): 98.119% over all samples", "+0.1 points")
    assert lines_of(made, 48)[3:] == [
        " decision                      +0.1 points",
        "   3 x (1, 16) + 1 x (2, 8):",
        "     98.119% over all samples",
    ]


def test_captions_and_notes() -> None:
    made = models_table("translate", optional=("p50",))
    made.hide_rows(80)
    assert lines_of(made, 100)[-1] == "and 80 more"
    assert lines_of(made, 56)[-1] == "and 80 more; not shown at this width: p50"


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="must have 6 cells, found 1"):
        models_table().add_row("translate")


def test_cells_are_text_and_no_markup() -> None:
    made = Table("[b]Title[/b]", "[red]name", "n", right=["n"])
    made.add_row("a[bold]b[/]", "1", style="bold")
    assert lines_of(made) == [
        "[b]Title[/b]",
        " [red]name    n",
        " ───────────────",
        " a[bold]b[/]  1",
    ]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    made = Table("\x1b[2J title", "a\x9b", "b", right=["b"], optional=["b"])
    made.add_row("\x1b]0;pwned\x07", "1")
    made.add_row("x\u202ey\nz", "2")
    assert lines_of(made) == [
        r"\x1b[2J title",
        r" a\x9b             b",
        " ────────────────────",
        r" \x1b]0;pwned\x07  1",
        r" x\u202ey          2",
        " z",
    ]


def test_paragraphs_are_text_of_one_line() -> None:
    shown = lines_of(Paragraph("a [bold]x[/] :smile:", ("\x1b\n\x85", "red")))
    assert shown == [r"a [bold]x[/] :smile:\x1b\n\x85"]


def test_a_terminal_gets_the_same_in_bold() -> None:
    file = io.StringIO()
    terminal = Console(
        file=file, width=40, force_terminal=True, color_system="standard", highlight=False
    )
    terminal.print(models_table("translate"))
    shown = file.getvalue()
    assert "\x1b[1mModels\x1b[0m" in shown
    plain = Console(width=40).render_str(shown, markup=False).plain
    for code in ("\x1b[1m", "\x1b[0m"):
        plain = plain.replace(code, "")
    expected = lines_of(models_table("translate"), 40)
    assert [line.rstrip() for line in plain.splitlines() if line.strip()] == expected


WORDS = st.from_regex(r"[a-z0-9]{1,12}([-._][a-z0-9]{1,12}){0,3}", fullmatch=True)
NUMBERS = st.floats(0, 1e9).map(lambda number: f"{number:,.2f}")


@pytest.mark.slow
@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(
            st.lists(WORDS, min_size=1, max_size=6).map(" ".join), st.tuples(NUMBERS, NUMBERS)
        ),
        min_size=1,
        max_size=5,
    ),
    headers=st.lists(st.sampled_from(["rate over time", "p99", "SLO attainment"]), min_size=2),
    num_optional=st.integers(0, 1),
    width=st.integers(48, 120),
)
def test_numbers_and_headers_stay_whole_at_any_width(
    rows: list[tuple[str, tuple[str, str]]], headers: list[str], num_optional: int, width: int
) -> None:
    numbers = [f"{header} {index}" for index, header in enumerate(headers[:2])]
    made = Table("Title", "model", *numbers, right=numbers, optional=numbers[:num_optional])
    for name, cells in rows:
        made.add_row(name, *cells)
    assert_holds(made, lines_of(made, width), width)
