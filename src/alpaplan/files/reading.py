"""Reading what the user named, with failures said in plain words."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from pathlib import Path

from alpaplan.errors import InputError


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError([f"{path}: {reason(error)}"]) from error
    except ValueError as error:  # a NUL byte, or what the file system's encoding cannot say
        raise InputError([f"{str(path)!r}: is not a possible file name"]) from error


def unpack(path: Path, data: bytes, max_bytes: int) -> bytes:
    """Return the bytes of a file, uncompressed if its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file.
    data
        What is in it.
    max_bytes
        Most bytes that there may be once it is uncompressed: stops compressed bombs.

    Raises
    ------
    InputError
        If they cannot be uncompressed, or are more.
    """
    if path.name.endswith(".gz"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
                data = archive.read(max_bytes + 1)
        except EOFError as error:
            raise InputError([f"{path}: the compressed data ends too early"]) from error
        except (OSError, zlib.error) as error:
            raise InputError([f"{path}: not valid gzip: {str(error).lower()}"]) from error
    if len(data) > max_bytes:
        raise InputError([f"{path}: must be at most {max_bytes:,} bytes, found more"])
    return data


def reason(error: OSError) -> str:
    """Say why the operating system refused, in words that name no error number."""
    if isinstance(error, FileNotFoundError):
        return "no such file or directory"
    if isinstance(error, IsADirectoryError):
        return "is a directory, must be a file"
    if isinstance(error, NotADirectoryError):
        return "a part of this path is a file, must be a directory"
    if isinstance(error, PermissionError):
        return "no permission"
    return os.strerror(error.errno).lower() if error.errno else str(error)


def exists(path: Path) -> bool:
    """Whether something is there; an impossible file name is simply not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there; an impossible file name is no folder."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def decode_text(path: Path, data: bytes, first_line: int = 1) -> str:
    """Decode UTF-8 with or without a byte-order mark.

    Parameters
    ----------
    path
        The file.
    data
        Its bytes, or those of some of its lines.
    first_line
        Number of the line that `data` begins with.

    Raises
    ------
    InputError
        At the line of the first byte that is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + first_line
        byte = error.object[error.start]
        message = f"must be UTF-8 text, found byte 0x{byte:02x}"
        raise InputError([f"{path}:{line}: {message}"]) from error
