"""Times and memory of engines: worked out by hand, and limits that hold for all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.engine_service import (
    MeanRequest,
    idle_objectives_s,
    kv_tokens,
    most_kv_tokens,
    offered_work_s,
    step_s,
    table_of,
)
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.lengths import MeanLengths
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB

ONE = [(1, 1)]


def problem_of(
    *profiles: ModelProfileSpec,
    on: ClusterSpec | None = None,
    models: Sequence[Mapping[str, object]] = (),
) -> PlacementProblem:
    return make.problem(models or [make.llm_model()], profiles or [make.llm_profile()], on)


@pytest.mark.parametrize(
    ("tokens", "expected_s"),
    [
        (1, 0.010),  # up to the first row it is that row's
        (4, 0.010),
        (8, 0.012),
        (14, 0.015),
        (24, 0.016),
        (114, 0.025),
    ],
)
def test_steps_are_linear_between_rows_and_beyond_the_last(tokens: int, expected_s: float) -> None:
    profile = make.llm_profile(step_s={14: 0.015, 4: 0.010, 24: 0.016}, shapes=ONE)
    found = step_s(table_of(problem_of(profile)), 0, 0, np.array([float(tokens)]))
    assert found.tolist() == [[pytest.approx(expected_s)]]


def test_one_row_of_steps_is_for_all_numbers_of_tokens() -> None:
    profile = make.llm_profile(step_s={8: 0.02}, shapes=[(1, 2)])
    found = step_s(table_of(problem_of(profile)), 0, 0, np.array([1.0, 8.0, 1000.0]))
    assert found.tolist() == [[0.01, 0.01]] * 3


def test_an_average_request_brings_prompt_decoding_and_attention() -> None:
    request = MeanRequest.of(MeanLengths(3, 4))
    # The prompt emits the first token; the others attend to 4, 5 and 6 tokens, their own included.
    assert (request.tokens, request.decoded) == (6, 3)
    assert (request.pairs, request.kv_reads) == (1 + 2 + 3, 4 + 5 + 6)


def test_offered_work_is_a_share_of_full_iterations() -> None:
    profile = make.llm_profile(
        step_s={1: 0.01, 1001: 0.11}, kv_read_s=1e-6, attention_s=1e-6, shapes=ONE
    )
    on = make.cluster(
        make.pool(memory=80 * GB),
        max_num_batched_tokens=1000,
        max_num_seqs=1000,
        stage_overhead=0.5,
        iteration_overhead_s=0.003,
    )
    engines = table_of(problem_of(profile, on=on))
    work_s = offered_work_s(engines, 0, 0, MeanLengths(100, 1), math.inf, 10**6)
    # Ten prompts of 100 tokens fill an iteration; each has 100 * 101 / 2 pairs.
    step, pairs = 0.01 + 0.1 * 999 / 1000, 5050e-6
    assert work_s.tolist() == [pytest.approx((step / 10 + pairs) * 1.5 + 0.003 / 10)]
    # With 4 requests at once no iteration has more than 4 * 149 / 50 tokens.
    few = make.cluster(make.pool(memory=80 * GB), max_num_batched_tokens=1000, max_num_seqs=4)
    engines = table_of(problem_of(profile, on=few))
    work_s = offered_work_s(engines, 0, 0, MeanLengths(99, 51), math.inf, 10**6)
    tokens = 4 * 149 / 50
    step = 0.01 + 0.1 * (tokens - 1) / 1000
    reads = sum(range(100, 150)) * 1e-6
    assert work_s.tolist() == [pytest.approx(step * 149 / tokens + 99 * 100 / 2 * 1e-6 + reads)]


def test_offered_work_keeps_to_the_objective_for_each_token() -> None:
    engines = table_of(problem_of(make.llm_profile(step_s={1: 0.01, 1001: 0.11}, shapes=ONE)))
    mean = MeanLengths(100, 51)
    loose, tight, impossible = (
        offered_work_s(engines, 0, 0, mean, tpot_s, 10**6)[0] for tpot_s in (1.0, 0.02, 0.001)
    )
    assert loose < tight < impossible
    assert impossible == pytest.approx(50 * (0.01 + 0.1 * 2 / 1000))  # a request for itself


@given(
    inputs=st.floats(1, 4000),
    outputs=st.floats(1, 4000),
    tpot_s=st.floats(1e-4, 10),
    tokens=st.integers(-5, 100_000),
)
def test_offered_work_is_never_more_than_what_a_request_takes_alone(
    inputs: float, outputs: float, tpot_s: float, tokens: int
) -> None:
    on = make.cluster(make.pool(memory=80 * GB), iteration_overhead_s=0.001)
    problem = problem_of(make.llm_profile(kv_read_s=1e-7, attention_s=1e-9), on=on)
    engines, mean = table_of(problem), MeanLengths(inputs, outputs)
    for h, num_stages in enumerate(problem.num_stages.tolist()):
        work_s = offered_work_s(engines, h, 0, mean, tpot_s, tokens)
        assert (work_s[:num_stages] > 0).all()
        assert (work_s[num_stages:] == 0).all()
        first_s, further_s = idle_objectives_s(engines, h, 0, mean)
        assert work_s.sum() <= 1.01 * (first_s + (outputs - 1) * further_s) * max(
            1.0, inputs / (outputs - 1 or 1)
        )


def test_an_idle_group_takes_chunks_through_its_stages_one_behind_the_other() -> None:
    profile = make.llm_profile(step_s={1: 0.01, 101: 0.03}, attention_s=4e-6, shapes=[(1, 2)])
    on = make.cluster(max_num_batched_tokens=51, max_num_seqs=8, iteration_overhead_s=0.001)
    engines = table_of(problem_of(profile, on=on))
    first_s, further_s = idle_objectives_s(engines, 0, 0, MeanLengths(102, 10))
    chunk_s = (0.02 + 4e-6 * 102 * 103 / 2 / 2) / 2
    assert first_s == pytest.approx(3 * chunk_s + 2 * 0.001)
    assert further_s == pytest.approx(0.01 + 0.001)


def test_a_request_alone_reads_what_it_holds_before_each_token() -> None:
    profile = make.llm_profile(step_s={1: 0.01}, kv_read_s=1e-5, shapes=ONE)
    engines = table_of(problem_of(profile))
    # After a prompt of 100, the 50 further tokens read 101, 102, ... 150.
    _, further_s = idle_objectives_s(engines, 0, 0, MeanLengths(100, 51))
    assert further_s == pytest.approx(0.01 + 1e-5 * 125.5)


class TestKvTokens:
    # 10 GB, weights of 4, 1 of working memory and 0.5 for a process leave 4.5 for one engine.
    on = make.cluster(process_overhead_bytes=GB // 2)
    models = (make.llm_model("a"), make.llm_model("b", "half"), make.model("f", "fixed"))
    profiles = (
        make.llm_profile(working_bytes=GB, shapes=ONE),
        make.llm_profile("half", weight_bytes=GB, kv_bytes_per_token=200_000, shapes=ONE),
        make.profile("fixed", shapes=ONE),
    )

    def tokens(
        self, replicas: list[list[bool]], kv_fraction: list[list[float]] | None = None
    ) -> list[list[int]]:
        problem = problem_of(*self.profiles, on=self.on, models=self.models)
        own = None if kv_fraction is None else np.array(kv_fraction)
        placement = Placement(
            np.zeros(len(replicas), dtype=np.int64), np.array(replicas), None, own
        )
        found: list[list[int]] = kv_tokens(problem, placement).tolist()
        return found

    def test_equal_parts(self) -> None:
        alone, both = [True, False, False], [True, True, False]
        # Both leave 10 - 5.5 - 1.5 = 3 GB.
        assert self.tokens([alone, both, [False, False, True]]) == [
            [11_250, 0, 0],
            [3_750, 7_500, 0],
            [0, 0, 0],
        ]

    def test_fractions(self) -> None:
        both = [True, True, False]
        assert self.tokens([both, both], [[0.25, 0.5, 0], [0, 0, 0]]) == [
            [1_875, 7_500, 0],
            [3_750, 7_500, 0],
        ]

    def test_the_fullest_stage_decides(self) -> None:
        profile = make.llm_profile(shapes=[(1, 2)])
        uneven = {"stage_weight_bytes": (GB, 3 * GB), "stage_kv_bytes_per_token": (2, 1)}
        config = profile.configs[0].model_copy(update=uneven)
        problem = problem_of(profile.model_copy(update={"configs": (config,)}))
        assert most_kv_tokens(problem, 0, 0) == int(4.5 * GB)
        placement = Placement(np.array([0]), np.array([[True]]))
        assert kv_tokens(problem, placement).tolist() == [[int(4.5 * GB)]]

    def test_what_does_not_fit_has_none(self) -> None:
        problem = problem_of(make.llm_profile(weight_bytes=11 * GB, shapes=ONE))
        assert kv_tokens(problem, Placement(np.array([0]), np.array([[True]]))).tolist() == [[0]]
        assert most_kv_tokens(problem, 0, 0) < 0
