"""The configuration that others of a model are measured by."""

from __future__ import annotations

from collections.abc import Iterable

from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.specs.profile import ProfiledConfig


def smallest_config(configs: Iterable[ProfiledConfig], batch_size: int = 1) -> ProfiledConfig:
    """Return the configuration of the fewest devices, of equals the one of the smallest latency.

    Where latencies are equal too, the first one.

    Parameters
    ----------
    configs
        At least one; each has to reach the batch size.
    batch_size
        Requests that the latency is of.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is outside the profiled range of one of them.
    """
    return min(
        configs, key=lambda config: (config.num_devices, batch_latency_s(config, batch_size))
    )
