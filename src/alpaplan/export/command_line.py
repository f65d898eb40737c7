"""How an engine is started: arguments and environment of each of its processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alpaplan.export.engines import Engine
from alpaplan.export.ports import MASTER_PORT_DISTANCE
from alpaplan.specs.engine_flags import LAYER_PARTITION, Flag
from alpaplan.specs.export import LoadedModel

DEVICE_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""Numbers devices as the driver does; without it, the fastest comes first."""

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Process:
    """The part of an engine that one node runs.

    Parameters
    ----------
    node
        The node.
    rank
        Which of the engine's nodes it is; the first one answers requests.
    devices
        Indices of its devices, in the order of the plan.
    args, env
        Arguments of the engine's program, and its environment without the choice of devices.
    """

    node: str
    rank: int
    devices: tuple[int, ...]
    args: tuple[str, ...]
    env: dict[str, str]

    @property
    def env_with_devices(self) -> dict[str, str]:
        """The environment of a process that sees all devices of its node."""
        return self.env | {VISIBLE_DEVICES: ",".join(map(str, self.devices))}


def processes(engine: Engine, loaded: LoadedModel, bind: str, master_address: str) -> list[Process]:
    """Return an engine's processes, one for each of its nodes.

    Parameters
    ----------
    engine
        The engine.
    loaded
        What it loads.
    bind
        Address that its first process listens at.
    master_address
        Where its processes find the first one.
    """
    env = DEVICE_ORDER | ({} if engine.layers is None else {LAYER_PARTITION: _listed(engine)})
    common = [*_options(Flag.SERVED_MODEL_NAME, engine.model), *_arguments(engine, bind)]
    found = []
    for rank, part in enumerate(engine.devices):
        own: list[str] = []
        if len(engine.devices) > 1:
            own += _options(Flag.NNODES, len(engine.devices))
            own += _options(Flag.NODE_RANK, rank)
            own += _options(Flag.MASTER_ADDR, master_address)
            own += _options(Flag.MASTER_PORT, engine.port + MASTER_PORT_DISTANCE)
            own += [Flag.HEADLESS.value] if rank else []
        args = ("serve", loaded.source, *common, *own, *loaded.args)
        found.append(Process(part.node, rank, part.devices, args, env | loaded.env))
    return found


def _listed(engine: Engine) -> str:
    return ",".join(map(str, engine.layers or ()))


def _arguments(engine: Engine, bind: str) -> Iterator[str]:
    yield from _options(Flag.HOST, bind)
    yield from _options(Flag.PORT, engine.port)
    yield from _options(Flag.TENSOR_PARALLEL_SIZE, engine.intra_op)
    yield from _options(Flag.PIPELINE_PARALLEL_SIZE, engine.inter_op)
    yield from _options(Flag.REVISION, engine.revision)
    yield from _options(Flag.MAX_MODEL_LEN, engine.max_model_len)
    yield from _options(Flag.MAX_NUM_SEQS, engine.max_num_seqs)
    yield from _options(Flag.MAX_NUM_BATCHED_TOKENS, engine.max_num_batched_tokens)
    yield from _options(Flag.KV_CACHE_MEMORY_BYTES, engine.memory.kv_cache_bytes)
    yield from _options(Flag.GPU_MEMORY_UTILIZATION, engine.memory.memory_fraction)


def _options(flag: Flag, value: object) -> tuple[str, ...]:
    """Return a flag and its value; nothing without a value."""
    if value is None:
        return ()
    text = str(value)
    # Else it would be taken for a flag.
    return (f"{flag.value}={text}",) if text.startswith("-") else (flag.value, text)
