"""systemd: a unit for each engine on each node, and a target that starts those of a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alpaplan.export.command_line import Process
from alpaplan.export.engines import Engine
from alpaplan.export.exported import Export
from alpaplan.export.options import ExportOptions
from alpaplan.export.targets.router import ROUTER, router_arguments
from alpaplan.export.targets.target import (
    HEALTH_PERIOD_S,
    START_TIMEOUT_S,
    Target,
    health_url,
    node_folder,
)

TARGET_UNIT = "alpaplan.target"

_RESTART_S = 5
"""Pause before a process that ended is started again (seconds; 1 to 60)."""


def _files(export: Export, _: object) -> dict[str, str]:
    files: dict[str, str] = {}
    for node in export.nodes:
        folder = node_folder(node)
        units = {}
        for engine, process in export.on_node(node):
            units[_unit_name(engine.name)] = _engine_unit(engine, process, export.options)
        if node == export.router_node:
            units[_unit_name(ROUTER)] = _router_unit(export.options)
        files |= {f"{folder}/{name}": text for name, text in units.items()}
        files[f"{folder}/{TARGET_UNIT}"] = _target_unit(node, units)
    return files


def _unit_name(name: str) -> str:
    return f"alpaplan-{name}.service"


def _engine_unit(engine: Engine, process: Process, options: ExportOptions) -> str:
    earlier = [_unit_name(name) for name in engine.after]
    url = health_url(engine.host, engine.port)
    wait = f"until curl --fail --silent {url}; do sleep {HEALTH_PERIOD_S}; done"
    return _unit(
        f"alpaplan: {engine.model} on {engine.group}",
        ["network-online.target", *earlier],
        [
            *_environment(process.env_with_devices),
            unit_command("ExecStart", options.engine_path, process.args),
            # The next engine on these devices starts when this one has taken its memory.
            unit_command("ExecStartPost", "/bin/sh", ["-c", wait]),
            f"TimeoutStartSec={START_TIMEOUT_S}",
        ],
    )


def _router_unit(options: ExportOptions) -> str:
    start = unit_command("ExecStart", options.router_path, router_arguments(options))
    return _unit("alpaplan: router", ["network-online.target"], [start])


def _unit(description: str, after: Iterable[str], service: Iterable[str]) -> str:
    lines = [
        "[Unit]",
        f"Description={_without_specifiers(description)}",
        "Wants=network-online.target",
        f"After={' '.join(after)}",
        f"PartOf={TARGET_UNIT}",
        "",
        "[Service]",
        *service,
        "Restart=always",
        f"RestartSec={_RESTART_S}",
    ]
    return "\n".join(lines) + "\n"


def _target_unit(node: str, units: Iterable[str]) -> str:
    lines = [
        "[Unit]",
        f"Description={_without_specifiers(f'alpaplan: engines of {node}')}",
        *(f"Wants={name}" for name in units),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def _environment(env: Mapping[str, str]) -> list[str]:
    # In values of variables, a dollar sign stands for itself.
    return [f"Environment={unit_word(f'{name}={value}')}" for name, value in env.items()]


def unit_command(key: str, program: str, arguments: Iterable[str]) -> str:
    """Return a line of a unit file that starts a program."""
    escaped = (unit_word(argument).replace("$", "$$") for argument in arguments)
    return " ".join([f"{key}={_without_specifiers(program)}", *escaped])


def unit_word(text: str) -> str:
    """Return a text as one word of a unit file."""
    inner = _without_specifiers(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"' if inner != text or not text or _needs_quotes(text) else text


def _needs_quotes(text: str) -> bool:
    return any(letter.isspace() or letter in "'\"\\;" for letter in text)


def _without_specifiers(text: str) -> str:
    return text.replace("%", "%%")


SYSTEMD = Target(
    files=_files, spans_nodes=True, keeps_device_order=True, chooses_devices_by_env=True
)
