"""Configurations of profiles, by hand and at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from alpaplan.specs.profile import ProfiledConfig


def config(
    intra_op: int,
    stages_s: Sequence[float] | Mapping[int, Sequence[float]],
    activation_bytes: Mapping[int, Sequence[int]] | None = None,
    device: str = "gpu",
) -> ProfiledConfig:
    """Return a configuration of as many stages as there are latencies, at batch size 1 or more."""
    by_size = stages_s if isinstance(stages_s, Mapping) else {1: stages_s}
    num_stages = len(by_size[1])
    return ProfiledConfig.model_validate(
        {
            "device": device,
            "intra_op": intra_op,
            "inter_op": num_stages,
            "stage_weight_bytes": [10**9] * num_stages,
            "stage_latency_s": dict(by_size),
            "stage_activation_bytes": activation_bytes,
        }
    )


latencies_s = st.floats(1e-6, 1e3)

batch_sizes = st.sets(st.integers(2, 5_000), max_size=6).map(lambda more: sorted({1, *more}))


@st.composite
def configs(draw: st.DrawFn) -> ProfiledConfig:
    """Return a configuration with latencies at random batch sizes, 1 among them."""
    num_stages = draw(st.integers(1, 5))
    stages = st.lists(latencies_s, min_size=num_stages, max_size=num_stages)
    by_size = {size: draw(stages) for size in draw(batch_sizes)}
    return config(draw(st.integers(1, 8)), by_size)
