"""What an export starts, read from the files of its target as the target reads them.

It shares nothing with the writers: each format's own rules of quoting are undone here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Started:
    """A process that a target starts.

    Parameters
    ----------
    name, node
        Engine and node; of Kubernetes the host name.
    args, env
        Arguments behind the program, and environment.
    devices
        Devices that it gets, as the target names them.
    after
        Engines that it waits for.
    """

    name: str
    node: str
    args: list[str]
    env: dict[str, str]
    devices: list[str]
    after: set[str]


def document(folder: Path) -> Any:
    """Return what an export says of itself."""
    return json.loads((folder / "alpaplan-export.json").read_text(encoding="utf-8"))


def started(folder: Path, target: str) -> list[Started]:
    """Return all engines' processes that an export starts."""
    readers = {
        "compose": _compose,
        "systemd": _systemd,
        "kubernetes": _kubernetes,
        "launch": _launch,
    }
    return list(readers[target](folder))


def _compose(folder: Path) -> Iterator[Started]:
    for path in sorted(folder.glob("nodes/*/compose.yaml")):
        project = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, service in project["services"].items():
            if name == "router":
                continue
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            after = service.get("depends_on", {})
            assert all(value == {"condition": "service_healthy"} for value in after.values())
            yield Started(
                name,
                path.parent.name,
                [text.replace("$$", "$") for text in service["command"]],
                {key: value.replace("$$", "$") for key, value in service["environment"].items()},
                device["device_ids"],
                set(after),
            )


def _systemd(folder: Path) -> Iterator[Started]:
    for path in sorted(folder.glob("nodes/*/alpaplan-*.service")):
        if path.name == "alpaplan-router.service":
            continue
        lines = [line.partition("=") for line in path.read_text(encoding="utf-8").splitlines()]
        values = {key: value for key, _, value in lines}
        assert "/health" in values["ExecStartPost"]
        variables = [unit_words(value)[0] for key, _, value in lines if key == "Environment"]
        env = dict(variable.split("=", 1) for variable in variables)
        words = unit_words(values["ExecStart"])
        after = {word for word in values["After"].split() if word.startswith("alpaplan-")}
        yield Started(
            _engine_of(path.name),
            path.parent.name,
            [word.replace("$$", "$") for word in words[1:]],
            {key: value for key, value in env.items() if key != "CUDA_VISIBLE_DEVICES"},
            env["CUDA_VISIBLE_DEVICES"].split(","),
            {_engine_of(unit) for unit in after},
        )


def _engine_of(unit: str) -> str:
    return unit.removeprefix("alpaplan-").removesuffix(".service")


def unit_words(text: str) -> list[str]:
    """Split a value of a unit file as systemd.syntax and systemd.unit say."""
    words = []
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', text):
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted or not plain else plain
        assert not re.search("%", word.replace("%%", "")), text
        words.append(word.replace("%%", "%"))
    return words


def _kubernetes(folder: Path) -> Iterator[Started]:
    text = (folder / "alpaplan.yaml").read_text(encoding="utf-8")
    manifests = list(yaml.safe_load_all(text))
    claims = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] == "ResourceClaim"}
    services = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] == "Service"}
    port_of = {name: spec["ports"][0]["port"] for name, spec in services.items()}
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        if manifest["kind"] != "Deployment" or name == "alpaplan-router":
            continue
        assert manifest["spec"]["replicas"] == 1
        assert manifest["spec"]["strategy"] == {"type": "Recreate"}
        pod = manifest["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        (claim,) = pod["resourceClaims"]
        requests = claims[claim["resourceClaimName"]]["devices"]["requests"]
        expressions = [r["exactly"]["selectors"][0]["cel"]["expression"] for r in requests]
        waits = [wait["command"][-1] for wait in pod.get("initContainers", [])]
        yield Started(
            name,
            pod["nodeSelector"]["kubernetes.io/hostname"],
            [expanded(text) for text in container["args"]],
            {item["name"]: expanded(item["value"]) for item in container["env"]},
            [re.findall(r'uuid == "([^"]+)"', text)[0] for text in expressions],
            {
                other
                for other, port in port_of.items()
                if any(f"://{other}." in wait and f":{port}/health" in wait for wait in waits)
            },
        )


def expanded(text: str) -> str:
    """Return what Kubernetes makes of a text without variables: ``$$`` is a dollar sign."""
    result, position = "", 0
    while position < len(text):
        if text[position : position + 2] == "$$":
            result, position = result + "$", position + 2
            continue
        assert text[position : position + 2] != "$(", text
        result, position = result + text[position], position + 1
    return result


def _launch(folder: Path) -> Iterator[Started]:
    commands = json.loads((folder / "launch.json").read_text(encoding="utf-8"))
    assert (commands["kind"], commands["version"]) == ("launch-list", 1)
    *_, router = commands["commands"]
    assert (router["name"], router["rank"], router["after"]) == ("router", 0, [])
    assert router["argv"][-2:] == ["--concurrency", "1"]
    for command in commands["commands"]:
        assert set(command) == {"name", "node", "rank", "env", "argv", "after", "health"}
        if command["name"] == "router":
            continue
        env = dict(command["env"])
        devices = env.pop("CUDA_VISIBLE_DEVICES").split(",")
        after = set(command["after"])
        yield Started(command["name"], command["node"], command["argv"][1:], env, devices, after)
