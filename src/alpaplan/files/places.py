"""What paths stand for: files, devices and pipes, or what this process has open already."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_DESCRIPTOR_FOLDER = re.compile(r"/proc/(\d+)(?:/task/\d+)?/fd|/dev/fd")
"""Folders whose entries are open files of a process, with all links in their own path followed."""

_MAX_LINKS = 40
"""Links that are followed, as many as Linux follows."""


def descriptor_of(path: Path) -> int | None:
    """Return the open file of this process that a path stands for; None if it stands for none.

    ``/dev/stdout`` and ``/proc/self/fd/1`` stand for number 1, and so do links to them. What such a
    path leads to may be an ordinary file, yet it must not be replaced by another one: others who
    have it open go on with the old one.
    """
    for _ in range(_MAX_LINKS):
        folder = _DESCRIPTOR_FOLDER.fullmatch(os.path.realpath(path.parent))
        if folder is not None and path.name.isascii() and path.name.isdecimal():
            is_own = folder[1] is None or int(folder[1]) == os.getpid()
            return int(path.name) if is_own else None
        try:
            path = path.parent / path.readlink()
        except OSError:
            return None
    return None


def is_stream(path: Path) -> bool:
    """Whether a path stands for what cannot be replaced: a device, a pipe or what is open already.

    A file that is not there is none, whichever folder it would be in.

    Raises
    ------
    OSError, ValueError
        If the system does not say, or the path is no valid one.
    """
    if descriptor_of(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same ordinary file, through whatever links and names."""
    try:
        status = one.stat()
        return stat.S_ISREG(status.st_mode) and os.path.samestat(status, other.stat())
    except (OSError, ValueError):
        return False
