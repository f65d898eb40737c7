"""The page of `alpaplan report` in a real browser: no complaints, no requests, at any width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, chromium, running
from tests.cli.runner import invoke

pytest.importorskip("jinja2")
from alpaplan.cli import main

EXAMPLES = ("quickstart", "alpaserve-s3")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a running Chromium."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium here: install Debian's package 'chromium' to try pages in it")
    with running(program, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages of some examples."""
    folder = tmp_path_factory.mktemp("pages")
    for name in EXAMPLES:
        plan = repository / "examples" / name / "plan.yaml"
        result = invoke(main, ("report", str(plan), "-o", str(folder / f"{name}.html")))
        assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_fits_without_complaints_or_requests(
    browser: Browser, pages: Path, name: str, width: int, scheme: str
) -> None:
    address = (pages / f"{name}.html").as_uri()
    browser.look_like(width, scheme=scheme)
    browser.open(address)
    assert browser.complaints() == []
    assert browser.requests() == [address]
    assert browser.value_of("document.documentElement.scrollWidth") == width
    assert browser.value_of("document.querySelectorAll('.node svg').length") >= 1
    # Opened, the tables scroll in frames of their own.
    browser.value_of("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert browser.value_of("document.documentElement.scrollWidth") == width
    paper = browser.value_of("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert browser.picture().startswith(b"\x89PNG")


def test_letters_stay_readable_on_a_phone(browser: Browser, pages: Path) -> None:
    browser.look_like(400)
    browser.open((pages / "quickstart.html").as_uri())
    heights = browser.value_of(
        "Array.from(document.querySelectorAll('.curve text'))"
        ".map(each => each.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10


def test_it_prints_on_white_paper_within_its_width(browser: Browser, pages: Path) -> None:
    browser.look_like(760, scheme="dark", media="print")
    browser.open((pages / "quickstart.html").as_uri())
    assert browser.value_of("document.documentElement.scrollWidth") == 760
    paper = browser.value_of("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert browser.printed().startswith(b"%PDF")


def test_what_is_closed_on_a_screen_is_printed(browser: Browser, pages: Path) -> None:
    shown = "Array.from(document.querySelectorAll('details .scroll')).map(e => e.checkVisibility())"
    browser.look_like(1400)
    browser.open((pages / "alpaserve-s3.html").as_uri())
    on_screen = browser.value_of(shown)
    browser.look_like(760, media="print")
    assert set(on_screen) == {False}
    assert browser.value_of(shown) == [True] * len(on_screen)
    assert browser.value_of("document.documentElement.scrollWidth") == 760
