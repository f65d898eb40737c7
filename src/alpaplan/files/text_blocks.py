"""Text files of any size, plain or compressed, in blocks of whole lines."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alpaplan.files.line_issues import LineIssues
from alpaplan.files.reading import reason, too_many_bytes

BLOCK_BYTES = 1 << 19
"""Text that is handed on in one go (bytes; 64 KiB to 4 MiB): little enough to stay in the cache."""

MAX_TEXT_BYTES = 1 << 38
"""Largest text of any kind, uncompressed (bytes): a log that never ends fills no disk."""

MAX_LINE_BYTES = 1 << 24
"""Longest line (bytes): a file without line ends is not read into memory as a whole."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Advance = Callable[[int], None]
"""Called with the number of bytes that were read since the last call, as they lie on disk."""


def ignore_progress(_num_bytes: int) -> None:
    """Do nothing with the progress."""


class TextBlocks:
    """The lines of a file, read once from start to end.

    Lines may end as on Unix, Windows or old Macs. A byte-order mark is left out.

    Parameters
    ----------
    path
        The file; compressed if its name ends in ``.gz``. It may be a pipe.
    issues
        Where what is wrong with it goes.
    max_bytes
        Most bytes that there may be once it is uncompressed: stops compressed bombs and pipes that
        never end.
    advance
        Called as reading goes on.
    """

    def __init__(
        self,
        path: Path,
        issues: LineIssues,
        *,
        max_bytes: int = MAX_TEXT_BYTES,
        advance: Advance = ignore_progress,
    ) -> None:
        self._path = path
        self._issues = issues
        self._max_bytes = max_bytes
        self._advance = advance
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hash of the bytes that were read so far, as they lie on disk, in hexadecimal."""
        return self._hash.hexdigest()

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number of a line, from 1, and the bytes of whole lines from there on.

        Raises
        ------
        InputError
            If the file cannot be read, or not any further.
        """
        rest, line = b"", 1
        for data in self._read():
            text = rest + data
            end = text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, -1) + 1
            block, rest = text[:end], text[end:]
            if block:
                yield line, block
                line += count_lines(block)
            if len(rest) > MAX_LINE_BYTES:
                what = f"must have lines of at most {MAX_LINE_BYTES:,} bytes, found a longer one"
                raise self._issues.refusal(line, what)
        if rest:
            yield line, rest

    def _read(self) -> Iterator[bytes]:
        """Yield the bytes of the file as they come, uncompressed."""
        with self._readable():
            file = _Reader(_HeardFile(self._path, self._hear), BLOCK_BYTES)
        num_bytes = 0
        with file:
            stream = gzip.GzipFile(fileobj=file) if self._path.name.endswith(".gz") else file
            while True:
                with self._readable():
                    data = stream.read(BLOCK_BYTES)
                if not data:
                    return
                yield data if num_bytes else data.removeprefix(_BYTE_ORDER_MARK)
                num_bytes += len(data)
                if num_bytes > self._max_bytes:
                    raise self._issues.refusal(None, too_many_bytes(self._max_bytes))

    def _hear(self, data: memoryview) -> None:
        self._hash.update(data)
        self._advance(len(data))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Refuse the file if something goes wrong with it."""
        try:
            yield
        except EOFError as error:
            raise self._issues.refusal(None, "the compressed data ends too early") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self._issues.refusal(None, f"not valid gzip: {str(error).lower()}") from error
        except OSError as error:
            raise self._issues.refusal(None, reason(error)) from error
        except ValueError as error:  # a NUL byte, or what the file system's encoding cannot say
            raise self._issues.refusal(None, "is not a valid file name") from error


class _Reader(io.BufferedReader):
    """A reader that an error may leave in the middle of a file.

    Such a file is closed once nothing refers to it, in whichever order its parts are thrown away.
    """

    def __del__(self) -> None:
        self.close()


class _HeardFile(io.FileIO):
    """A file of which every byte that is read is heard of; closed as a `_Reader` is."""

    def __del__(self) -> None:
        self.close()

    def __init__(self, path: Path, hear: Callable[[memoryview], object]) -> None:
        super().__init__(path)
        self._hear = hear

    def readinto(self, buffer: Any) -> int | None:
        """Read into a buffer."""
        num_bytes = super().readinto(buffer)
        if num_bytes:
            self._hear(memoryview(buffer)[:num_bytes])
        return num_bytes


def count_lines(data: bytes) -> int:
    """Return the number of lines, of which only the last one may lack its end."""
    return data.count(b"\n") if b"\r" not in data else len(data.splitlines())
