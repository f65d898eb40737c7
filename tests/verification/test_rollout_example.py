"""The example `rollout`, with the router running and stubs in place of engines."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from alpaplan.verification.client import Answer, Client, Server
from alpaplan.verification.envoy import running_router
from alpaplan.verification.processes import running_stubs
from tests.examples import example_page
from tests.export.envoy.routers import stub
from tests.pages import commands_of
from tests.reader import Reader

Ports = Mapping[str, int]
"""Engine -> port of its stub."""

ROUTER_FILES = ("envoy.yaml", "listeners.yaml", "clusters.yaml", "groups.yaml")


def exports_of(folder: Path) -> Path:
    """Do what the page says up to the switch; return the folder with both exports."""
    reader = Reader(folder)
    reader.run_command("alpaplan init here --example rollout")
    reader.run_command("cd here")
    for command in commands_of(example_page("rollout")):
        if "verify" not in command and "> " not in command and "&&" not in command:
            reader.run_command(command)
    return reader.folder


def engines_of(export: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (export / "alpaplan-export.json").read_text(encoding="utf-8")
    )["engines"]
    return found


def here(export: Path, ports: Ports, folder: str, router_port: int) -> dict[str, bytes]:
    """Return an export's router with the folder and the ports of this test."""
    files = {name: yaml.safe_load((export / "envoy" / name).read_bytes()) for name in ROUTER_FILES}
    for cluster in files["clusters.yaml"]["resources"]:
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        address = endpoint["endpoint"]["address"]["socket_address"]
        address["port_value"] = ports[cluster["name"]]
    front = files["listeners.yaml"]["resources"][0]["address"]["socket_address"]
    front |= {"address": "127.0.0.1", "port_value": router_port}
    made = {name: yaml.safe_dump(content) for name, content in files.items()}
    made["envoy.yaml"] = made["envoy.yaml"].replace("/etc/alpaplan/envoy", folder)
    return {name: text.encode() for name, text in made.items()}


async def sent_while_switching(
    server: Server, folder: Path, new: Mapping[str, bytes]
) -> tuple[list[Answer], list[Answer]]:
    """Return answers to requests of the old models all the while, and to the new one afterwards."""
    # A connection knows the models that there were when it was made, for a minute.
    async with Client(server) as client, Client(server) as later:

        async def post(model: str, by: Client = client) -> Answer:
            body = json.dumps({"model": model, "prompt": "x"}).encode()
            return await by.post("/v1/completions", body, 60.0)

        assert (await post("translate")).status == 404
        sent: list[asyncio.Task[Answer]] = []
        for name in ("", "clusters.yaml", "listeners.yaml", "groups.yaml"):
            if name:
                (folder / "new").write_bytes(new[name])
                (folder / "new").rename(folder / name)
            for number in range(30):
                sent.append(asyncio.create_task(post(("search", "classify")[number % 2])))
                await asyncio.sleep(0.02)
        answers = await asyncio.gather(*sent)
        return answers, await asyncio.gather(*(post("translate", later) for _ in range(4)))


@pytest.mark.slow
def test_a_switch_loses_no_request(tmp_path: Path, envoy: Path) -> None:
    folder = exports_of(tmp_path)
    old, new = engines_of(folder / "deploy"), engines_of(folder / "next")
    port_of = {engine["name"]: engine["port"] for engine in old}
    assert port_of.items() < {engine["name"]: engine["port"] for engine in new}.items()
    engines = {engine["name"]: engine["model"] for engine in [*old, *new]}
    router = tmp_path / "router"
    router.mkdir()
    with running_stubs([stub([model], 0.1) for model in engines.values()], router / "log") as found:
        ports = {name: of_stub[engines[name]] for name, of_stub in zip(engines, found, strict=True)}

        def files_for(router_folder: str, port: int) -> dict[str, bytes]:
            return here(folder / "deploy", ports, router_folder, port)

        with running_router(envoy, files_for, router) as server:
            later = here(folder / "next", ports, str(router), server.port)
            answers, translated = asyncio.run(sent_while_switching(server, router, later))
    assert Counter(answer.status for answer in answers) == {200: 120}
    holders = {engine["group"] for engine in new if engine["model"] == "translate"}
    assert {answer.headers.get("x-alpaplan-group") for answer in translated} == holders
