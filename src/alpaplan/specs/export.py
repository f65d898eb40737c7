"""What exports need beside a plan: what engines load, and what the nodes are in real life."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator

from alpaplan.errors import Issue
from alpaplan.printable import CONTROL_CHARACTERS
from alpaplan.specs.cluster import MAX_DEVICES_PER_NODE
from alpaplan.specs.engine_flags import LAYER_PARTITION, flag_set_by
from alpaplan.specs.fields import Count, Name, NonNegativeBytes, Spec, fail_at
from alpaplan.units import format_value

MAX_ARGUMENT_LENGTH = 10_000
"""Characters of the longest argument or variable, far below what systems allow."""


def _matching(pattern: str, rule: str) -> AfterValidator:
    """Make a validator of texts whose messages say the rule in words."""

    def check(text: str) -> str:
        if len(text) > MAX_ARGUMENT_LENGTH or re.fullmatch(pattern, text) is None:
            fail_at([Issue((), f"must be {rule}, found {format_value(text)}")])
        return text

    return AfterValidator(check)


def _leave_to_the_export(name: str) -> str:
    if name.startswith("CUDA_") or name == LAYER_PARTITION:
        fail_at([Issue((), f"must not set {name}, which the export sets")])
    return name


_TEXT = f"[^{CONTROL_CHARACTERS}]*"
_SOURCE = rf"[^\s{CONTROL_CHARACTERS}-]{_TEXT}"
_HOST = "[A-Za-z0-9]([A-Za-z0-9_.:-]{0,251}[A-Za-z0-9])?"

Argument = Annotated[
    str,
    Field(strict=True, json_schema_extra={"pattern": f"^{_TEXT}$"}),
    _matching(_TEXT, f"at most {MAX_ARGUMENT_LENGTH:,} characters without control characters"),
]
"""A text that stands on a command line, or in the environment."""

Source = Annotated[
    str,
    Field(strict=True, json_schema_extra={"pattern": f"^{_SOURCE}$"}),
    _matching(_SOURCE, "a text that begins with neither a space nor a hyphen"),
]
"""A repository or a path, which does not look like an option."""

VariableName = Annotated[
    str,
    Field(strict=True),
    _matching("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
    AfterValidator(_leave_to_the_export),
]

HostName = Annotated[
    str,
    Field(strict=True, json_schema_extra={"pattern": f"^{_HOST}$"}),
    _matching(_HOST, "an address or a host name"),
]

DeviceNumber = Annotated[int, Field(strict=True, ge=0, lt=MAX_DEVICES_PER_NODE)]
"""Index of a device in its node."""

DeviceUuid = Annotated[
    str,
    Field(strict=True, json_schema_extra={"pattern": "^[A-Za-z0-9-]{1,64}$"}),
    _matching("[A-Za-z0-9-]{1,64}", "the UUID of a device (e.g. GPU-8bef1c0a)"),
]


class LoadedModel(Spec):
    """What the engines of a model, or of all models of a profile, load and how."""

    source: Source = Field(description="what the engine loads: a repository or a path")
    revision: Source | None = None
    max_model_len: Count | None = Field(
        default=None, description="most tokens of a request of a fixed-service model"
    )
    kv_cache_bytes: NonNegativeBytes | None = Field(
        default=None,
        description="KV cache on each device of a fixed-service model, a part of the cluster's "
        "process_overhead_bytes; a quarter of that by default",
    )
    num_layers: Count | None = Field(default=None, description="blocks, as the engine counts them")
    first_block: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=1_000_000,
        description="the first block's number among the profile's layers",
    )
    args: tuple[Argument, ...] = Field(default=(), description="more arguments of the engine")
    env: dict[VariableName, Argument] = Field(default={}, description="its environment")

    @field_validator("args")
    @classmethod
    def _leave_flags_to_the_export(cls, args: tuple[str, ...]) -> tuple[str, ...]:
        fail_at(
            Issue((index,), f"must not set {flag}, which the export sets, found {argument!r}")
            for index, argument in enumerate(args)
            if (flag := flag_set_by(argument)) is not None
        )
        return args


class ExportModelsSpec(Spec):
    """What engines load, by the name of the model or else of its profile."""

    kind: Literal["export-models"]
    version: Literal[1]
    models: dict[Name, LoadedModel]


class ExportedNode(Spec):
    """A node of the cluster in real life."""

    address: HostName | None = Field(default=None, description="where other nodes reach it")
    hostname: HostName | None = Field(
        default=None, description="its name in Kubernetes; by default its name in the cluster"
    )
    devices: dict[DeviceNumber, DeviceUuid] = Field(
        default={}, description="device index -> UUID, as nvidia-smi -L lists them"
    )


class ExportNodesSpec(Spec):
    """The nodes of a cluster in real life, by name."""

    kind: Literal["export-nodes"]
    version: Literal[1]
    nodes: dict[Name, ExportedNode]


class _Known(Spec):
    """A part of a file that a later version may say more in."""

    model_config = ConfigDict(extra="ignore")


class ExportedFile(_Known):
    """A file of an export, relative to its folder."""

    path: str = Field(strict=True, pattern=r"^[^/\x00]+(/[^/\x00]+)*$")
    sha256: str

    @field_validator("path")
    @classmethod
    def _stay_inside(cls, path: str) -> str:
        if {".", ".."} & set(path.split("/")):
            fail_at([Issue((), f"must be a path inside the folder, found {path!r}")])
        return path


class ExportedEngine(_Known):
    """What later exports ask of an engine."""

    name: str
    port: int = Field(strict=True, ge=1, le=65_535)


class EarlierExport(_Known):
    """What an ``alpaplan-export.json`` says that later exports ask for."""

    kind: Literal["export", "schedule-export"]
    version: Literal[1]
    files: tuple[ExportedFile, ...]
    engines: tuple[ExportedEngine, ...]
