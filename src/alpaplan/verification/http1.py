"""HTTP/1.1 over asyncio's streams, as much of it as the stubs and the load need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

HEAD_BYTES = 2**16
"""Largest head of a message (bytes), as usual of servers."""

BODY_BYTES = 2**28
"""Largest body (bytes): an answer of a million tokens, each in an event of its own. What is larger
never ends."""


class BadMessageError(Exception):
    """What came is not HTTP, or ended in the middle."""


@dataclass(frozen=True)
class Head:
    """First line and headers of a message; names of headers are in lower case."""

    first_line: str
    headers: dict[str, str]

    @property
    def keeps_alive(self) -> bool:
        """Whether another message may follow on the connection."""
        return self.headers.get("connection", "").lower() != "close"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a head.

    Returns
    -------
    None if the connection was closed before anything of it came.

    Raises
    ------
    BadMessageError
        If it is no head.
    """
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise BadMessageError("the connection was closed in a head") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadMessageError(f"the head is longer than {HEAD_BYTES:,} bytes") from None
    first_line, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadMessageError("a header has no colon")
        headers[name.strip().lower()] = value.strip()
    return Head(first_line, headers)


async def body_parts(
    reader: asyncio.StreamReader, head: Head, *, is_answer: bool
) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Parameters
    ----------
    reader, head
        Where it comes from, and the head that came before.
    is_answer
        Whether a body without a length ends with the connection; a request then has none.

    Raises
    ------
    BadMessageError
        If it ends too early, is no body, or is larger than `BODY_BYTES`.
    """
    size = 0
    async for part in _parts(reader, head, is_answer=is_answer):
        size += len(part)
        if size > BODY_BYTES:
            raise BadMessageError(f"the body is longer than {BODY_BYTES:,} bytes")
        yield part


async def _parts(
    reader: asyncio.StreamReader, head: Head, *, is_answer: bool
) -> AsyncIterator[bytes]:
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        async for part in _chunks(reader):
            yield part
    elif "content-length" in head.headers:
        async for part in _exactly(reader, _number(head.headers["content-length"], 10)):
            yield part
    elif is_answer:
        while part := await reader.read(HEAD_BYTES):
            yield part


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    try:
        while size := _number((await reader.readline()).split(b";")[0].decode("latin-1"), 16):
            async for part in _exactly(reader, size):
                yield part
            await reader.readexactly(2)
        while (await reader.readline()).strip():  # trailers
            pass
    except asyncio.IncompleteReadError:
        raise BadMessageError("the connection was closed in a body") from None
    except ValueError:
        raise BadMessageError(f"a line is longer than {HEAD_BYTES:,} bytes") from None


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        part = await reader.read(min(size, HEAD_BYTES))
        if not part:
            raise BadMessageError("the connection was closed in a body")
        size -= len(part)
        yield part


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        raise BadMessageError("a length is no number") from None
    if number < 0:
        raise BadMessageError("a length is below 0")
    return number


def message(first_line: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a message with a body of known length."""
    fields = {**headers, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{first_line}\r\n{head}\r\n".encode("latin-1") + body
