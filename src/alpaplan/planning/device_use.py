"""How much of a cluster a plan uses."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec


@dataclass(frozen=True)
class DeviceUse:
    """Devices that a plan uses.

    Parameters
    ----------
    num_used
        Devices of groups with replicas.
    num_devices
        Devices of the cluster; None if only a plan is known that does not tell.
    busy
        Mean predicted utilization of the used devices, a fraction; None if the plan has none.
    """

    num_used: int
    num_devices: int | None
    busy: float | None

    @classmethod
    def of(cls, plan: PlanSpec, cluster: ClusterSpec | None = None) -> DeviceUse:
        """Count the devices of a plan.

        Parameters
        ----------
        plan
            The plan.
        cluster
            What it is for. Without it, plans that alpaplan made say what is left over.
        """
        sizes = {
            group.name: group.intra_op * group.inter_op for group in plan.groups if group.replicas
        }
        num_used = sum(sizes.values())
        num_devices = None
        if cluster is not None:
            num_devices = sum(pool.num_devices for pool in cluster.node_pools)
        elif plan.provenance is not None:
            num_idle = sum(len(node.devices) for node in plan.unused_devices)
            groups = sum(group.intra_op * group.inter_op for group in plan.groups)
            num_devices = groups + num_idle
        predicted = plan.prediction.groups if plan.prediction is not None else ()
        utilization = {group.name: group.utilization for group in predicted}
        busy = None
        if num_used and sizes.keys() <= utilization.keys():
            busy = sum(size * utilization[name] for name, size in sizes.items()) / num_used
        return cls(num_used, num_devices, busy)
