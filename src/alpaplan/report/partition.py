"""The table that `alpaplan profile partition` prints."""

from __future__ import annotations

from rich.table import Table

from alpaplan.report.tables import percent, table
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.stages import layer_ranges
from alpaplan.units import format_bytes, format_seconds


def partition_table(profile: ModelProfileSpec) -> Table:
    """Return a row for each configuration of a profile with stages.

    ``idle`` is the share of time that a device waits on average for the longest stage, in a
    pipeline that is always busy.
    """
    columns = ("intra_op", "inter_op", "longest stage", "latency", "idle", "memory")
    title = f"Stages of {profile.name} on {profile.configs[0].device}"
    made = table(title, *columns, "layers", right=columns)
    for config in profile.configs:
        latencies = config.stage_latency_s[1]
        longest, whole = max(latencies), sum(latencies)
        activations = (config.stage_activation_bytes or {}).get(1, (0,) * config.inter_op)
        memory = map(sum, zip(config.stage_weight_bytes, activations, strict=True))
        made.add_row(
            str(config.intra_op),
            str(config.inter_op),
            format_seconds(longest),
            format_seconds(whole),
            percent(1 - whole / (config.inter_op * longest), 1),
            format_bytes(max(memory)),
            layer_ranges(config.stages),
        )
    return made
