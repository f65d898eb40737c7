"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from alpaplan.errors import InputError
from alpaplan.files.overwriting import require_other
from alpaplan.files.places import descriptor_of, is_stream
from alpaplan.files.reading import exists, is_folder, reason


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or all of the new, whatever happens.

    A symbolic link stays, and what it points to is replaced. An existing file keeps its
    permissions. Devices and pipes are written directly.

    Raises
    ------
    InputError
        If the place cannot be written. Nothing is left behind then.
    """
    with open_atomically(path) as stream:
        stream.write(data)


@contextmanager
def open_atomically(path: Path) -> Iterator[OutputStream]:
    """Open a file to write it part by part; what `write_atomically` says holds here too.

    The content appears under its name when the block ends, and not at all if an error ends it.

    Raises
    ------
    InputError
        If the place cannot be written. Nothing is left behind then.
    """
    with _writing(path):
        file = _open_stream(path) if is_stream(path) else _replacing(Path(os.path.realpath(path)))
        stream = file.__enter__()
    try:
        yield OutputStream(path, stream)
    except BaseException as error:
        # Closing writes what is left, which may fail once more: the first error counts.
        with suppress(OSError):
            file.__exit__(type(error), error, error.__traceback__)
        raise
    with _writing(path):
        file.__exit__(None, None, None)


class OutputStream:
    """A file that is being written; only its own failures are said to be those of the file.

    Parameters
    ----------
    path
        As the user gave it.
    stream
        Where the bytes go.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream

    def write(self, data: bytes) -> int:
        """Write bytes; raises an `InputError` if that fails."""
        with _writing(self._path):
            return self._stream.write(data)

    def flush(self) -> None:
        """Hand over what is buffered; raises an `InputError` if that fails."""
        with _writing(self._path):
            self._stream.flush()


def require_writable(path: Path, inputs: Iterable[Path | None]) -> None:
    """Make sure that a file may and can be written, before long work is done for it.

    A file is written beside it and removed again: of quotas, access lists and file systems that
    are mounted for reading, only that tells.

    Parameters
    ----------
    path
        The file.
    inputs
        What it is made from, as of `require_other`.

    Raises
    ------
    InputError
        If it is one of the inputs or itself a folder, or if its folder is missing or
        write-protected.
    """
    with _writing(path):
        require_other(path, inputs)
        if is_stream(path):
            descriptor = descriptor_of(path)
            if descriptor is None:
                _require_write_access(path)
            elif fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise PermissionError  # as a standard output that is closed is, too
            return
        target = Path(os.path.realpath(path))
        if not target.parent.is_dir():
            raise FileNotFoundError
        with _temporary_beside(target):
            _require_replaceable(target)


def require_writable_folder(
    folder: Path, names: Iterable[str], inputs: Iterable[Path | None]
) -> None:
    """Make sure that files may and can be written into a folder, before long work is done for them.

    Parameters
    ----------
    folder
        The folder; one that is not there will be made with `make_folder`.
    names
        Names of the files, or one that tells for all where they are not known.
    inputs
        What they are made from, as of `require_other`.

    Raises
    ------
    InputError
        If it is no folder, or as of `require_writable`.
    """
    if not exists(folder):
        require_writable(folder, ())
    elif not is_folder(folder):
        raise InputError([f"{folder}: is a file, must be a folder"])
    else:
        read = list(inputs)
        for name in names:
            require_writable(folder / name, read)


def make_folder(folder: Path) -> None:
    """Make a folder if it is not there; the one around it must be.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    with _writing(folder):
        folder.mkdir(exist_ok=True)


def folder_beside(path: Path) -> Path | None:
    """Return the folder that a file is going to be in; None for devices and pipes."""
    return None if is_stream(path) else Path(os.path.realpath(path)).parent


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a place that cannot be written into an `InputError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        missing = not is_folder(path.parent)
        why = f"no folder {path.parent}" if missing else reason(error)
        raise InputError([f"{path}: cannot be written: {why}"]) from error
    except OSError as error:
        raise InputError([f"{path}: cannot be written: {reason(error)}"]) from error
    except ValueError as error:  # a NUL byte, or what the file system's encoding cannot say
        raise InputError([f"{str(path)!r}: is not a valid file name"]) from error


def _open_stream(path: Path) -> BinaryIO:
    descriptor = descriptor_of(path)
    if descriptor is None:
        return path.open("wb")
    # By its name, a file that it is redirected to would be emptied, although a shell may append.
    return os.fdopen(os.dup(descriptor), "wb")


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    _require_replaceable(target)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    with _temporary_beside(target) as (temporary, stream):
        yield stream
        if mode is not None:
            os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
        try:
            temporary.replace(target)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            # A single file that is mounted into a container can be written but not replaced.
            shutil.copyfile(temporary, target)


def _require_replaceable(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError
    if target.exists():
        _require_write_access(target)  # a protected file in a writable folder stays as it is


def _require_write_access(path: Path) -> None:
    # Of the user that the process acts as, where the system tells.
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError


@contextmanager
def _temporary_beside(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new file in the same folder, which is gone in the end unless it was renamed."""
    # Short and in the same folder: any name fits beside it, and the replacement is atomic.
    temporary = target.parent / f".alpaplan-{secrets.token_hex(8)}.tmp"
    try:
        # Mode 0o666 leaves the permissions of a new file to the umask, as for any other file.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as stream:
            yield temporary, stream
    finally:
        temporary.unlink(missing_ok=True)
