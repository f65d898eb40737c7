"""Plots that commands draw beside what they print."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.report.figure import Drawn


def require_plot(path: Path | None, inputs: Iterable[Path | None]) -> None:
    """Make sure that a plot may and can be written, before long work is done for it.

    Parameters
    ----------
    path
        Where it goes; None if none is drawn.
    inputs
        What it is made from: that must not be overwritten.
    """
    from alpaplan.files.writing import require_writable
    from alpaplan.report.figure import plot_format

    if path is not None:
        plot_format(path)
        require_writable(path, inputs)


def load_inputs_to_draw(paths: InputPaths, plot: Path | None) -> Inputs:
    """Read inputs, and make sure of the same for a plot of them, before and after that."""
    from alpaplan.planning.inputs import load_inputs

    require_plot(plot, paths.given())
    inputs = load_inputs(paths)
    require_plot(plot, inputs.files.paths())
    return inputs


def write_plot(path: Path, figure: Drawn) -> None:
    """Write a figure in the format that the file's name asks for, whole or not at all."""
    from alpaplan.files.writing import write_atomically
    from alpaplan.report.figure import plot_bytes

    write_atomically(path, plot_bytes(figure, path))
