"""A fake deployment: OpenAI's API, streaming included, with the trouble that a test asks for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from alpaplan.verification.http1 import HEAD_BYTES, body_parts, message, read_head

JSON = {"content-type": "application/json"}


@dataclass
class FakeServer:
    """What it serves, what it does, and what it was asked.

    Parameters
    ----------
    models
        What it lists.
    latency_s, token_s
        Until the first token, and for each further one.
    group
        What answers name; None: none does.
    trouble
        Number of a completion, the warm-up included -> ``close`` or a status.
    key
        The key that it wants.
    most_tokens
        Of an answer, whatever was asked for.
    """

    models: Sequence[str]
    latency_s: float = 0.01
    token_s: float = 0.01
    group: str | None = None
    trouble: dict[int, str] = field(default_factory=dict)
    key: str | None = None
    most_tokens: int = 10_000
    asked: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until it or this server is closed."""
        try:
            await self._serve(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await read_head(reader)) is not None:
            body = b"".join([part async for part in body_parts(reader, head, is_answer=False)])
            if self.key is not None and head.headers.get("authorization") != f"Bearer {self.key}":
                writer.write(message("HTTP/1.1 401 Unauthorized", JSON, b"{}"))
            elif head.first_line.startswith("GET /v1/models "):
                data = [{"id": name, "object": "model"} for name in self.models]
                writer.write(message("HTTP/1.1 200 OK", JSON, json.dumps({"data": data}).encode()))
            elif not await self._complete(json.loads(body), writer):
                break
            await writer.drain()

    async def _complete(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Answer a request for a completion; return whether the connection stays."""
        self.asked.append(asked)
        trouble = self.trouble.get(len(self.asked) - 1)
        if trouble == "close":
            return False
        if trouble is not None:
            writer.write(message(f"HTTP/1.1 {trouble} Trouble", JSON, b"{}"))
            return True
        await asyncio.sleep(self.latency_s)
        headers = {} if self.group is None else {"x-alpaplan-group": self.group}
        choice = json.dumps({"choices": [{"index": 0, "text": "x"}]}).encode()
        if not asked.get("stream"):
            writer.write(message("HTTP/1.1 200 OK", JSON | headers, choice))
            return True
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{fields}\r\n"
        writer.write(head.encode())
        for token in range(min(self.most_tokens, asked["max_tokens"])):
            if token:
                await asyncio.sleep(self.token_s)
            _write_chunk(writer, b"data: " + choice + b"\n\n")
            await writer.drain()
        _write_chunk(writer, b"data: [DONE]\n\n")
        _write_chunk(writer, b"")
        return True


def _write_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """Serve in a thread while the block runs; sets the port."""
    ready, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=HEAD_BYTES)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()
