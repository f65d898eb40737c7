"""The stub of one group: a program that answers like its engines, and computes nothing.

Started with ``python -m``. It reads one line of JSON from standard input (`StubGroup.to_json`),
prints the ports that it chose, one for each replica, and ends with its standard input, so that
it never outlives what started it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from alpaplan.verification.http1 import (
    HEAD_BYTES,
    BadMessageError,
    Head,
    body_parts,
    message,
    read_head,
)
from alpaplan.verification.stub_queue import Batch, StubQueue, StubReplica, Waiting

LOCALHOST = "127.0.0.1"

BACKLOG = 4096
"""Connections that may wait to be accepted (a count); the system's own limit may be smaller."""


@dataclass(frozen=True)
class StubGroup:
    """What a stub serves; times are those of the plan times the scale.

    Parameters
    ----------
    replicas
        Model -> what it takes, in the order of the ports.
    """

    replicas: dict[str, StubReplica]

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps({model: asdict(times) for model, times in self.replicas.items()})

    @classmethod
    def from_json(cls, line: str) -> StubGroup:
        """Read what `to_json` wrote."""
        data: dict[str, dict[str, Any]] = json.loads(line)
        return cls({model: StubReplica(**fields) for model, fields in data.items()})


class StubServer:
    """Answers the requests of one group.

    Parameters
    ----------
    group
        What it serves.
    """

    def __init__(self, group: StubGroup) -> None:
        self._queue = StubQueue(group.replicas)
        self._numbers = count()
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def serve(
        self, model: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer all requests of one connection to the port of a model."""
        try:
            while (head := await read_head(reader)) is not None:
                arrival_s = asyncio.get_running_loop().time()
                parts = [part async for part in body_parts(reader, head, is_answer=False)]
                writer.write(await self._answer(model, head, b"".join(parts), arrival_s))
                await writer.drain()
        except (BadMessageError, OSError):
            pass  # the other side is gone, or no client of ours
        finally:
            writer.close()

    async def _answer(self, model: str, head: Head, body: bytes, arrival_s: float) -> bytes:
        if not head.first_line.startswith("POST /v1/"):
            return _json_answer("404 Not Found", {"error": {"message": "not served here"}})
        try:
            asked = json.loads(body).get("model")
        except (ValueError, AttributeError):
            return _json_answer("400 Bad Request", {"error": {"message": "no JSON object"}})
        if asked != model:
            return _json_answer("404 Not Found", {"error": {"message": "another model's port"}})
        if not await self._finished(model, arrival_s):
            error = {"message": "cannot be in time", "type": "overloaded_error"}
            return _json_answer("429 Too Many Requests", {"error": error})
        choice = {"index": 0, "text": " ", "logprobs": None, "finish_reason": "length"}
        return _json_answer(
            "200 OK", {"object": "text_completion", "model": model, "choices": [choice]}
        )

    async def _finished(self, model: str, arrival_s: float) -> bool:
        """Wait until a request is answered; return False at once if it is rejected."""
        self._note(self._queue.started(arrival_s, before=True))
        request = Waiting(next(self._numbers), model, arrival_s)
        if not self._queue.arrive(request):
            return False
        loop = asyncio.get_running_loop()
        answer = self._answers[request.number] = loop.create_future()
        self._start_due()
        await answer
        return True

    def _start_due(self) -> None:
        """Start the batches that are due, and come back when the next one is."""
        loop = asyncio.get_running_loop()
        self._note(self._queue.started(loop.time()))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        start_s = self._queue.next_start_s()
        if start_s is not None:
            self._timer = loop.call_at(start_s, self._start_due)

    def _note(self, batches: Iterable[Batch]) -> None:
        """Have the members of batches answered when these finish."""
        loop = asyncio.get_running_loop()
        for batch in batches:
            for member in batch.members:
                loop.call_at(batch.finish_s, self._resolve, member.number)

    def _resolve(self, number: int) -> None:
        answer = self._answers.pop(number)
        if not answer.done():  # its connection may be gone
            answer.set_result(None)


def _json_answer(status: str, content: dict[str, Any]) -> bytes:
    headers = {"content-type": "application/json"}
    return message(f"HTTP/1.1 {status}", headers, json.dumps(content).encode())


async def run_stub(group: StubGroup) -> None:
    """Serve a group until standard input ends."""
    server = StubServer(group)
    listening = [
        await asyncio.start_server(
            functools.partial(server.serve, model), LOCALHOST, 0, limit=HEAD_BYTES, backlog=BACKLOG
        )
        for model in group.replicas
    ]
    ports = [each.sockets[0].getsockname()[1] for each in listening]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Run the program."""
    asyncio.run(run_stub(StubGroup.from_json(sys.stdin.readline())))


if __name__ == "__main__":
    main()
