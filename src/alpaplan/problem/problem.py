"""The placement problem: everything that search and simulator need, as immutable arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.batching import BatchTable
from alpaplan.problem.engines import EngineTable
from alpaplan.problem.required import RequiredReplicas
from alpaplan.specs.choices import Dispatch


@dataclass(frozen=True)
class DevicePool:
    """Equal nodes of the cluster.

    Parameters
    ----------
    name, device
        Name of the pool, and its device type.
    num_nodes, devices_per_node
        How many nodes, and devices in each.
    usable_memory_bytes
        Memory of one device for weights and activations.
    load_bandwidth_bytes_per_s
        At which each device gets weights; infinite where bytes take no time to load.
    cost_per_hour
        Of one node, in any currency; None where nobody says.
    """

    name: str
    device: str
    num_nodes: int
    devices_per_node: int
    usable_memory_bytes: int
    load_bandwidth_bytes_per_s: float = math.inf
    cost_per_hour: float | None = None

    @property
    def num_devices(self) -> int:
        """Devices in all nodes."""
        return self.num_nodes * self.devices_per_node

    def can_hold_group_of(self, num_devices: int) -> bool:
        """Whether such a group lies inside one node or covers whole nodes."""
        if num_devices <= self.devices_per_node:
            return True
        return num_devices % self.devices_per_node == 0 and num_devices <= self.num_devices


@dataclass(frozen=True)
class GroupShape:
    """What a device group can be: a parallel configuration on the devices of one pool."""

    pool: int
    intra_op: int
    inter_op: int

    @property
    def num_devices(self) -> int:
        """Devices of one such group."""
        return self.intra_op * self.inter_op


@dataclass(frozen=True)
class PlacementProblem:
    """One cluster, its models and what every model costs on every possible group.

    Axes: ``M`` models in workload order, ``P`` profiles, ``H`` group shapes, ``S`` the most
    stages of any shape. Entries of stages that a shape does not have are 0.

    An LLM's profile stands in several rows ``P`` if its models differ in what decides what they
    cost: context, lengths of requests, objective for each token. What times are of one request is
    of an average request here: its part of iterations.

    Parameters
    ----------
    model_names
        Names of the models, ``M``.
    profile_names
        Names of the profiles in use, ``P``; those of LLMs may stand there several times.
    profile_of_model : int64[M]
        Index of each model's profile.
    slo_s : float64[M]
        Latency objective of each model; see `alpaplan.problem.build_engines` for LLMs.
    model_weight : float64[M]
        How much one attained request of each model counts.
    pools
        Node pools in cluster order.
    shapes
        Group shapes that some profile lists and the cluster can hold, ``H``.
    num_stages : int64[H]
        ``inter_op`` of each shape.
    supported : bool[H, P]
        Whether the profile lists this configuration on this device type.
    stage_latency_s : float64[H, P, S]
        Stage latencies at batch size 1, the stage overhead included; of an LLM what an average
        request adds to the stages' work.
    stage_weight_bytes, stage_activation_bytes : int64[H, P, S]
        Memory of one replica on each device of each stage; the working memory is that of the
        largest batch that a replica without a cap of its own may have, and 0 for LLMs.
    dispatch
        Which group gets a request.
    request_overhead_s
        Added once to every request.
    process_overhead_bytes
        What each engine process takes on each of its devices beside weights and working memory;
        above 0 fixed-service replicas of a group are processes of their own too.
    load_overhead_s
        Start of an engine process, each time a group begins to load.
    batches
        What batches take; None where no batch may have more than one request.
    engines
        What engines take; None where there are no LLMs.
    required
        Replicas that models have to have; None where no model has to have any.
    """

    model_names: tuple[str, ...]
    profile_names: tuple[str, ...]
    profile_of_model: NDArray[np.int64]
    slo_s: NDArray[np.float64]
    model_weight: NDArray[np.float64]
    pools: tuple[DevicePool, ...]
    shapes: tuple[GroupShape, ...]
    num_stages: NDArray[np.int64]
    supported: NDArray[np.bool_]
    stage_latency_s: NDArray[np.float64]
    stage_weight_bytes: NDArray[np.int64]
    stage_activation_bytes: NDArray[np.int64]
    dispatch: Dispatch
    request_overhead_s: float
    process_overhead_bytes: int = 0
    load_overhead_s: float = 0.0
    batches: BatchTable | None = None
    engines: EngineTable | None = None
    required: RequiredReplicas | None = None

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def num_models(self) -> int:
        """Number of models, ``M``."""
        return len(self.model_names)

    @property
    def model_is_llm(self) -> NDArray[np.bool_]:
        """Whether each model is an LLM, ``bool[M]``."""
        if self.engines is None:
            return np.zeros(self.num_models, dtype=np.bool_)
        return self.engines.is_llm[self.profile_of_model]

    def pool_of(self, shape: int) -> DevicePool:
        """Return the pool that groups of a shape lie in."""
        return self.pools[self.shapes[shape].pool]
