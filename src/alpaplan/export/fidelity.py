"""What a target cannot keep of a plan: told, and refused where it would be another plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alpaplan.export.engines import DeviceUse, Engine, RoutedGroup
from alpaplan.specs.choices import Dispatch


class Level(StrEnum):
    """How far something is from the plan."""

    APPROXIMATE = "approximate"
    """Done in another way, which comes near."""

    CONDITION = "condition"
    """Kept if something holds that an export cannot make sure of."""

    LOST = "lost"
    """Another plan, which is refused unless it is allowed."""


class Difference(StrEnum):
    """What may differ from the plan."""

    ADMISSION = "admission"
    TIES = "ties"
    ONE_ROUTER = "one-router"
    DISPATCH = "dispatch"
    DEVICE_SHARING = "device-sharing"
    BATCHING = "batching"
    KV_CACHE = "kv-cache"
    STAGES = "stages"
    KV_SHARE = "kv-share"
    PROCESS_OVERHEAD = "process-overhead"
    DEVICE_ORDER = "device-order"
    MULTI_NODE = "multi-node"
    MEMORY = "memory"


@dataclass(frozen=True)
class Fidelity:
    """One thing that differs from the plan.

    Parameters
    ----------
    id
        What it is.
    level
        How far it is from the plan.
    what
        What the plan says.
    target
        What happens.
    """

    id: Difference
    level: Level
    what: str
    target: str


@dataclass(frozen=True)
class PlanFacts:
    """What decides how far an export is from its plan.

    Parameters
    ----------
    engines
        All engines of the plan, those included that the target cannot start.
    groups
        All groups with replicas.
    fixed_service
        Names of the models that are no LLMs.
    dispatch
        The plan's rule.
    devices
        What engines take of each device.
    shared_without_overhead
        Names of the groups whose fixed-service replicas are simulated as one process.
    """

    engines: Sequence[Engine]
    groups: Sequence[RoutedGroup]
    fixed_service: Collection[str]
    dispatch: Dispatch
    devices: Sequence[DeviceUse]
    shared_without_overhead: Sequence[str]

    @property
    def in_several_groups(self) -> list[str]:
        """Models that the router has a choice for."""
        groups_of = Counter(model for group in self.groups for model in group.models)
        return [model for model, number in groups_of.items() if number > 1]

    @property
    def served_fixed(self) -> list[str]:
        """Fixed-service models with a replica."""
        models = dict.fromkeys(engine.model for engine in self.engines)
        return [model for model in models if model in self.fixed_service]

    @property
    def over_nodes(self) -> list[str]:
        """Groups on several nodes."""
        return list(dict.fromkeys(e.group for e in self.engines if len(e.devices) > 1))

    @property
    def out_of_order(self) -> list[str]:
        """Groups that list devices of a node in another order than by index."""
        return list(
            dict.fromkeys(
                engine.group
                for engine in self.engines
                if any(list(p.devices) != sorted(p.devices) for p in engine.devices)
            )
        )


def of_router(facts: PlanFacts) -> Iterator[Fidelity]:
    """Yield what the router cannot keep."""
    fixed, several = facts.served_fixed, facts.in_several_groups
    if fixed:
        yield Fidelity(
            Difference.ADMISSION,
            Level.APPROXIMATE,
            f"{_some('model', fixed)}: a request that would be late is rejected on arrival",
            "the router gives up on a request after its slo_s, and its engine may go on with it",
        )
    if not several:
        return
    choice = f"{_some('model', several)} in several groups"
    yield Fidelity(
        Difference.TIES,
        Level.APPROXIMATE,
        f"{choice}: of equals, the first in plan order gets a request",
        "a random one of them gets it",
    )
    yield Fidelity(
        Difference.ONE_ROUTER,
        Level.CONDITION,
        f"{choice}: open requests are counted in one place",
        "counts are those of one Envoy: several routers would each see a part of them",
    )
    if facts.dispatch is Dispatch.EARLIEST_FINISH:
        yield Fidelity(
            Difference.DISPATCH,
            Level.LOST,
            f"{choice}: the one whose last stage is free first gets a request ({facts.dispatch})",
            f"the one with the fewest open requests gets it ({Dispatch.SHORTEST_QUEUE})",
        )


def of_engines(
    facts: PlanFacts, *, spans_nodes: bool, keeps_device_order: bool
) -> Iterator[Fidelity]:
    """Yield what the engines of a target cannot keep.

    Parameters
    ----------
    facts
        The plan.
    spans_nodes
        Whether an engine can run on several nodes.
    keeps_device_order
        Whether an engine sees devices in the order of the plan.
    """
    for found in (_of_sharing, _of_fixed_service, _of_stages, _of_kv_share, _of_overhead):
        yield from found(facts)
    if facts.out_of_order and not keeps_device_order:
        yield Fidelity(
            Difference.DEVICE_ORDER,
            Level.LOST,
            f"{_some('group', facts.out_of_order)}: stages run on devices in the listed order",
            "containers see the devices of a node by ascending index",
        )
    if facts.over_nodes:
        yield _of_several_nodes(facts, spans_nodes=spans_nodes)


def _of_sharing(facts: PlanFacts) -> Iterator[Fidelity]:
    shared = [group.name for group in facts.groups if len(group.models) > 1]
    if shared:
        yield Fidelity(
            Difference.DEVICE_SHARING,
            Level.APPROXIMATE,
            f"{_some('group', shared)}: replicas take turns on the devices",
            "they are processes that share the devices in slices of time",
        )


def _of_fixed_service(facts: PlanFacts) -> Iterator[Fidelity]:
    fixed = facts.served_fixed
    if not fixed:
        return
    yield Fidelity(
        Difference.BATCHING,
        Level.APPROXIMATE,
        f"{_some('model', fixed)}: batches form as the cluster's max_batch_size says",
        "engines batch continuously by rules of their own",
    )
    yield Fidelity(
        Difference.KV_CACHE,
        Level.CONDITION,
        f"{_some('model', fixed)}: a request's keys and values are working memory",
        "kv_cache_bytes must hold a request of max_model_len, else the engine does not start",
    )


def _of_stages(facts: PlanFacts) -> Iterator[Fidelity]:
    cut = [e.name for e in facts.engines if e.inter_op > 1 and e.layers is None]
    if cut:
        yield Fidelity(
            Difference.STAGES,
            Level.APPROXIMATE,
            f"{_some('engine', cut)}: stages are cut as the profile was measured",
            "the engine cuts by itself (the profile's stages and num_layers would say how)",
        )


def _of_kv_share(facts: PlanFacts) -> Iterator[Fidelity]:
    fewer = [e for e in facts.engines if (e.memory.held_kv_tokens or 0) < (e.memory.kv_tokens or 0)]
    if fewer:
        first = fewer[0].memory
        yield Fidelity(
            Difference.KV_SHARE,
            Level.APPROXIMATE,
            f"{_some('engine', [e.name for e in fewer])}: each stage uses its own share of memory "
            f"for the KV cache ({first.kv_tokens:,} tokens in the first of them)",
            f"all stages have a cache as large as the smallest share ({first.held_kv_tokens:,})",
        )


def _of_overhead(facts: PlanFacts) -> Iterator[Fidelity]:
    if facts.shared_without_overhead:
        yield Fidelity(
            Difference.PROCESS_OVERHEAD,
            Level.LOST,
            f"{_some('group', facts.shared_without_overhead)}: replicas share one process, since "
            "serving.process_overhead_bytes is 0",
            "each is a process that takes memory of its own: set process_overhead_bytes in the "
            "cluster and plan again",
        )


def _of_several_nodes(facts: PlanFacts, *, spans_nodes: bool) -> Fidelity:
    what = f"{_some('group', facts.over_nodes)}: an engine runs on several nodes"
    if spans_nodes:
        target = "the engine must know --nnodes, and its nodes must reach each other"
        return Fidelity(Difference.MULTI_NODE, Level.CONDITION, what, target)
    target = "this target starts an engine on one node only: such groups are left out"
    return Fidelity(Difference.MULTI_NODE, Level.LOST, what, target)


def of_memory(facts: PlanFacts) -> Iterator[Fidelity]:
    """Yield whether processes need more memory than there is."""
    full = [use for use in facts.devices if use.used_bytes > use.usable_bytes]
    if full:
        worst = max(full, key=lambda use: use.used_bytes - use.usable_bytes)
        where = f"device {worst.device} of node {worst.node!r}"
        more = f" and {len(full) - 1} more" if len(full) > 1 else ""
        yield Fidelity(
            Difference.MEMORY,
            Level.LOST,
            f"{where}{more}: {worst.usable_bytes} bytes are usable",
            f"the processes of {len(worst.engines)} engines need {worst.used_bytes} bytes: set "
            "serving.process_overhead_bytes in the cluster and plan again",
        )


def _some(noun: str, names: Sequence[str]) -> str:
    """Name some of the things: the first three, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}{more}"
