"""Tokens and caches of LLMs, summed up from a replay that is made by hand."""

from __future__ import annotations

import json

import numpy as np

from alpaplan.simulator.engine_statistics import (
    TokenTimes,
    engines_of_groups,
    llm_statistics,
)
from alpaplan.simulator.evaluation import EngineReplay
from alpaplan.workload.trace import Trace
from tests import builders as make

NAN = np.nan
MODELS = [make.llm_model("a"), make.model("f"), make.llm_model("b")]
PROBLEM = make.problem(MODELS, [make.llm_profile(), make.profile()])
TRACE = Trace(
    np.arange(5.0),
    np.array([0, 0, 1, 0, 2], dtype=np.int32),
    PROBLEM.model_names,
    5.0,
    np.array([9, 9, 0, 9, 9], dtype=np.int32),
    np.array([3, 1, 0, 7, 5], dtype=np.int32),
)
# The third request of a began, but did not finish; that of b has no group.
REPLAY = EngineReplay(
    ttft_s=np.array([0.1, 0.3, NAN, 0.9, NAN]),
    tpot_s=np.array([0.05, NAN, NAN, NAN, NAN]),
    end_to_end_s=np.array([0.2, 0.3, NAN, NAN, NAN]),
    stage_busy_s=np.zeros((3, 1)),
    group=np.array([0, 2, 2]),
    model=np.array([0, 2, 0]),
    kv_tokens=np.array([100, 50, 60]),
    kv_peak_tokens=np.array([90, 0, 60]),
    preemptions=np.array([0, 0, 4]),
    iterations=np.array([5, 0, 6]),
)


def test_only_served_requests_count_and_tpot_needs_a_second_token() -> None:
    a, fixed, b = llm_statistics(PROBLEM, TRACE, REPLAY)
    assert fixed is None
    assert a is not None
    assert (a.served, a.output_tokens) == (2, 4)
    assert (a.tokens.ttft.mean_s, a.tokens.tpot.mean_s) == (0.2, 0.05)
    assert b is not None
    nothing = dict.fromkeys(("mean", "p50", "p90", "p99"))
    assert json.loads(json.dumps(b.to_json_dict())) == {
        "served": 0,
        "output_tokens": 0,
        "ttft_s": nothing,
        "tpot_s": nothing,
    }
    assert TokenTimes.of(REPLAY).ttft.mean_s == 0.2


def test_engines_are_listed_by_group_in_replica_order() -> None:
    first, second, third = engines_of_groups(PROBLEM, REPLAY, 3)
    assert [engine.model for engine in first] == ["a"]
    assert second == ()
    assert [engine.to_json_dict() for engine in third] == [
        {"model": "b", "kv_tokens": 50, "kv_peak_tokens": 0, "preemptions": 0},
        {"model": "a", "kv_tokens": 60, "kv_peak_tokens": 60, "preemptions": 4},
    ]


def test_without_engines_there_is_nothing() -> None:
    assert llm_statistics(PROBLEM, TRACE, None) == [None] * 3
    assert engines_of_groups(PROBLEM, None, 2) == [(), ()]
