from __future__ import annotations

import unicodedata

import pytest

from alpaplan.printable import is_printable, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("[bold]x[/] :smile: $x$", "[bold]x[/] :smile: $x$"),
        ("模型 é ñ \u200d", "模型 é ñ \u200d"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("del\x7f c1\x9b2J", r"del\x7f c1\x9b2J"),
        ("a\u202egnp", r"a\u202egnp"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("a\tb\rc", r"a\tb\rc"),
        ("not \udcff utf-8", r"not \xff utf-8"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_must_not_be_printed_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert is_printable(text) == (text == expected)


def test_lines_stay_where_they_may() -> None:
    assert printable("a\nb\r\n") == r"a\nb\r\n"
    assert printable("a\nb\r\n", keep_lines=True) == "a\nb\\r\n"


def test_no_control_character_is_left() -> None:
    every = "".join(map(chr, range(0x110000)))
    left = {c for c in printable(every) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")}
    assert not left
    directions = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    assert not {c for c in printable(every) if unicodedata.bidirectional(c) in directions}
