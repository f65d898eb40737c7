"""Text that is safe to print: what a terminal would obey, or what hides other text, as escapes.

Names, messages and paths come from files that others wrote. A terminal obeys control characters
(C0, DEL and C1), and so do programs that color or page text; characters that turn the direction of
writing make a name look like another one; other line ends break a message into two.
"""

from __future__ import annotations

import re

CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff"
"""What no name may have, as the inside of a regular expression's brackets: control characters,
line and paragraph separators, those that set the direction of writing (Unicode's Bidi_Control),
and the two that are no characters and that no XML may have."""

_NOT_PRINTED = re.compile(rf"[{CONTROL_CHARACTERS}\ud800-\udfff]")
_NOT_PRINTED_IN_LINES = re.compile(rf"(?!\n)[{CONTROL_CHARACTERS}\ud800-\udfff]")

_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
"""What Python makes of the bytes of a path that are not UTF-8: 0xDC00 is added."""


def printable(text: str, *, keep_lines: bool = False) -> str:
    r"""Return a text with escapes in place of what must not be printed, such as ``\x1b``.

    Parameters
    ----------
    text
        Of any origin.
    keep_lines
        Whether line feeds stay.
    """
    pattern = _NOT_PRINTED_IN_LINES if keep_lines else _NOT_PRINTED
    return pattern.sub(_escape, text)


def is_printable(text: str) -> bool:
    """Whether `printable` would leave a text as it is."""
    return _NOT_PRINTED.search(text) is None


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if _FIRST_BYTE <= code <= _LAST_BYTE:
        return f"\\x{code - 0xDC00:02x}"
    return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(
        match[0], f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    )
