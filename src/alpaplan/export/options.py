"""What can be set of an export (`--set KEY=VALUE`), and what it is otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from alpaplan.errors import AlpaplanError
from alpaplan.printable import is_printable
from alpaplan.registry import must_be_one_of
from alpaplan.specs.engine_flags import ENGINE_VERSION
from alpaplan.units import format_value

MAX_PORT = 65_535
"""Largest TCP port."""

ROUTER_VERSION = "1.40"
"""Version of Envoy that the router's files are written for."""


@dataclass(frozen=True)
class ExportOptions:
    """What can be set of an export.

    Parameters
    ----------
    base_port
        First port of engines.
    router_port
        Port of the router.
    engine_image, router_image
        Container images.
    engine_path, router_path
        Programs, where there are no containers.
    router_folder
        Where the router finds its files.
    namespace
        Namespace in Kubernetes.
    """

    base_port: int = 8101
    router_port: int = 8000
    engine_image: str = f"vllm/vllm-openai:v{ENGINE_VERSION}.0"
    engine_path: str = "/usr/local/bin/vllm"
    router_image: str = f"envoyproxy/envoy:v{ROUTER_VERSION}-latest"
    router_path: str = "/usr/local/bin/envoy"
    router_folder: str = "/etc/alpaplan/envoy"
    namespace: str = "alpaplan"

    @classmethod
    def of(cls, settings: Iterable[tuple[str, str]]) -> ExportOptions:
        """Return the options with some of them set, the last time that counts.

        Raises
        ------
        ExportOptionError
            With everything wrong with the settings.
        """
        known = {field.name for field in fields(cls)}
        lines = []
        chosen: dict[str, str | int] = {}
        for key, value in settings:
            if key not in known:
                lines.append(f"key {must_be_one_of(option_names(), key)}")
            elif (wrong := _wrong(key, value)) is not None:
                lines.append(f"{key}: {wrong}, found {format_value(value)}")
            else:
                chosen[key] = int(value) if key in PORTS else value
        if lines:
            raise ExportOptionError("\n".join(lines))
        return replace(cls(), **chosen)  # type: ignore[arg-type]

    def to_json_dict(self) -> Mapping[str, str | int]:
        """Return all of them by name."""
        return dict(vars(self))


class ExportOptionError(AlpaplanError):
    """Settings of an export that are not there, or not as they have to be."""


PORTS = ("base_port", "router_port")
"""Options that are port numbers."""


def option_names() -> list[str]:
    """Return the names of all options."""
    return [field.name for field in fields(ExportOptions)]


def _wrong(key: str, value: str) -> str | None:
    """Return what a value has to be if it is not that."""
    if key in PORTS:
        is_port = re.fullmatch("[0-9]{1,5}", value) is not None and 1 <= int(value) <= MAX_PORT
        return None if is_port else f"must be a port from 1 to {MAX_PORT}"
    if key == "namespace":
        is_label = re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value) is not None
        return None if is_label else "must be lower-case letters, digits and inner hyphens"
    if key == "router_folder":
        is_folder = value.startswith("/") and is_printable(value) and ".." not in value.split("/")
        return None if is_folder else "must be an absolute path"
    if not value or not is_printable(value) or re.search(r"\s", value) or value.startswith("-"):
        return "must be a text without spaces that does not begin with a hyphen"
    return None
