"""An export's folder: written file by file, the document that lists them last, or compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.export_json import EXPORT_NAME, load_export
from alpaplan.files.overwriting import require_other
from alpaplan.files.reading import exists, read_bytes
from alpaplan.files.writing import make_folder, write_atomically

MAX_FILE_BYTES = 2**26
"""Largest file of an export that is compared (bytes), far above any that is written."""


def require_export_folder(folder: Path) -> frozenset[str]:
    """Make sure that a folder is empty, absent or an earlier export.

    Returns
    -------
    The files that the earlier export lists, itself included; none if there is none.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if not exists(folder):
        return frozenset()
    if not folder.is_dir():
        raise InputError([f"{folder}: is a file, must be a folder"])
    document = folder / EXPORT_NAME
    if exists(document):
        return frozenset({EXPORT_NAME, *(file.path for file in load_export(document).files)})
    if any(folder.iterdir()):
        what = f"must be empty, absent or an earlier export, found other files and no {EXPORT_NAME}"
        raise InputError([f"{folder}: {what}"])
    return frozenset()


def write_export(folder: Path, files: Mapping[str, bytes], inputs: Iterable[Path]) -> None:
    """Write an export, and remove what an earlier one left.

    Each file is replaced as a whole, so that a router that watches them never sees a part. Files
    that no export lists are left alone. What was there before is removed only when all of the new
    is there. If a new export cannot be written, no file stays that no export lists.

    Parameters
    ----------
    folder
        Where it goes.
    files
        Path -> content, in the order in which they are written.
    inputs
        What the export is made from, which must not be overwritten.

    Raises
    ------
    InputError
        If the folder is none for it, or a file cannot be written.
    """
    earlier = require_export_folder(folder)
    named = list(inputs)
    for path in files:
        require_other(folder / path, named)
    *others, document = files
    is_new = not exists(folder)
    try:
        for path in others:
            _write(folder, path, files[path])
        for path in sorted(earlier - set(files)):
            _remove(folder, path)
        _write(folder, document, files[document])
    except BaseException:
        # Without a document that lists them, they would be taken for somebody else's.
        for path in set(files) - earlier:
            _remove(folder, path)
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


def _write(folder: Path, path: str, content: bytes) -> None:
    for parent in reversed(Path(path).parents):
        make_folder(folder / parent)
    write_atomically(folder / path, content)


def _remove(folder: Path, path: str) -> None:
    """Remove a file of an earlier export, and the folders that it leaves empty."""
    file = folder / path
    with suppress(OSError):
        file.unlink(missing_ok=True)
        for parent in file.relative_to(folder).parents:
            if parent != Path():
                (folder / parent).rmdir()


def differences(folder: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield a line for each file that is not what would be written now.

    Raises
    ------
    InputError
        If the folder is no export, or a file cannot be read.
    """
    earlier = require_export_folder(folder)
    for path in sorted({*files, *earlier}):
        if path not in files:
            if exists(folder / path):
                yield f"{folder / path}: would be removed"
        elif not exists(folder / path):
            yield f"{folder / path}: is missing"
        elif read_bytes(folder / path, MAX_FILE_BYTES) != files[path]:
            yield f"{folder / path}: differs"
