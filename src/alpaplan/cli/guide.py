"""`alpaplan guide`: the pages of the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import WIDTH, make_console, print_result, print_text
from alpaplan.guide.pages import INDEX, page_text, topics

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_TOPICS = topics()


@click.command(cls=ListingCommand, listings={"Topics": _TOPICS})
@click.argument("topic", type=NameOf([*_TOPICS, INDEX]), default=INDEX, metavar="[TOPIC]")
@click.option("--list", "list_topics", is_flag=True, help="List the topics, one line each.")
@user_errors
def guide(topic: str, *, list_topics: bool) -> None:
    """Show a page of the guide, or its index."""
    if list_topics:
        width = max(map(len, _TOPICS))
        for name, summary in _TOPICS.items():
            print_text(f"{name:<{width}}  {summary}")
        return
    from alpaplan.report.page import page

    console = make_console()
    if console.is_terminal:
        _page_through(page(page_text(topic)), console)
    else:
        print_result(page(page_text(topic), plain=True))


def _page_through(page: RenderableType, console: Console) -> None:
    """Show a page on a terminal, through a pager if it does not fit on the screen."""
    console.width = min(console.width, WIDTH)
    with console.capture() as capture:
        console.print(page)
    text = capture.get()
    if text.count("\n") < console.height:
        click.echo(text, nl=False)  # with colors
    else:
        click.echo_via_pager(text)
