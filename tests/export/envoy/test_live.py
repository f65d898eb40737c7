"""A real Envoy with the router's files, in front of stubs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from alpaplan.export.envoy.files import router_files
from alpaplan.verification.client import Answer, Client
from tests.export.envoy.routers import Groups, LiveRouter, engines_of, live_router, routed

pytestmark = pytest.mark.slow

Result = TypeVar("Result")

GIVE_UP_S = 60.0


def ask(router: LiveRouter, run: Callable[[Client], Coroutine[None, None, Result]]) -> Result:
    """Do something as a client of the router."""

    async def connected() -> Result:
        async with Client(router.server) as client:
            return await run(client)

    return asyncio.run(connected())


async def post(client: Client, model: str, size: int = 1) -> Answer:
    body = json.dumps({"prompt": "x" * size, "model": model}).encode()
    return await client.post("/v1/completions", body, GIVE_UP_S)


async def group_of(client: Client, model: str) -> str:
    answer = await post(client, model)
    assert answer.status == 200, answer.body
    assert "x-alpaplan-details" not in answer.headers
    return answer.headers["x-alpaplan-group"]


def test_envoy_finds_nothing_wrong_with_the_files(envoy: Path, tmp_path: Path) -> None:
    groups = {"n-0-d0-1x1": ["a", "b: 'c' %&"]}
    files = router_files(
        engines_of(groups), routed(groups), router_folder=str(tmp_path), router_port=8000
    )
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    command = [str(envoy), "--mode", "validate", "-c", str(tmp_path / "envoy.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_open_requests_are_counted_by_group_and_not_by_engine(envoy: Path, tmp_path: Path) -> None:
    async def run(client: Client) -> list[str]:
        others = [asyncio.create_task(group_of(client, "b")) for _ in range(4)]
        await asyncio.sleep(0.3)
        found = await asyncio.gather(*(group_of(client, "a") for _ in range(3)))
        assert await asyncio.gather(*others) == ["first"] * 4
        return found

    groups = {"first": ["a", "b"], "second": ["a"]}
    with live_router(envoy, tmp_path, groups, latency_s=1.0) as router:
        # Each engine of `a` has as many open requests as the other, but `first` has four of `b`.
        assert ask(router, run) == ["second"] * 3


def test_models_are_listed_and_unknown_ones_are_not_found(envoy: Path, tmp_path: Path) -> None:
    async def run(client: Client) -> None:
        listed = json.loads((await client.get("/v1/models", GIVE_UP_S)).body)
        assert [each["id"] for each in listed["data"]] == ["a", "Org/B: 'x' %&\""]
        assert (await post(client, "Org/B: 'x' %&\"")).status == 200
        assert (await post(client, "A")).status == 404
        assert (await client.post("/v1/completions", b"[1]", GIVE_UP_S)).status == 404
        assert (await client.post("/v1/completions", b"{", GIVE_UP_S)).status == 404
        assert (await client.get("/health", GIVE_UP_S)).status == 404
        # Envoy's own limit would be 1 MiB.
        assert (await post(client, "a", size=5 * 2**20)).status == 200

    with live_router(envoy, tmp_path, {"only": ["a", "Org/B: 'x' %&\""]}) as router:
        ask(router, run)


def test_the_router_gives_up_at_the_objective(envoy: Path, tmp_path: Path) -> None:
    async def run(client: Client) -> tuple[int, float]:
        answer = await post(client, "a")
        return answer.status, answer.ended_s - answer.sent_s

    with live_router(envoy, tmp_path, {"only": ["a"]}, latency_s=20.0, slo_s=0.4) as router:
        status, latency_s = ask(router, run)
    assert status == 504
    assert 0.39 <= latency_s < 10  # Envoy counts whole milliseconds


def rename_into(folder: Path, name: str, content: bytes) -> None:
    (folder / f".{name}.new").write_bytes(content)
    (folder / f".{name}.new").replace(folder / name)


def switch(router: LiveRouter, old: Groups, new: Groups) -> None:
    """Go from some groups to others, with the engines of both in between."""
    both = files_of(router, {**old, **new})
    for name in ("clusters.yaml", "listeners.yaml"):
        rename_into(router.folder, name, both[name])
    rename_into(router.folder, "groups.yaml", files_of(router, new)["groups.yaml"])


def forget_others(router: LiveRouter, groups: Groups) -> None:
    """Take everything away that some groups do not need."""
    only = files_of(router, groups)
    for name in ("listeners.yaml", "clusters.yaml"):
        rename_into(router.folder, name, only[name])


def files_of(router: LiveRouter, groups: Groups) -> dict[str, bytes]:
    return router_files(
        engines_of(groups, router.ports),
        routed(groups),
        router_folder=str(router.folder),
        router_port=router.server.port,
        router_address=router.server.host,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"first": ["a", "b"]}, {"third": ["a", "b"]}),
        # The same groups with other models: a group is no other endpoint for that.
        ({"first": ["a", "b"], "third": ["a", "b"]}, {"third": ["a", "b"]}),
    ],
)
def test_renaming_the_endpoint_file_switches_without_a_lost_request(
    envoy: Path, tmp_path: Path, old: Groups, new: Groups
) -> None:
    with live_router(envoy, tmp_path, old, latency_s=0.2, later=new) as router:

        async def run(client: Client) -> Counter[tuple[int, str | None]]:
            sent: list[asyncio.Task[Answer]] = []

            async def keep_sending(seconds: float) -> None:
                end_s = asyncio.get_running_loop().time() + seconds
                while asyncio.get_running_loop().time() < end_s:
                    sent.append(asyncio.create_task(post(client, "ab"[len(sent) % 2])))
                    await asyncio.sleep(0.01)

            await keep_sending(0.3)
            switch(router, old, new)
            await keep_sending(1.5)
            forget_others(router, new)
            await keep_sending(0.5)
            # What was taken away comes back, and goes at once.
            switch(router, new, old)
            await keep_sending(0.5)
            switch(router, old, new)
            await keep_sending(0.5)
            answers = await asyncio.gather(*sent)
            assert {await group_of(client, "a") for _ in range(5)} == set(new)
            return Counter((each.status, each.headers.get("x-alpaplan-group")) for each in answers)

        found = ask(router, run)
    assert {status for status, _ in found} == {200}, found
    assert {group for _, group in found} == {*old, *new}
