"""Clusters that allow larger batches than a model was profiled for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alpaplan.errors import Issue
from alpaplan.problem.feasibility import name_models
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import ServedModel


def unprofiled_batches(
    cluster: ClusterSpec, profiles: Iterable[ModelProfileSpec], models: Sequence[ServedModel] = ()
) -> Iterator[Issue]:
    """Yield what a user should know of a cluster's largest batch: it is no error.

    Batches end at the largest size profiled, as nothing is extrapolated.

    Parameters
    ----------
    cluster
        The cluster.
    profiles
        Profiles that are used on it.
    models
        Models that use them, to be named.
    """
    limit = cluster.serving.max_batch_size
    devices = {pool.device for pool in cluster.node_pools}
    for profile in profiles:
        here = (config for config in profile.fixed_configs if config.device in devices)
        largest = max((size for config in here for size in config.stage_latency_s), default=limit)
        if largest < limit:
            users = [model.name for model in models if model.profile == profile.name]
            of = f"{name_models(users)} (profile {profile.name!r})" if users else repr(profile.name)
            what = f"{limit} is above every batch size profiled for {of}: its largest is {largest}"
            yield Issue(("serving", "max_batch_size"), what)
