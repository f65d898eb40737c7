"""Sends requests to one server, and notes when the parts of an answer come."""

from __future__ import annotations

import asyncio
import collections
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from alpaplan.errors import AlpaplanError
from alpaplan.verification.http1 import HEAD_BYTES, BadMessageError, body_parts, message, read_head

IDLE_S = 2.0
"""Seconds for which a connection without a request is kept (1 to 4): fewer than servers keep it,
of which vLLM's closes after 5."""


class UnansweredError(Exception):
    """A request that got no whole answer; the message is its kind, such as ``timeout``."""


@dataclass(frozen=True)
class Server:
    """Where requests go.

    Parameters
    ----------
    host, port
        Where it listens.
    base_path
        What stands before ``/v1`` in paths, without a slash at the end.
    is_encrypted
        Whether it speaks TLS.
    """

    host: str
    port: int
    base_path: str = ""
    is_encrypted: bool = False

    @classmethod
    def of_url(cls, url: str) -> Server:
        """Read a URL such as ``http://10.0.0.4:8000``; ``/v1`` at its end changes nothing.

        Raises
        ------
        AlpaplanError
            If it is none.
        """
        wanted = "--url must be a URL such as http://10.0.0.4:8000"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise AlpaplanError(f"{wanted}, found {url!r} ({error})") from None
        if parts.username is not None or parts.password is not None:
            raise AlpaplanError(f"{wanted}, without a user; give a key with --api-key-env")
        is_plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
            raise AlpaplanError(f"{wanted}, found {url!r}")
        if parts.query or parts.fragment:
            raise AlpaplanError(f"{wanted}, without a query, found {url!r}")
        is_encrypted = parts.scheme == "https"
        path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
        return cls(parts.hostname, port or (443 if is_encrypted else 80), path, is_encrypted)

    @property
    def authority(self) -> str:
        """Host and port, as the header ``host`` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass
class Answer:
    """An answer; times are those of the event loop.

    Parameters
    ----------
    status, headers
        Of its head; names of headers are in lower case.
    sent_s, ended_s
        When the request was sent, and when the last of the answer had come.
    parts
        The body as it came, each part with its time.
    """

    status: int
    headers: Mapping[str, str]
    sent_s: float
    ended_s: float = 0.0
    parts: list[tuple[float, bytes]] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(part for _, part in self.parts)


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Keeps connections to a server, as many as there are open requests, inside ``async with``.

    Parameters
    ----------
    server
        Where requests go.
    api_key
        Sent with every request; None: none is.
    """

    def __init__(self, server: Server, api_key: str | None = None) -> None:
        self._server = server
        self._headers = {"host": server.authority, "accept": "*/*"}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._tls = ssl.create_default_context() if server.is_encrypted else None
        self._idle: collections.deque[tuple[float, _Connection]] = collections.deque()

    async def get(self, path: str, give_up_s: float) -> Answer:
        """Get a path such as ``/v1/models``; raises as `post` does."""
        return await self._send("GET", path, {}, b"", give_up_s)

    async def post(self, path: str, body: bytes, give_up_s: float) -> Answer:
        """Post JSON.

        Parameters
        ----------
        path
            Where to.
        body
            The JSON.
        give_up_s
            Seconds until the request is given up.

        Raises
        ------
        UnansweredError
            If there is no whole answer by then.
        """
        return await self._send("POST", path, {"content-type": "application/json"}, body, give_up_s)

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, give_up_s: float
    ) -> Answer:
        first_line = f"{method} {self._server.base_path}{path} HTTP/1.1"
        request = message(first_line, {**self._headers, **headers}, body)
        try:
            async with asyncio.timeout(give_up_s):
                return await self._exchange(request)
        except TimeoutError:
            raise UnansweredError("timeout") from None
        except ConnectionRefusedError:
            raise UnansweredError("connection refused") from None
        except ConnectionError:
            raise UnansweredError("connection reset") from None
        except ssl.SSLCertVerificationError:
            raise UnansweredError("untrusted certificate") from None
        except ssl.SSLError:
            raise UnansweredError("no TLS") from None
        except OSError as error:
            raise UnansweredError((error.strerror or "connection error").lower()) from None
        except BadMessageError:
            raise UnansweredError("broken answer") from None

    async def _exchange(self, request: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        sent_s = loop.time()
        reader, writer = await self._connection()
        is_reusable = False
        try:
            writer.write(request)
            head = await read_head(reader)
            if head is None:
                raise ConnectionResetError
            answer = Answer(_status(head.first_line), head.headers, sent_s)
            async for part in body_parts(reader, head, is_answer=True):
                answer.parts.append((loop.time(), part))
            answer.ended_s = loop.time()
            has_length = {"content-length", "transfer-encoding"} & set(head.headers)
            is_reusable = head.keeps_alive and bool(has_length)
            return answer
        finally:
            if is_reusable:
                self._idle.append((loop.time(), (reader, writer)))
            else:
                writer.close()

    async def _connection(self) -> _Connection:
        now_s = asyncio.get_running_loop().time()
        while self._idle:
            since_s, (reader, writer) = self._idle.pop()
            if now_s - since_s < IDLE_S and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        server = self._server
        return await asyncio.open_connection(
            server.host, server.port, ssl=self._tls, limit=HEAD_BYTES
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[1][1].close()


def _status(first_line: str) -> int:
    version, _, rest = first_line.partition(" ")
    code = rest.split(" ", maxsplit=1)[0]
    if not version.startswith("HTTP/1.") or not code.isdecimal():
        raise BadMessageError("no status line")
    return int(code)
