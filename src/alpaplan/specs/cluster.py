"""The cluster document: pools of equal nodes, and how the serving backend behaves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

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


NUMBER_TAG = "<number>"
RANGE_TAG = "<range>"
"""How pydantic calls the two forms of a number of nodes; no key of a document is called so."""


class NodeRange(Spec):
    """How many nodes a pool may have, where sizing chooses their number."""

    min: int = Field(strict=True, ge=0, le=MAX_DEVICES)
    max: Count

    @field_validator("max")
    @classmethod
    def _in_order(cls, largest: int, info: ValidationInfo) -> int:
        smallest = info.data.get("min")
        if smallest is not None and largest < smallest:
            fail_at([Issue((), f"must be at least min ({smallest}), found {largest}")])
        return largest


def _form_of(count: object) -> str:
    return RANGE_TAG if isinstance(count, dict | NodeRange) else NUMBER_TAG


NodeCount = Annotated[
    Annotated[Count, Tag(NUMBER_TAG)] | Annotated[NodeRange, Tag(RANGE_TAG)],
    Discriminator(_form_of),
]
"""Number of nodes of a pool."""


class NodePool(Spec):
    """Equal nodes, named ``<pool>-0``, ``<pool>-1``, ..."""

    name: Name
    count: NodeCount = Field(
        description="number of nodes; a range is for `alpaplan size`, everything else takes its max"
    )
    device: Name = Field(description="device type, as in the model profiles")
    devices_per_node: int = Field(strict=True, ge=1, le=MAX_DEVICES_PER_NODE)
    device_memory_bytes: PositiveBytes
    reserved_memory_bytes: NonNegativeBytes = Field(
        default=0, description="runtime and working memory of each device, not usable for weights"
    )
    load_bandwidth_bytes_per_s: PositiveBytes | None = Field(
        default=None,
        description="at which each device gets weights while all devices load at once; without "
        "it, bytes take no time to load",
    )
    cost_per_hour: NonNegativeNumber | None = Field(
        default=None, description="of one node, in any currency"
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
    def num_nodes(self) -> int:
        """Nodes of the pool: of a range the most."""
        return self.count.max if isinstance(self.count, NodeRange) else self.count

    @property
    def num_devices(self) -> int:
        """Devices in all nodes of the pool."""
        return self.num_nodes * self.devices_per_node

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
    max_batch_size: Count = Field(
        default=1,
        description="most requests of one model that pass the stages together; a profile allows "
        "no more than its largest batch size",
    )
    max_num_batched_tokens: Count = Field(
        default=2048, description="most tokens in an iteration of an LLM's engine"
    )
    max_num_seqs: Count = Field(
        default=256,
        validate_default=True,
        description="most requests that an LLM's engine runs at once",
    )
    iteration_overhead_s: NonNegativeSeconds = Field(
        default=0.0, description="the host's time for each iteration of an LLM's engine"
    )
    process_overhead_bytes: NonNegativeBytes = Field(
        default=0,
        description="what each engine process takes on each of its devices beside weights and "
        "working memory",
    )
    load_overhead_s: NonNegativeSeconds = Field(
        default=0.0, description="start of an engine process, each time a group begins to load"
    )

    @field_validator("max_num_seqs")
    @classmethod
    def _a_token_each(cls, number: int, info: ValidationInfo) -> int:
        tokens = info.data.get("max_num_batched_tokens")
        if tokens is not None and number > tokens:
            # With its name, since the default has no place of its own in a document.
            rule = f"max_num_seqs must be at most max_num_batched_tokens ({tokens})"
            fail_at([Issue((), f"{rule}, found {number}")])
        return number


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
