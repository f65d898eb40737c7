"""The client, with servers that answer in all ways that HTTP has, and in others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.verification import http1
from alpaplan.verification.client import Answer, Client, Server, UnansweredError
from alpaplan.verification.http1 import HEAD_BYTES, body_parts, read_head

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def exchange(reply: bytes, num_requests: int = 1) -> tuple[list[Answer], int]:
    """Send requests one after another to a server that closes after each reply without a length.

    Returns
    -------
    The answers, and how many connections there were.
    """
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while (head := await read_head(reader)) is not None:
            async for _ in body_parts(reader, head, is_answer=False):
                pass
            writer.write(reply)
            await writer.drain()
            if b"ontent-length" not in reply and b"chunked" not in reply:
                break
        writer.close()

    async def run() -> list[Answer]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_BYTES)
        port = server.sockets[0].getsockname()[1]
        try:
            async with Client(Server("127.0.0.1", port)) as client:
                return [await client.post("/x", b"{}", 5.0) for _ in range(num_requests)]
        finally:
            server.close()
            await asyncio.sleep(0.01)

    return asyncio.run(run()), connections


def test_bodies_of_known_length_keep_the_connection() -> None:
    answers, connections = exchange(OK + b"Content-length: 5\r\n\r\nhello", 3)
    assert [answer.body for answer in answers] == [b"hello"] * 3
    assert connections == 1


def test_chunks_are_put_together() -> None:
    reply = OK + b"transfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\na: b\r\n\r\n"
    answers, connections = exchange(reply, 2)
    assert [answer.body for answer in answers] == [b"abcde"] * 2
    assert connections == 1


def test_bodies_may_end_with_the_connection() -> None:
    answers, connections = exchange(OK + b"x-group: g0\r\n\r\nhello", 2)
    assert [answer.body for answer in answers] == [b"hello"] * 2
    assert answers[0].headers["x-group"] == "g0"
    assert connections == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"", "connection reset"),
        (b"hello\r\n\r\n", "broken answer"),
        (OK + b"nonsense\r\n\r\n", "broken answer"),
        (OK[:10], "broken answer"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 2 * HEAD_BYTES + b"\r\n\r\n", "broken answer"),
        (OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001, "broken answer"),
        (OK + b"\r\n" + b"x" * 1001, "broken answer"),
        (CHUNKED + b"3e9\r\n" + b"x" * 1001, "broken answer"),
        (CHUNKED + b"1" * 2 * HEAD_BYTES, "broken answer"),
        (CHUNKED + b"0\r\n" + b"y" * 2 * HEAD_BYTES, "broken answer"),
    ],
)
def test_what_is_no_answer(reply: bytes, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "BODY_BYTES", 1000)
    with pytest.raises(UnansweredError, match=kind):
        exchange(reply)


def test_nobody_listens_or_answers() -> None:
    async def run(*, listens: bool) -> None:
        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(never, "127.0.0.1", 0)
        client = Client(Server("127.0.0.1", server.sockets[0].getsockname()[1]))
        if not listens:
            server.close()
        try:
            await client.post("/x", b"{}", 0.2)
        finally:
            server.close()
            await asyncio.sleep(0.01)

    with pytest.raises(UnansweredError, match="connection refused"):
        asyncio.run(run(listens=False))
    with pytest.raises(UnansweredError, match="timeout"):
        asyncio.run(run(listens=True))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://h:8000", Server("h", 8000)),
        ("http://h", Server("h", 80)),
        ("https://h/v1/", Server("h", 443, is_encrypted=True)),
        ("http://[::1]:1/a/b/v1", Server("::1", 1, "/a/b")),
    ],
)
def test_urls(url: str, server: Server) -> None:
    assert Server.of_url(url) == server


@pytest.mark.parametrize(
    "url",
    ["h:8000", "ftp://h", "http://", "http://h:x", "http://h?a=b", "http://h/a b", "http://ä"],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(AlpaplanError, match="must be a URL such as"):
        Server.of_url(url)


def test_a_key_in_a_url_is_not_repeated() -> None:
    with pytest.raises(AlpaplanError) as error:
        Server.of_url("http://user:secret@h")
    assert "secret" not in str(error.value)
