"""Profiles and entries of LLMs to arrays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.errors import SpecError
from alpaplan.problem.build import build_problem
from alpaplan.problem.engine_service import (
    idle_objectives_s,
    most_kv_tokens,
    offered_work_s,
    table_of,
)
from alpaplan.specs.lengths import LognormalLengths, MeanLengths, RecordedLengths
from tests import builders as make

ONE = [(1, 1)]


def test_the_table_of_engines_is_what_profiles_say_in_order_of_tokens() -> None:
    profiles = [
        make.profile("fixed", shapes=ONE),
        make.llm_profile(step_s={64: 0.02, 1: 0.01}, kv_read_s=2e-9, attention_s=4e-9),
    ]
    models = [make.model("f", "fixed"), make.llm_model("a", slo_s=9)]
    problem = make.problem(models, profiles, make.cluster(stage_overhead=0.1, max_num_seqs=7))
    engines = table_of(problem)
    assert engines.is_llm.tolist() == [False, True]
    assert engines.max_context_tokens.tolist() == [0, 1000]
    assert engines.ttft_s.tolist() == [math.inf, 1.0]
    assert engines.tpot_s.tolist() == [math.inf, 0.1]
    assert engines.slo_s.tolist() == [math.inf, 9.0]
    assert (engines.max_num_batched_tokens, engines.max_num_seqs) == (2048, 7)
    for h, shape in enumerate(problem.shapes):
        inter_op, devices = shape.inter_op, shape.num_devices
        first = engines.first_step[h, 1]
        assert engines.num_steps[h].tolist() == [0, 2]
        rows = slice(first, first + 2)
        assert engines.step_tokens[rows].tolist() == [1, 64]
        steps = engines.stage_step_s[rows, :inter_op].tolist()
        assert steps == [[0.01 / devices] * inter_op, [0.02 / devices] * inter_op]
        stages = engines.stage_kv_bytes_per_token[h, 1]
        assert stages.tolist() == [400_000 // devices] * inter_op + [0] * (4 - inter_op)
        assert (engines.context_kv_bytes[h, 1] == 1000 * stages).all()
        assert engines.stage_kv_read_s[h, 1, 0] == pytest.approx(2e-9 / devices)
        assert engines.stage_attention_s[h, 1, 0] == pytest.approx(4e-9 / devices)
        assert engines.slowdown[h] == 1 + 0.1 * inter_op
    assert not engines.stage_kv_bytes_per_token[:, 0].any()


def test_without_llms_there_is_no_table() -> None:
    assert make.problem().engines is None


def test_models_share_a_row_if_requests_of_them_cost_the_same() -> None:
    lengths = {"process": "constant", "input_tokens": 100, "output_tokens": 52}
    models = [
        make.llm_model("a"),
        make.llm_model("other-context", max_context_tokens=500),
        make.llm_model("nearly-a", lengths={**lengths, "output_tokens": 51}, slo_s=4),
        make.llm_model("longer", lengths=lengths),
        make.llm_model("faster", slo={"tpot_s": 0.05}),
    ]
    problem = make.problem(models, [make.llm_profile()])
    assert problem.profile_of_model.tolist() == [0, 1, 0, 2, 3]
    assert problem.profile_names == ("llm",) * 4


def test_stages_of_an_llm_take_what_an_average_request_adds() -> None:
    problem = make.problem([make.llm_model()], [make.llm_profile(kv_read_s=1e-8)])
    engines = table_of(problem)
    for h in range(len(problem.shapes)):
        tokens = most_kv_tokens(problem, h, 0)
        expected_s = offered_work_s(engines, h, 0, MeanLengths(100, 51), 0.1, tokens)
        assert problem.stage_latency_s[h, 0].tolist() == expected_s.tolist()
        assert expected_s[: problem.num_stages[h]].min() > 0


def test_one_objective_stands_for_those_on_tokens() -> None:
    models = [
        make.llm_model("both"),
        make.llm_model("whole", slo=None, slo_s=3),
        make.llm_model("first", slo={"ttft_s": 2}),
        make.llm_model("nowhere", "large", slo={"ttft_s": 2}),
        make.model("fixed", "f"),
    ]
    large = make.llm_profile("large", shapes=[(8, 8)])
    profiles = [make.llm_profile(shapes=ONE), large, make.profile("f", shapes=ONE)]
    problem = make.problem(models, profiles)
    _, further_s = idle_objectives_s(table_of(problem), 0, 0, MeanLengths(100, 51))
    found = problem.slo_s.tolist()
    assert found[:2] == [1 + 50 * 0.1, 3]
    assert found[2] == pytest.approx(2 + 50 * 5 * further_s)
    assert math.isfinite(found[3])
    assert found[4] == 1


def test_lengths_that_were_read_take_the_place_of_a_trace() -> None:
    entry = make.llm_model(lengths={"process": "trace", "path": "t.csv"})
    workload, profiles = make.workload(entry), {"llm": make.llm_profile()}
    unread = build_problem(make.cluster(), workload, profiles)
    assert table_of(unread).mean_input_tokens.tolist() == [500]
    rows = RecordedLengths(np.array([10, 30, 900]), np.array([5, 7, 101]))
    (model,) = workload.served_models()
    read = build_problem(make.cluster(), workload, profiles, models=[replace(model, lengths=rows)])
    # The last pair is longer than the context.
    assert table_of(read).mean_input_tokens.tolist() == [20]
    assert table_of(read).mean_output_tokens.tolist() == [6]


def test_means_of_clipped_lengths() -> None:
    rng = np.random.default_rng(5)
    lengths = LognormalLengths(
        process="lognormal", input_mean=300, input_cv=1.5, output_mean=200, output_cv=1
    )

    def sample(mean: float, cv: float) -> NDArray[np.float64]:
        sigma = math.sqrt(math.log1p(cv**2))
        return rng.lognormal(math.log(mean) - sigma**2 / 2, sigma, 200_000)

    inputs = np.minimum(sample(300, 1.5), 999)
    outputs = np.minimum(sample(200, 1), 1000 - inputs)
    mean = lengths.mean(1000)
    assert mean.input_tokens == pytest.approx(inputs.mean(), rel=0.01)
    # The room for outputs is taken to be that beside an average input.
    assert mean.output_tokens == pytest.approx(outputs.mean(), rel=0.1)
    constant = lengths.model_copy(update={"input_cv": 0.0, "output_cv": 0.0})
    assert constant.mean(1000) == MeanLengths(300, 200)
    assert constant.mean(400) == MeanLengths(300, 100)


def issues_of(*models: dict[str, object], dispatch: str = "shortest-queue") -> list[object]:
    profiles = [make.llm_profile(), make.profile()]
    with pytest.raises(SpecError) as caught:
        make.problem(models, profiles, make.cluster(dispatch=dispatch))
    return [(issue.where, issue.message) for issue in caught.value.issues]


def test_entries_and_profiles_have_to_agree() -> None:
    found = issues_of(make.model("a", "llm"), make.llm_model("b", "p"), make.llm_model("c"))
    assert found == [
        (
            ("models", 0),
            "missing key 'max_context_tokens', since profile 'llm' is of an LLM",
        ),
        *(
            (
                ("models", 1, key),
                "is for LLMs, but profile 'p' is of a fixed-service model",
            )
            for key in ("slo", "max_context_tokens", "lengths")
        ),
    ]


def test_llms_need_the_shortest_queue() -> None:
    assert issues_of(make.llm_model(), dispatch="earliest-finish") == [
        (
            ("serving", "dispatch"),
            "must be shortest-queue, since the workload has LLMs, found earliest-finish",
        )
    ]
    assert make.problem(on=make.cluster(dispatch="earliest-finish")).engines is None
