"""Batch sizes between profiled ones: exact, linear, never beyond; and how far off on real data."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import AlpaplanError, UnprofiledBatchSizeError
from alpaplan.guide.pages import page_text
from alpaplan.profiling.batch_sizes import (
    batch_latency_s,
    idle_fraction,
    memory_bytes,
    reaches,
    slowest_stage_s,
    stage_activation_bytes,
    stage_latency_s,
)
from alpaplan.specs.profile import ProfiledConfig
from tests.profiling.configs import config, configs

TWO_STAGES = config(
    2, {1: [0.1, 0.2], 4: [0.25, 0.8], 8: [0.65, 0.8]}, {1: [10, 20], 4: [21, 20], 8: [21, 60]}
)


def test_profiled_batch_sizes_give_what_is_in_the_profile() -> None:
    for size, latencies in TWO_STAGES.stage_latency_s.items():
        assert stage_latency_s(TWO_STAGES, size) == latencies
    assert stage_activation_bytes(TWO_STAGES, 4) == (21, 20)
    assert batch_latency_s(TWO_STAGES, 1) == sum([0.1, 0.2])


def test_between_them_every_stage_is_linear() -> None:
    assert stage_latency_s(TWO_STAGES, 2) == pytest.approx((0.15, 0.4))
    assert stage_latency_s(TWO_STAGES, 3) == pytest.approx((0.2, 0.6))
    assert stage_latency_s(TWO_STAGES, 6) == pytest.approx((0.45, 0.8))
    assert batch_latency_s(TWO_STAGES, 6) == pytest.approx(1.25)


def test_the_slowest_stage_and_how_long_others_wait_for_it() -> None:
    assert slowest_stage_s(TWO_STAGES, 1) == 0.2
    assert idle_fraction(TWO_STAGES, 1) == pytest.approx(0.25)  # 0.1 of 2 * 0.2 s
    assert idle_fraction(TWO_STAGES, 4) == pytest.approx(0.55 / 1.6)
    assert idle_fraction(config(1, {1: [0.3]}), 1) == 0.0


def test_memory_is_that_of_the_fullest_stage() -> None:
    assert TWO_STAGES.stage_weight_bytes == (10**9, 10**9)
    assert memory_bytes(TWO_STAGES, 1) == 10**9 + 20
    assert memory_bytes(TWO_STAGES, 4) == 10**9 + 21
    assert memory_bytes(config(1, {1: [0.1, 0.2]}), 1) == 10**9


def test_parts_of_a_byte_are_rounded_up() -> None:
    # 10 + 11/3 and 10 + 22/3; and 20 as it is.
    assert stage_activation_bytes(TWO_STAGES, 2) == (14, 20)
    assert stage_activation_bytes(TWO_STAGES, 3) == (18, 20)


def test_without_working_memory_there_is_none() -> None:
    silent = config(1, {1: [0.1, 0.2], 4: [0.3, 0.4]})
    assert stage_activation_bytes(silent, 1) == (0, 0)
    assert stage_activation_bytes(silent, 3) == (0, 0)


@pytest.mark.parametrize("of", [stage_latency_s, stage_activation_bytes, batch_latency_s])
@pytest.mark.parametrize(
    ("sizes", "asked", "profiled"),
    [([1, 2, 8], 9, "1 to 8"), ([1], 2, "1 only"), ([1, 4], 0, "1 to 4")],
)
def test_nothing_is_extrapolated(
    of: Callable[[ProfiledConfig, int], object], sizes: list[int], asked: int, profiled: str
) -> None:
    profile = config(4, {size: [0.1, 0.2] for size in sizes}, device="v100")
    assert not reaches(profile, asked)
    with pytest.raises(UnprofiledBatchSizeError) as caught:
        of(profile, asked)
    assert isinstance(caught.value, AlpaplanError)
    assert str(caught.value) == (
        f"v100 intra_op 4 inter_op 2: batch size must be within the profiled range ({profiled}), "
        f"found {asked}"
    )


@given(configs(), st.data())
def test_as_numpy_interpolates_in_the_range_and_an_error_outside(
    random: ProfiledConfig, data: st.DataObject
) -> None:
    sizes = sorted(random.stage_latency_s)
    asked = data.draw(st.integers(1, sizes[-1] + 3))
    if asked > sizes[-1]:
        with pytest.raises(UnprofiledBatchSizeError):
            stage_latency_s(random, asked)
        return
    expected = [
        np.interp(asked, sizes, [random.stage_latency_s[size][stage] for size in sizes])
        for stage in range(random.inter_op)
    ]
    assert stage_latency_s(random, asked) == pytest.approx(expected, rel=1e-9)


# How good it is: every batch size of 2, 4, 8 and 16 that was measured is left out once, and
# predicted from its neighbors. The guide's table has the same numbers.

LEFT_OUT = (2, 4, 8, 16)

Series = Mapping[int, float]
"""Batch size -> latency of one model in one configuration."""

GUIDE_ROWS = {
    "prefill, aiconfigurator": ("aiconfigurator_*.csv", "prefill_latency_ms"),
    "decode step, aiconfigurator": ("aiconfigurator_*.csv", "decode_step_latency_ms"),
    "prefill, Splitwise": ("splitwise_*.csv", "prefill_latency_ms"),
    "decode step, Splitwise": ("splitwise_*.csv", "decode_step_latency_ms"),
}
"""Row of the guide's table -> files and column."""

_KEYS = (
    *("model", "gpu", "hardware", "tp", "tensor_parallel", "pp"),
    *("input_len", "prompt_size", "token_size"),
)
"""Columns of either data set that tell its series apart."""


def measured(profiles: Path, pattern: str, column: str) -> list[Series]:
    """Return the series of a data set; repeated measurements count by their mean."""
    found: dict[tuple[str | None, ...], dict[int, list[float]]] = defaultdict(dict)
    for path in sorted(profiles.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("oom") != "1":
                    key = (path.name, *(row.get(name) for name in _KEYS))
                    found[key].setdefault(int(row["batch_size"]), []).append(float(row[column]))
    return [{size: float(np.mean(x)) for size, x in by_size.items()} for by_size in found.values()]


def neighbors(series: Iterable[Series]) -> Iterator[tuple[Series, int]]:
    """Yield every series with each batch size that is between others and shall be left out."""
    for by_size in series:
        inner = sorted(by_size)[1:-1]
        yield from ((by_size, size) for size in inner if size in LEFT_OUT)


def linear(by_size: Series, left_out: int) -> float:
    """Predict with the product's own code."""
    profiled = {size: [value] for size, value in by_size.items() if size != left_out}
    return batch_latency_s(config(1, profiled), left_out)


def log_log(by_size: Series, left_out: int) -> float:
    """Predict by a straight line between the logarithms of batch size and latency."""
    sizes = sorted(size for size in by_size if size != left_out)
    logs = np.interp(
        math.log(left_out),
        [math.log(size) for size in sizes],
        [math.log(by_size[size]) for size in sizes],
    )
    return math.exp(float(logs))


def errors(
    cases: Sequence[tuple[Series, int]], predict: Callable[[Series, int], float]
) -> tuple[float, float]:
    """Return median and 95th percentile of the relative error."""
    found = [abs(predict(by_size, size) / by_size[size] - 1) for by_size, size in cases]
    return float(np.median(found)), float(np.percentile(found, 95))


@pytest.mark.parametrize("row", GUIDE_ROWS)
def test_the_guide_says_how_far_off_it_is(shared_cases: Path, row: str) -> None:
    cases = list(neighbors(measured(shared_cases / "profiles", *GUIDE_ROWS[row])))
    cells = [row, f"{len(cases):,}"]
    for predict in (linear, log_log):
        cells += [f"{100 * error:.1f}%" for error in errors(cases, predict)]
    expected = f"| {' | '.join(cells)} |"
    assert expected in page_text("measured").splitlines()


def test_linear_is_closer_than_log_log_all_together(shared_cases: Path) -> None:
    cases = [
        case
        for name, column in GUIDE_ROWS.values()
        for case in neighbors(measured(shared_cases / "profiles", name, column))
    ]
    assert len(cases) > 4000
    (median, p95), (other_median, other_p95) = errors(cases, linear), errors(cases, log_log)
    assert median < other_median < 0.05
    assert p95 < other_p95 < 0.2
    said = (
        f"median {100 * median:.1f}% against {100 * other_median:.1f}%, and 95% below "
        f"{100 * p95:.1f}% against {100 * other_p95:.1f}%"
    )
    assert said in " ".join(page_text("measured").split())
