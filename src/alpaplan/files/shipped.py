"""The profiles and examples that come with alpaplan."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.reading import exists, read_bytes
from alpaplan.files.writing import make_folder, write_atomically
from alpaplan.registry import must_be_one_of

_PACKAGE = Path(__file__).resolve().parents[1]
_REPOSITORY = _PACKAGE.parents[1]

MAX_EXAMPLE_BYTES = 2**26
"""Largest file of an example (bytes)."""

_RESULT = "plan.yaml"
"""What an example's first command writes: committed to be compared with, not to start from."""


def shipped_profiles() -> Path:
    """Return the folder of the model profiles that come with alpaplan.

    Raises
    ------
    InputError
        If this installation has none.
    """
    return _shipped("profiles")


def shipped_examples() -> Path:
    """Return the folder of the examples that come with alpaplan, each a folder of its own.

    Raises
    ------
    InputError
        If this installation has none.
    """
    return _shipped("examples")


def example_names() -> list[str]:
    """Return the names of the examples, sorted."""
    return sorted(path.name for path in shipped_examples().iterdir() if path.is_dir())


def read_example(name: str) -> dict[str, bytes]:
    """Read the files of an example that one starts from.

    Returns
    -------
    File name -> content, sorted by name.

    Raises
    ------
    InputError
        If there is no example of that name.
    """
    known = example_names()
    if name not in known:
        raise InputError([f"example {must_be_one_of(known, name)}"])
    paths = sorted((shipped_examples() / name).iterdir())
    return {
        path.name: read_bytes(path, MAX_EXAMPLE_BYTES) for path in paths if path.name != _RESULT
    }


def write_new_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made if need be; all of them or none.

    Parameters
    ----------
    folder
        Where they go. The folder around it must be there.
    files
        File name -> content.

    Raises
    ------
    InputError
        If one of them is there already, or cannot be written. What was made is removed then.
    """
    present = [name for name in files if exists(folder / name)]
    if present:
        raise InputError(
            f"{folder / name}: already exists and is left as it is" for name in present
        )
    is_new = not exists(folder)
    make_folder(folder)
    written: list[Path] = []
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
            written.append(folder / name)
    except BaseException:
        with suppress(OSError):
            for path in written:
                path.unlink()
            if is_new:
                folder.rmdir()
        raise


def _shipped(name: str) -> Path:
    """Find a folder that the wheel carries, and that a checkout has at its top."""
    packed, checked_out = _PACKAGE / "shipped" / name, _REPOSITORY / name
    if packed.is_dir():
        return packed
    if (_REPOSITORY / "pyproject.toml").is_file() and checked_out.is_dir():
        return checked_out
    raise InputError([f"{packed}: this installation of alpaplan has no {name}"])
