"""What all plots share: names, formats, bytes."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from alpaplan.errors import AlpaplanError
from alpaplan.report.figure import COLORS, FORMATS, figure_bytes, new_figure, plot_format


def figure(label: str = "requests/s") -> Figure:
    made = new_figure(3.0, 2.0)
    axes = made.add_subplot()
    for color in COLORS:
        axes.plot([0, 1], [0, 2], color=color)
    axes.fill_between([0, 1], [1, 2], hatch="/")
    axes.set_xlabel(label)
    return made


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.svg", "svg"), ("a.b.PNG", "png"), ("folder/x.pdf", "pdf"), ("png.Svg", "svg")],
)
def test_the_ending_says_the_format(name: str, expected: str) -> None:
    assert plot_format(Path(name)) == expected


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.pgn", "'.pgn'; did you mean '.png'?"),
        ("a.svgz", "'.svgz'; did you mean '.svg'?"),
        ("a.jpeg", "'.jpeg'; did you mean '.png'?"),
        ("a.gif", "'.gif'"),
        ("svg", "no ending"),
        (".png", "no ending"),
        ("-", "no ending"),
        ("svg/", "no ending"),
    ],
)
def test_other_endings_are_refused_with_the_known_ones(name: str, found: str) -> None:
    with pytest.raises(AlpaplanError) as caught:
        plot_format(Path(name))
    message = f"a plot's name must end in one of .svg, .png, .pdf, found {found}"
    assert str(caught.value) == f"{Path(name)}: {message}"


@pytest.mark.parametrize(
    ("file_format", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")]
)
def test_equal_figures_give_equal_bytes(file_format: str, start: bytes) -> None:
    first, second = figure(), figure()
    found = figure_bytes(first, file_format)
    assert found.startswith(start)
    assert found == figure_bytes(second, file_format)
    assert found == figure_bytes(first, file_format), "drawing changed the figure"
    assert found != figure_bytes(figure("other"), file_format)


@pytest.mark.parametrize("file_format", FORMATS)
def test_there_is_no_date_and_no_version_that_would_change(
    file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    then = figure_bytes(figure(), file_format)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1500000000")
    assert then == figure_bytes(figure(), file_format)


def test_letters_stay_letters_in_svg() -> None:
    assert b">requests/s</text>" in figure_bytes(figure(), "svg")


@pytest.mark.parametrize("file_format", FORMATS)
def test_letters_that_the_font_lacks_are_no_warning(file_format: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure_bytes(figure("\u6a21\u578b"), file_format)


def test_settings_are_left_alone_and_no_window_is_opened() -> None:
    # Another library may have loaded it before.
    loaded = "matplotlib.pyplot" in sys.modules
    import matplotlib as mpl

    before = mpl.rcParams.copy()  # dict() would look for a screen, and import pyplot
    figure_bytes(figure(), "svg")
    assert mpl.rcParams.copy() == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded
