from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.profiling.steps import (
    SHORTEST_STEP_S,
    MeasuredStep,
    StepTimes,
    fit_steps,
    interpolated_step_s,
    left_out_errors,
)

TIMES = StepTimes({1: 0.004, 8: 0.005, 512: 0.012, 2048: 0.040}, 7e-10, 4e-8)


def steps_of(times: StepTimes) -> list[MeasuredStep]:
    """Return iterations that take exactly what the times say, each number of tokens twice."""
    plain = [MeasuredStep.of_decoding(n, kv, 1.0) for n in (1, 8) for kv in (100, 3000)]
    plain += [MeasuredStep.of_prompts(*prompts, 1.0) for prompts in ((1, 512), (4, 128))]
    plain += [MeasuredStep.of_prompts(*prompts, 1.0) for prompts in ((1, 2048), (4, 512))]
    return [
        MeasuredStep(
            step.num_tokens,
            step.num_pairs,
            step.num_kv_tokens,
            times.seconds(step.num_tokens, step.num_pairs, step.num_kv_tokens),
        )
        for step in plain
    ]


def test_work_of_iterations() -> None:
    assert MeasuredStep.of_prompts(3, 4, 1.0) == MeasuredStep(12, 30, 0, 1.0)
    assert MeasuredStep.of_decoding(3, 50, 1.0) == MeasuredStep(3, 0, 150, 1.0)


def test_between_and_beyond_rows() -> None:
    table = {10: 2.0, 20: 4.0, 40: 5.0}
    found = [interpolated_step_s(table, tokens) for tokens in (1, 10, 15, 20, 30, 40, 80)]
    assert found == [2.0, 2.0, 3.0, 4.0, 4.5, 5.0, 7.0]
    assert [interpolated_step_s({7: 3.0}, tokens) for tokens in (1, 7, 100)] == [3.0] * 3


def test_exact_times_are_found_again() -> None:
    found = fit_steps(steps_of(TIMES))
    assert found.step_s == pytest.approx(TIMES.step_s, rel=1e-9)
    assert found.attention_s == pytest.approx(TIMES.attention_s, rel=1e-9)
    assert found.kv_read_s == pytest.approx(TIMES.kv_read_s, rel=1e-9)
    errors = left_out_errors(steps_of(TIMES))
    assert errors == pytest.approx([0.0] * 8, abs=1e-9)


def test_terms_are_not_negative() -> None:
    # The longer context is faster: nothing can be said of KV tokens, and the mean is kept.
    steps = [MeasuredStep.of_decoding(4, 100, 0.011), MeasuredStep.of_decoding(4, 900, 0.010)]
    found = fit_steps(steps)
    assert (found.attention_s, found.kv_read_s) == (0.0, 0.0)
    assert 0.010 < found.step_s[4] < 0.011


def test_one_length_leaves_attention_in_the_table() -> None:
    steps = [MeasuredStep.of_prompts(n, 512, 0.01 * n) for n in (1, 2, 4)]
    assert fit_steps(steps) == StepTimes({512: 0.01, 1024: 0.02, 2048: 0.04}, 0.0, 0.0)


def test_a_step_is_predicted_from_its_neighbors_if_no_other_has_as_many_tokens() -> None:
    steps = [MeasuredStep.of_decoding(n, 0, seconds) for n, seconds in ((1, 1), (2, 1.8), (3, 3))]
    # The first and the last of all have none on one side.
    assert left_out_errors(steps) == pytest.approx([2 / 1.8 - 1])
    assert left_out_errors(steps[:1]) == []


@given(
    st.dictionaries(st.integers(1, 5000), st.floats(1e-4, 1.0), min_size=1, max_size=8),
    st.lists(st.integers(1, 4000), min_size=1, max_size=3),
)
def test_a_fit_is_a_profile(table: dict[int, float], contexts: list[int]) -> None:
    steps = [MeasuredStep.of_decoding(n, kv, s) for n, s in table.items() for kv in contexts]
    found = fit_steps(steps)
    assert sorted(found.step_s) == sorted(table)
    assert min(found.step_s.values()) >= SHORTEST_STEP_S
    assert found.attention_s == 0.0
    assert found.kv_read_s >= 0.0
