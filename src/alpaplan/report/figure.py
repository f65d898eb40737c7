"""What all plots share: a figure without a screen, and its bytes, the same each time."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.printable import printable

if TYPE_CHECKING:
    from typing import TypeAlias

    from matplotlib.figure import Figure

    Drawn: TypeAlias = Figure
    """A figure, for those who only hand it on."""

FORMATS = ("svg", "png", "pdf")
"""What a plot can be written as, by the file's ending."""

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
"""Colors that color-blind people tell apart: Okabe and Ito, https://jfly.uni-koeln.de/color."""

FLEET_COLORS = (
    *("#4477AA", "#EE7733", "#228833", "#AA3377", "#66CCEE", "#CCBB44", "#EE6677", "#009988"),
)
"""Colors of models in pictures of fleets: Paul Tol's bright and vibrant schemes,
https://personal.sron.nl/~pault."""

_METADATA = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}


def plot_format(path: Path) -> str:
    """Return the format that a plot's file name asks for.

    Raises
    ------
    AlpaplanError
        If the name's ending is not one of `FORMATS`.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        known = [f".{name}" for name in FORMATS]
        found = repr(path.suffix) if path.suffix else "no ending"
        raise AlpaplanError(
            f"{path}: a plot's name must end in one of {', '.join(known)}, found "
            f"{found}{did_you_mean(path.suffix.lower(), known)}"
        )
    return ending


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure that needs no screen and changes no global state of matplotlib."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def plain_label(text: str) -> str:
    """Return a text as a title or label that matplotlib shows as it is.

    Matplotlib reads what is between dollar signs as a formula, and leaves labels that begin with an
    underscore out of the legend.
    """
    plain = printable(text, keep_lines=True).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def plot_bytes(figure: Figure, path: Path) -> bytes:
    """Return a figure as a file of the format that the file's name asks for."""
    return figure_bytes(figure, plot_format(path))


def figure_bytes(figure: Figure, file_format: str) -> bytes:
    """Return a figure as a file of one of `FORMATS`; equal figures give equal bytes."""
    import matplotlib as mpl

    stream = io.BytesIO()
    with (
        mpl.rc_context({"svg.hashsalt": "alpaplan", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        # Names may be in any script; a box in place of a letter says that by itself.
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        figure.savefig(stream, format=file_format, dpi=150, metadata=_METADATA[file_format])
    return stream.getvalue()
