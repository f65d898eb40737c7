"""The table that `alpaplan profile partition` prints."""

from __future__ import annotations

from alpaplan.profiling.batch_sizes import (
    batch_latency_s,
    idle_fraction,
    memory_bytes,
    slowest_stage_s,
)
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.stages import layer_ranges
from alpaplan.units import format_bytes, format_seconds


def stages_table(profile: ModelProfileSpec) -> Table:
    """Return a row for each configuration of a profile with stages.

    ``idle`` is the share of time that a device waits on average for the longest stage, in a
    pipeline that is always busy.
    """
    columns = ("intra_op", "inter_op", "longest stage", "latency", "idle", "memory")
    title = f"Stages of {profile.name} on {profile.configs[0].device}"
    made = Table(title, *columns, "layers", right=columns)
    for config in profile.fixed_configs:
        made.add_row(
            str(config.intra_op),
            str(config.inter_op),
            format_seconds(slowest_stage_s(config, 1)),
            format_seconds(batch_latency_s(config, 1)),
            percent(idle_fraction(config, 1), 1),
            format_bytes(memory_bytes(config, 1)),
            layer_ranges(config.stages),
        )
    return made
