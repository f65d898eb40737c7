"""Reading what the user named, with failures said in plain words."""

from __future__ import annotations

import os
from pathlib import Path

from alpaplan.errors import InputError

_PART_BYTES = 1 << 20
"""Bytes that are read in one go (a count; 64 KiB to 16 MiB)."""


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path
        The file, which may be a pipe.
    max_bytes
        Most bytes that it may have: what never ends is not read into memory.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read or is too large.
    """
    data = bytearray()
    try:
        with path.open("rb") as file:
            while part := file.read(_PART_BYTES):
                data += part
                if len(data) > max_bytes:
                    raise InputError([f"{path}: {too_many_bytes(max_bytes)}"])
        return bytes(data)
    except OSError as error:
        raise InputError([f"{path}: {reason(error)}"]) from error
    except ValueError as error:  # a NUL byte, or what the file system's encoding cannot say
        raise InputError([f"{str(path)!r}: is not a valid file name"]) from error


def too_many_bytes(max_bytes: int) -> str:
    """Return what is wrong with a file of more bytes than that."""
    return f"must be at most {max_bytes:,} bytes, found more"


def reason(error: OSError) -> str:
    """Return why the operating system refused, in words that name no error number."""
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
    """Whether something is there; an invalid file name is simply not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there; an invalid file name is no folder."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def decode_text(path: Path, data: bytes) -> str:
    """Decode UTF-8 with or without a byte-order mark.

    Parameters
    ----------
    path
        The file.
    data
        Its bytes.

    Raises
    ------
    InputError
        At the line of the first byte that is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, message = undecodable(error)
        raise InputError([f"{path}:{line}: {message}"]) from error


def undecodable(error: UnicodeDecodeError, first_line: int = 1) -> tuple[int, str]:
    """Return the line of the first byte that is not UTF-8, and what is wrong with it.

    Parameters
    ----------
    error
        What decoding raised.
    first_line
        Number of the line that the bytes begin with.
    """
    line = error.object.count(b"\n", 0, error.start) + first_line
    return line, f"must be UTF-8 text, found byte 0x{error.object[error.start]:02x}"
