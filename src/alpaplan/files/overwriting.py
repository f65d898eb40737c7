"""Refusing to write over what is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.places import is_same_file
from alpaplan.files.reading import is_folder


def require_other(output: Path, inputs: Iterable[Path | None]) -> None:
    """Make sure that an output is none of the files that it is made from.

    Files are told apart by what they are, not by their names, so that links lead nowhere else, and
    ``/dev/stdout`` is the file that a shell lets it be.

    Parameters
    ----------
    output
        What is going to be written.
    inputs
        What is read. Of a folder, the model profiles in it are read. None stands for nothing.

    Raises
    ------
    InputError
        If the output is one of them.
    """
    for path in inputs:
        if path is None:
            continue
        taken = _profile_in(path, output) if is_folder(path) else path
        if taken is None or not is_same_file(output, taken):
            continue
        same = "it is" if str(taken) == str(output) else f"it is the same file as {taken},"
        raise InputError([f"{output}: cannot be written: {same} an input of this command"])


def _profile_in(folder: Path, output: Path) -> Path | None:
    """Return the model profile in a folder that an output would overwrite, if there is one.

    A plan may lie there among the profiles, and is no input.
    """
    from alpaplan.files.profiles import is_profile, yaml_files

    for path in yaml_files(folder):
        if is_same_file(output, path) and is_profile(path):
            return path
    return None
