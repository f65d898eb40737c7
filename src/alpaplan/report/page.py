"""A page of the guide, laid out for a terminal or a file."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
_PAGE = re.compile(r"(?P<topic>[\w-]+)\.md(?:#.*)?")
_CODE = re.compile(r"`([^`]+)`")
_COMMENT = re.compile(r"^<!--.*?-->\n+", re.DOTALL | re.MULTILINE)

_UNDERLINES = {"h1": "═", "h2": "─"}
"""What tells headings from text where there is no bold type."""


class _UnderlinedHeading(Heading):
    """A heading at the left margin, underlined if it is a large one."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text
        if self.tag in _UNDERLINES:
            yield Text(_UNDERLINES[self.tag] * self.text.cell_len, style=self.style_name)


class _IndentedBlock(CodeBlock):
    """A block of code in the terminal's own colors, without empty lines of its own.

    What commands print stands at the left margin, as it may be as wide as the page.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        syntax = Syntax(code, self.lexer_name, theme="ansi_dark", word_wrap=True)
        yield Padding(syntax, (0, 0, 0, 0 if self.lexer_name == "text" else 2))


class _UncutTable(TableElement):
    """A table that shows all of its texts, on several lines where a column is narrow."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                table.show_edge = False
                for column in table.columns:
                    column.overflow = "fold"
            yield table


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _UnderlinedHeading,
        "fence": _IndentedBlock,
        "table_open": _UncutTable,
    }


def page(markdown: str, *, plain: bool = False) -> Markdown:
    """Lay out a page.

    Parameters
    ----------
    markdown
        Its source. A link to another page becomes ``text (→ topic)``. Other relative links lead
        nowhere outside of the repository, so only their text is left.
    plain
        Whether there are no colors, so that code in text has to keep its backticks.
    """
    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(_without_target, _COMMENT.sub("", part)) for part in parts[::2]]
    if plain:
        parts[::2] = [_CODE.sub(r"`` `\1` ``", part) for part in parts[::2]]
    return _Page("".join(parts), hyperlinks=False)


def _without_target(link: re.Match[str]) -> str:
    text, target = link["text"], link["target"]
    if "://" in target:
        return link[0]
    other = _PAGE.fullmatch(target)
    if other is None or other["topic"] == text:
        return text
    return f"{text} (→ {other['topic']})"
