"""The placement plan: the output document, which people and backends read and may write by hand."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from alpaplan.errors import Issue
from alpaplan.specs.choices import Dispatch, Effort, StopReason
from alpaplan.specs.cluster import MAX_DEVICES_PER_NODE
from alpaplan.specs.fields import (
    Count,
    Fraction,
    Name,
    NonNegativeNumber,
    NonNegativeSeconds,
    PositiveNumber,
    PositiveSeconds,
    Spec,
    duplicates,
    exactly_one,
    fail_at,
)
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.parallel_config import MAX_PARALLELISM
from alpaplan.specs.prediction import LatencySummary, Prediction
from alpaplan.specs.stages import Stages, wrong_number_of_stages

DeviceIndex = Annotated[int, Field(strict=True, ge=0, lt=MAX_DEVICES_PER_NODE)]
"""Index of a device in its node."""


KV_FRACTION_ROUNDING = 1e-9
"""How far the KV fractions of a group may be above 1 together (a fraction), by rounding."""


class NodeDevices(Spec):
    """Some devices of one node, by their index in the node."""

    node: Name
    devices: tuple[DeviceIndex, ...] = Field(min_length=1)

    @field_validator("devices")
    @classmethod
    def _device_once(cls, devices: tuple[int, ...]) -> tuple[int, ...]:
        fail_at(duplicates((str(device) for device in devices), key=None))
        return devices


class ReplicaSpec(Spec):
    """One model's copy on the group."""

    model: Name
    stages: Stages | None = Field(
        default=None, description="the layers that each stage runs, if the profile says so"
    )
    max_batch_size: Count | None = Field(
        default=None,
        description="largest batch here, if smaller than the cluster and the profile allow",
    )
    kv_fraction: PositiveNumber | None = Field(
        default=None,
        description="of the memory that an LLM's group has for KV caches; all its replicas have it "
        "or none, for equal shares",
    )


class GroupSpec(Spec):
    """A device group: what it runs, where, and the replicas on it."""

    name: Name
    device: Name
    intra_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    inter_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    devices: tuple[NodeDevices, ...] = Field(
        min_length=1, description="stage s runs on devices [s*intra_op, (s+1)*intra_op) as listed"
    )
    replicas: tuple[ReplicaSpec, ...] = ()

    @field_validator("devices")
    @classmethod
    def _node_once(cls, devices: tuple[NodeDevices, ...]) -> tuple[NodeDevices, ...]:
        fail_at(duplicates((item.node for item in devices), key="node"))
        return devices

    @field_validator("replicas")
    @classmethod
    def _model_once(cls, replicas: tuple[ReplicaSpec, ...]) -> tuple[ReplicaSpec, ...]:
        fail_at(duplicates((item.model for item in replicas), key="model"))
        return replicas

    @field_validator("replicas")
    @classmethod
    def _stages_of_the_group(
        cls, replicas: tuple[ReplicaSpec, ...], info: ValidationInfo
    ) -> tuple[ReplicaSpec, ...]:
        issues = []
        for index, item in enumerate(replicas):
            where = (index, "stages")
            issues += wrong_number_of_stages(where, item.stages, info.data.get("inter_op"))
        fail_at(issues)
        return replicas

    @field_validator("replicas")
    @classmethod
    def _shares_of_one(cls, replicas: tuple[ReplicaSpec, ...]) -> tuple[ReplicaSpec, ...]:
        given = [item.kv_fraction for item in replicas if item.kv_fraction is not None]
        without = [index for index, item in enumerate(replicas) if item.kv_fraction is None]
        total = math.fsum(given)
        if given and without:
            what = "must have a kv_fraction as others of the group have, found none"
            fail_at(Issue((index,), what) for index in without)
        if total > 1 + KV_FRACTION_ROUNDING:
            fail_at([Issue((), f"kv_fraction must be at most 1 together, found {total:.10g}")])
        return replicas


class InputRecord(Spec):
    """One file that the plan was made from."""

    model_config = ConfigDict(json_schema_extra=exactly_one("path", "name"))

    role: Literal["cluster", "workload", "profile", "trace"]
    path: str | None = Field(default=None, min_length=1, description="relative to the plan")
    name: Name | None = Field(default=None, description="of a profile that alpaplan comes with")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.name is None):
            found = "none" if self.path is None else "both"
            text = f"must have either path or name, found {found}"
            raise PydanticCustomError("place", "{text}", {"text": text})
        return self


class AttemptRecord(Spec):
    """One attempt of a search: its best placement, on the arrivals that the search saw."""

    method: Name
    partition: str = Field(description="its groups: how many of which (intra_op, inter_op)")
    replicas: int = Field(strict=True, ge=0)
    slo_attainment: Fraction = Field(description="weighted as the search weighs it")
    mean_latency_s: NonNegativeSeconds | None = Field(
        default=None, description="of attained requests"
    )


class VariedInputs(Spec):
    """What was not as the inputs say when the plan was made."""

    rate: PositiveNumber | None = Field(default=None, description="factor of all rates")
    cv: PositiveNumber | None = Field(default=None, description="factor of all CVs of arrivals")
    slo: PositiveNumber | None = Field(default=None, description="factor of all objectives")
    nodes: dict[Name, Annotated[int, Field(strict=True, ge=0)]] | None = Field(
        default=None, description="node pool -> its number of nodes"
    )


class StartRecord(Spec):
    """The plan that a search started from, and what it cost to move away from it."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    move_cost: NonNegativeNumber = Field(
        description="points of SLO attainment for loading as many weights as that plan has"
    )


class Provenance(Spec):
    """Where the plan came from: enough to make it again."""

    alpaplan: str
    method: str
    seed: int = Field(strict=True, ge=0)
    effort: Effort | None = None
    max_evaluations: int | None = Field(default=None, strict=True, ge=1)
    restarts: int | None = Field(
        default=None, strict=True, ge=2, description="independent searches; the best was kept"
    )
    window_s: PositiveSeconds | None = Field(
        default=None, description="of a schedule: length of the windows that it was planned by"
    )
    starts_s: tuple[NonNegativeSeconds, ...] | None = Field(
        default=None, description="of a schedule: when windows that were listed start"
    )
    foresight: Literal[True] | None = Field(
        default=None,
        description="of a schedule: set if windows were planned on the arrivals that they bring",
    )
    duration_s: PositiveSeconds | None = Field(
        default=None, description="of a schedule: the time that was planned for, if it was given"
    )
    target: Fraction | None = Field(
        default=None, description="of a schedule: attainment to reach on as few devices as it takes"
    )
    device_cost: PositiveNumber | None = Field(
        default=None, description="of a schedule: requests an hour that a device has to attain"
    )
    request_value: PositiveNumber | None = Field(
        default=None, description="of a schedule: what an attained request is worth"
    )
    stopped_early: StopReason | None = Field(
        default=None,
        description="set if the search was stopped, so that it cannot be repeated",
    )
    trace: str | None = Field(
        default=None,
        min_length=1,
        description="recorded requests used in place of the workload's arrivals, also listed in "
        "inputs; relative to the plan",
    )
    as_recorded: Literal[True] | None = Field(
        default=None,
        description="set if times that were recorded in long ticks were kept, not spread over them",
    )
    start: StartRecord | None = Field(
        default=None, description="set if the search started from a plan that ran"
    )
    inputs: tuple[InputRecord, ...] = ()
    tried: tuple[AttemptRecord, ...] = Field(
        default=(),
        description="the attempt that won, and the best others, one for each division into groups",
    )
    varied: VariedInputs | None = Field(
        default=None, description="set by `alpaplan size` and `sweep`: what they changed"
    )

    @property
    def is_of_schedule(self) -> bool:
        """Whether it is of a schedule, which has windows."""
        return self.window_s is not None or self.starts_s is not None


class Routing(Spec):
    """How requests choose between the groups that hold their model."""

    dispatch: Dispatch


class PlannedModel(Spec):
    """One model of the workload as the plan serves it."""

    name: Name
    profile: Name
    slo_s: PositiveSeconds | None = None
    slo: TokenObjectives | None = Field(default=None, description="of an LLM")
    groups: tuple[Name, ...] = ()
    requests: int | None = Field(
        default=None, strict=True, ge=0, description="that slo_attainment was measured on"
    )
    slo_attainment: Fraction | None = None
    latency_s: LatencySummary | None = Field(default=None, description="of attained requests")
    ttft_s: LatencySummary | None = Field(default=None, description="of served requests to an LLM")
    tpot_s: LatencySummary | None = Field(default=None, description="of served requests to an LLM")
    best_latency_s: PositiveSeconds | None = Field(
        default=None, description="only for a model that cannot meet its slo_s anywhere"
    )


class PlanSpec(Spec):
    """A placement with its predictions; only `kind`, `version` and `groups` are needed."""

    kind: Literal["placement-plan"]
    version: Literal[1]
    provenance: Provenance | None = None
    prediction: Prediction | None = None
    groups: tuple[GroupSpec, ...]
    unused_devices: tuple[NodeDevices, ...] = ()
    routing: Routing | None = None
    models: tuple[PlannedModel, ...] = ()

    @field_validator("groups")
    @classmethod
    def _check_names(cls, groups: tuple[GroupSpec, ...]) -> tuple[GroupSpec, ...]:
        fail_at(duplicates(group.name for group in groups))
        return groups
