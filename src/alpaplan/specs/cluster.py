"""The cluster document: pools of equal nodes, and how the serving backend behaves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.choices import Dispatch
from alpaplan.specs.fields import (
    Count,
    Name,
    NonNegativeBytes,
    NonNegativeNumber,
    NonNegativeSeconds,
    PositiveBytes,
    Spec,
    duplicates,
    fail_at,
)

MAX_DEVICES_PER_NODE = 1024
"""Far above any machine built."""

MAX_DEVICES = 100_000
"""Most devices of one cluster: a search looks at each of them again and again."""


class NodePool(Spec):
    """Equal nodes, named ``<pool>-0``, ``<pool>-1``, ..."""

    name: Name
    count: Count
    device: Name = Field(description="device type, as in the model profiles")
    devices_per_node: int = Field(strict=True, ge=1, le=MAX_DEVICES_PER_NODE)
    device_memory_bytes: PositiveBytes
    reserved_memory_bytes: NonNegativeBytes = Field(
        default=0, description="runtime and working memory of each device, not usable for weights"
    )

    @field_validator("reserved_memory_bytes")
    @classmethod
    def _leave_something(cls, reserved: int, info: ValidationInfo) -> int:
        total = info.data.get("device_memory_bytes")
        if total is not None and reserved >= total:
            fail_at([Issue((), f"must be below device_memory_bytes ({total}), found {reserved}")])
        return reserved

    @property
    def usable_memory_bytes(self) -> int:
        """Memory for weights and activations on each device."""
        return self.device_memory_bytes - self.reserved_memory_bytes

    @property
    def num_devices(self) -> int:
        """Devices in all nodes of the pool."""
        return self.count * self.devices_per_node

    def node_name(self, index: int) -> str:
        """Name of the pool's node number `index`."""
        return f"{self.name}-{index}"


class Serving(Spec):
    """How the backend behaves; every field is optional."""

    dispatch: Dispatch = Dispatch.SHORTEST_QUEUE
    request_overhead_s: NonNegativeSeconds = Field(
        default=0.0, description="added once to every request's latency"
    )
    stage_overhead: NonNegativeNumber = Field(
        default=0.0, description="each stage latency is multiplied by 1 + stage_overhead * inter_op"
    )
    max_batch_size: Count = 1

    @field_validator("max_batch_size")
    @classmethod
    def _refuse_batching(cls, size: int) -> int:
        if size > 1:
            fail_at([Issue((), f"batching is not supported yet: must be 1, found {size}")])
        return size


class ClusterSpec(Spec):
    """The devices that a placement may use."""

    kind: Literal["cluster"]
    version: Literal[1]
    name: Name
    node_pools: tuple[NodePool, ...] = Field(min_length=1)
    serving: Serving = Serving()

    @field_validator("node_pools")
    @classmethod
    def _few_enough_devices(cls, pools: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
        num_devices = sum(pool.num_devices for pool in pools)
        if num_devices > MAX_DEVICES:
            what = f"must have at most {MAX_DEVICES:,} devices together, found {num_devices:,}"
            fail_at([Issue((), what)])
        return pools

    @field_validator("node_pools")
    @classmethod
    def _check_names(cls, pools: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
        fail_at(duplicates(pool.name for pool in pools))
        return pools
