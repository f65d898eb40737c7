"""The overhead of parallelism: by hand, as AlpaServe's script has it, and its parts add up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import UnprofiledBatchSizeError
from alpaplan.profiling.overhead import Overhead, overhead_of
from alpaplan.specs.profile import ProfiledConfig
from tests.profiling.configs import config, latencies_s

ONE = config(1, [0.1])
TWO_WAYS = config(2, [0.06])
PIPELINE = config(1, [0.05, 0.06])
BOTH = config(2, [0.04, 0.03])
ALL = [ONE, TWO_WAYS, PIPELINE, BOTH]


def test_every_number_by_hand() -> None:
    # Ideal are 0.1 device-seconds. Sharded 2 x 0.06; the pipeline works 0.11 and occupies 2 x 0.06;
    # both together work 2 x 0.07, of that 2 x 0.06 also without stages, and occupy 4 x 0.04.
    found = {(c.intra_op, c.inter_op): overhead_of(c, ONE, ALL) for c in ALL}
    assert found[1, 1] == Overhead(0.0, 0.0, 0.0, 0.0)
    assert found[2, 1].to_json_dict() == pytest.approx(
        {
            "communication": 0.2,
            "intra_op_communication": 0.2,
            "inter_op_communication": 0.0,
            "imbalance": 0.0,
            "total": 0.2,
        }
    )
    assert found[1, 2].to_json_dict() == pytest.approx(
        {
            "communication": 0.1,
            "intra_op_communication": 0.0,
            "inter_op_communication": 0.1,
            "imbalance": 0.1,
            "total": 0.2,
        }
    )
    assert found[2, 2].to_json_dict() == pytest.approx(
        {
            "communication": 0.4,
            "intra_op_communication": 0.2,
            "inter_op_communication": 0.2,
            "imbalance": 0.2,
            "total": 0.6,
        }
    )


def test_communication_stays_whole_without_the_single_stage() -> None:
    found = overhead_of(BOTH, ONE, [ONE, PIPELINE, BOTH])
    assert (found.intra_op_communication, found.inter_op_communication) == (None, None)
    assert found.communication == pytest.approx(0.4)
    assert found.total == pytest.approx(0.6)


def test_savings_are_negative() -> None:
    # Half the cache misses: faster than twice as fast.
    found = overhead_of(config(2, [0.045]), ONE, [ONE, config(2, [0.045])])
    assert found.communication == pytest.approx(-0.1)
    assert found.total == pytest.approx(-0.1)


def test_a_reference_of_several_stages_has_its_own_imbalance_and_no_communication() -> None:
    reference = config(2, [0.03, 0.05])
    found = overhead_of(reference, reference, [reference])
    assert found.communication == 0.0
    assert found.imbalance == found.total == pytest.approx(0.25)
    # The same work in four equal stages saves that imbalance.
    assert overhead_of(config(2, [0.02] * 4), reference, [reference]).total == pytest.approx(0.0)


def test_batch_sizes_between_profiled_ones() -> None:
    one, pipeline = config(1, {1: [0.1], 5: [0.3]}), config(1, {1: [0.05, 0.05], 3: [0.1, 0.15]})
    # At 3 one device takes 0.2 s, and the pipeline is as profiled.
    found = overhead_of(pipeline, one, [one, pipeline], batch_size=3)
    assert found.communication == pytest.approx(0.25)
    assert found.imbalance == pytest.approx(0.25)
    with pytest.raises(UnprofiledBatchSizeError, match="found 4"):
        overhead_of(pipeline, one, [one, pipeline], batch_size=4)


@given(st.integers(1, 64), st.integers(1, 300), latencies_s)
def test_equal_stages_have_no_imbalance_at_all(intra_op: int, inter_op: int, each_s: float) -> None:
    equal = config(intra_op, [each_s] * inter_op)
    assert overhead_of(equal, ONE, [ONE]).imbalance == 0.0


stages = st.lists(latencies_s, min_size=1, max_size=6)
any_config = st.builds(config, st.integers(1, 9), stages)


@given(any_config, any_config, st.booleans(), latencies_s)
def test_parts_add_up_to_what_the_devices_are_occupied(
    of: ProfiledConfig, reference: ProfiledConfig, is_split: bool, single_stage_s: float
) -> None:
    single = of if of.inter_op == 1 else config(of.intra_op, [single_stage_s])
    others = [reference, single] if is_split else []
    found = overhead_of(of, reference, others)
    assert found.total == found.communication + found.imbalance
    if is_split:
        assert found.intra_op_communication is not None
        assert found.inter_op_communication is not None
        parts = found.intra_op_communication + found.inter_op_communication
        assert found.communication == parts
    assert found.imbalance >= 0

    # Exact arithmetic, by the definition: what devices are occupied over what they would work.
    ideal = reference.intra_op * sum(map(Fraction, reference.stage_latency_s[1]))
    occupied = of.num_devices * Fraction(max(of.stage_latency_s[1]))
    sizes = [1.0, *map(abs, (found.communication, found.imbalance))]
    sizes += [abs(found.intra_op_communication or 0.0), abs(found.inter_op_communication or 0.0)]
    assert found.total == pytest.approx(float(occupied / ideal - 1), rel=0, abs=1e-14 * max(sizes))


@given(stages, latencies_s, st.integers(2, 9))
def test_agrees_with_alpaserves_decomposition_where_that_is_not_cut_off(
    stages_s: list[float], base_s: float, intra_op: int
) -> None:
    # experiments/motivation/overhead_decomposition.py of github.com/alpa-projects/mms, in seconds
    # of a request: inter-op parallelism alone, and intra-op parallelism alone.
    base, pipeline = config(1, [base_s]), config(1, stages_s)
    pipeline_comm_s = sum(stages_s) - base_s
    uneven_s = max(stages_s) * len(stages_s) - pipeline_comm_s - base_s
    found = overhead_of(pipeline, base, [base])
    scale = 1e-9 * (1 + sum(stages_s) / base_s)
    assert found.communication == pytest.approx(pipeline_comm_s / base_s, rel=1e-9, abs=scale)
    assert found.imbalance == pytest.approx(uneven_s / base_s, rel=1e-9, abs=scale)
    sharded = config(intra_op, stages_s[:1])
    sharded_comm_s = stages_s[0] - base_s / intra_op
    expected = intra_op * sharded_comm_s / base_s
    assert overhead_of(sharded, base, [base, sharded]).communication == pytest.approx(
        expected, rel=1e-9, abs=scale * intra_op
    )
