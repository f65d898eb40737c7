"""LLM engines: the kernels against the oracle, and outcomes that a sheet of paper gives too."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.simulator import Replay, Simulator
from alpaplan.simulator.evaluation import EngineReplay
from tests.simulator.cases import COMPILED
from tests.simulator.engine_cases import (
    INF,
    MS,
    Costs,
    EngineCase,
    costs,
    engine_cases,
    make_engine_case,
    one_engine,
)
from tests.simulator.engines_oracle import whole_ns

NS = 1e9

many_examples = settings(
    max_examples=600 if COMPILED else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

STEADY = costs({1: MS, 2: 2 * MS})
"""A millisecond for each token."""


def engines_of(replay: Replay) -> EngineReplay:
    assert replay.engines is not None
    return replay.engines


def assert_as_the_oracle_says(case: EngineCase) -> None:
    asked = case.ask()
    sent_s, replay = case.replay()
    engines = engines_of(replay)
    fates, expected = [], []
    for row, request in enumerate(asked.requests):
        kernel = (
            None if replay.group[row] < 0 else int(replay.group[row]),
            engines.ttft_s[row],
            engines.tpot_s[row],
            engines.end_to_end_s[row],
            replay.latency_s[row],
        )
        fates.append(tuple(None if value is None or value != value else value for value in kernel))
        ttft_s = tpot_s = end_to_end_s = None
        if request.first_token_ns is not None and request.sent_ns is not None:
            ttft_s = (request.first_token_ns - request.sent_ns) / NS
            if request.finish_ns is not None:
                end_to_end_s = (request.finish_ns - request.sent_ns) / NS
                if request.output_tokens > 1:
                    decoded_s = (request.finish_ns - request.first_token_ns) / NS
                    tpot_s = decoded_s / (request.output_tokens - 1)
        latency_s = end_to_end_s if asked.attained(request) else None
        expected.append((request.group, ttft_s, tpot_s, end_to_end_s, latency_s))
    assert fates == expected
    sent = [request for request in asked.requests if request.sent_ns is not None]
    assert [whole_ns(sent_s[r.row]) for r in sent] == [r.sent_ns for r in sent]
    placed = [(g, engine) for g, group in enumerate(asked.groups) for engine in group.engines]
    assert engines.group.tolist() == [g for g, _ in placed]
    for name in ("model", "kv_tokens", "kv_peak_tokens", "preemptions", "iterations"):
        values = [getattr(engine, name) for _, engine in placed]
        assert getattr(engines, name).tolist() == values, name
    for g, group in enumerate(asked.groups):
        found = engines.stage_busy_s[g, : group.num_stages].tolist()
        assert found == pytest.approx([busy_ns / NS for busy_ns in group.busy_ns], rel=1e-12)
        mean_s = sum(group.busy_ns) / group.num_stages / NS
        assert replay.evaluation.group_busy_s[g] == pytest.approx(mean_s, rel=1e-12)
        of_group = [request for request in asked.requests if request.group == g]
        assert replay.evaluation.group_requests[g] == len(of_group)
        assert replay.evaluation.group_attained[g] == sum(map(asked.attained, of_group))
    for m, requests in enumerate(replay.evaluation.requests.tolist()):
        of_model = [request for request in asked.requests if request.model == m]
        assert requests == len(of_model)
        assert replay.evaluation.attained[m] == sum(map(asked.attained, of_model))


@pytest.mark.slow
@many_examples
@given(case=engine_cases())
def test_every_request_has_the_oracles_fate(case: EngineCase) -> None:
    assert_as_the_oracle_says(case)


@pytest.mark.slow
@many_examples
@given(case=engine_cases(closed=True))
def test_closed_loops_send_what_the_oracle_sends(case: EngineCase) -> None:
    assert_as_the_oracle_says(case)


def busy_case(seed: int, num_stages: int, *, on_grid: bool = False, **more: object) -> EngineCase:
    """Make a case of three models on three groups, whose caches run full."""
    rng = np.random.default_rng(seed)
    if on_grid:
        cost = costs({1: 2 * MS}, num_stages=num_stages)
        times_s = np.cumsum(rng.integers(0, 9, 200) * MS).tolist()
    else:
        steps = {1: 2 * MS, 16: 3 * MS, 64: 9 * MS}
        cost = costs(steps, kv_read_s=1e-6, attention_s=1e-7, num_stages=num_stages)
        times_s = np.cumsum(rng.exponential(4 * MS, 200)).tolist()
    requests = [
        (time_s, int(rng.integers(3)), int(rng.integers(1, 90)), int(rng.integers(1, 60)))
        for time_s in times_s
    ]
    return make_engine_case(
        [[cost]],
        [0, 0, 0],
        [[True, True, False], [False, True, True], [False, True, False]],
        [(160, 0.5, INF, INF), (160, INF, 5 * MS, INF), (120, INF, INF, 1.0)],
        requests,
        usable_bytes=700,
        profile_of_model=[0, 0, 0],
        max_num_batched_tokens=64,
        max_num_seqs=16,
        request_overhead_s=0.011,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("num_stages", [1, 2, 3])
@pytest.mark.parametrize("clients", [{}, {1: 12}])
@pytest.mark.parametrize("on_grid", [False, True])
def test_bursts_have_the_oracles_fates(
    num_stages: int, clients: dict[int, int], on_grid: bool
) -> None:
    case = busy_case(5, num_stages, on_grid=on_grid, clients=clients)
    assert_as_the_oracle_says(case)
    engines = engines_of(case.replay()[1])
    assert engines.preemptions.sum() > 10
    assert np.isnan(engines.end_to_end_s).any()  # the third model's longest


@pytest.mark.slow
@many_examples
@given(case=engine_cases())
def test_counts_alone_are_those_of_the_replay(case: EngineCase) -> None:
    simulator = Simulator(case.case.problem, case.case.trace)
    evaluation = simulator.evaluate(case.case.placement)
    replayed = simulator.replay(case.case.placement)
    for field in vars(evaluation):
        np.testing.assert_array_equal(
            getattr(evaluation, field), getattr(replayed.evaluation, field), err_msg=field
        )
    latency_s, model = replayed.latency_s, case.case.trace.model
    attained = ~np.isnan(latency_s)
    by_model = np.bincount(model[attained], latency_s[attained], case.case.problem.num_models)
    np.testing.assert_allclose(evaluation.latency_sum_s, by_model, rtol=1e-9)


@pytest.mark.slow
@many_examples
@given(case=engine_cases())
def test_caches_hold_what_is_taken(case: EngineCase) -> None:
    engines = engines_of(case.replay()[1])
    assert (engines.kv_peak_tokens <= engines.kv_tokens).all()
    assert (engines.stage_busy_s >= 0).all()


def with_room(case: EngineCase) -> EngineCase:
    """Give engines room for everything."""
    pools = (replace(case.case.problem.pools[0], usable_memory_bytes=10**9),)
    return replace(case, case=replace(case.case, problem=replace(case.case.problem, pools=pools)))


@pytest.mark.slow
@many_examples
@given(case=engine_cases(closed=True))
def test_with_room_whatever_is_sent_is_served(case: EngineCase) -> None:
    _, replay = with_room(case).replay()
    engines = engines_of(replay)
    assert not engines.preemptions.any()
    np.testing.assert_array_equal(replay.group >= 0, ~np.isnan(engines.end_to_end_s))


lengths = st.lists(
    st.tuples(st.sampled_from([0.0, MS, 5 * MS]), st.integers(1, 40), st.integers(1, 20)),
    min_size=1,
    max_size=20,
)


@pytest.mark.slow
@many_examples
@given(rows=lengths, budget=st.integers(6, 30), clients=st.integers(0, 4))
def test_no_token_is_lost(rows: list[tuple[float, int, int]], budget: int, clients: int) -> None:
    """All tokens but the last pass once, and meet those before them, however they are cut."""
    cost = costs({1: MS, 2: 2 * MS}, kv_read_s=MS / 64, attention_s=MS / 32)
    times_s = np.cumsum([gap_s for gap_s, _, _ in rows]).tolist()
    requests = [(time_s, n, o) for time_s, (_, n, o) in zip(times_s, rows, strict=True)]
    case = one_engine(
        cost,
        requests,
        max_num_batched_tokens=budget,
        max_num_seqs=6,
        clients={0: clients} if clients else {},
    )
    busy_ms = sum(
        n + o - 1 + n * (n + 1) / 2 / 32 + sum(n + e for e in range(1, o)) / 64
        for _, n, o in requests
    )
    engines = engines_of(case.replay()[1])
    assert engines.stage_busy_s.sum() == pytest.approx(busy_ms * MS, rel=1e-9)
    assert not np.isnan(engines.end_to_end_s).any()


@pytest.mark.parametrize("clients", [{}, {0: 1}])
def test_one_request_at_a_time_is_a_sum_of_steps(clients: dict[int, int]) -> None:
    # Two stages; a prompt of 70 tokens is cut into 32, 32 and 6.
    cost = Costs({1: [2 * MS, MS], 32: [8 * MS, 5 * MS]}, [1e-6, 0.0], [0.0, 1e-6], [1, 1], [0, 0])
    requests = [(10.0 * row, 70, o) for row, o in enumerate([1, 2, 5])]
    case = one_engine(
        cost,
        requests,
        max_num_batched_tokens=32,
        max_num_seqs=8,
        slowdown=[1.25],
        iteration_overhead_s=0.5 * MS,
        request_overhead_s=3 * MS,
        clients=clients,
    )

    def stages_ms(tokens: int, pairs: int, kv_tokens: int) -> tuple[float, float]:
        first = (2 + 6 * (tokens - 1) / 31 + kv_tokens / 1000) * 1.25 + 0.5
        return first, (1 + 4 * (tokens - 1) / 31 + pairs / 1000) * 1.25

    first_ms = second_ms = 0.0
    for tokens, before in ((32, 0), (32, 32), (6, 64)):
        pairs = tokens * before + tokens * (tokens + 1) // 2
        chunk_ms = stages_ms(tokens, pairs, 0)
        first_ms += chunk_ms[0]
        second_ms = max(first_ms, second_ms) + chunk_ms[1]
    sent_s, replay = case.replay()
    engines = engines_of(replay)
    assert engines.ttft_s == pytest.approx([(second_ms + 3) * MS] * 3, abs=5e-9)
    for row, (_, n, o) in enumerate(requests):
        later_ms = sum(sum(stages_ms(1, 0, n + e)) for e in range(1, o))
        whole_s = (second_ms + 3 + later_ms) * MS
        assert engines.end_to_end_s[row] == pytest.approx(whole_s, abs=2e-8)
    finish_s = sent_s + engines.end_to_end_s
    if clients:
        assert sent_s.tolist() == pytest.approx([0.0, *finish_s[:-1]], abs=1e-9)
    # Both chunks and tokens; 70 tokens of the prompt and all but the last of the answer.
    assert engines.iterations.tolist() == [3 + 4 + 7]
    assert engines.kv_peak_tokens.tolist() == [74]


def test_at_one_instant_ends_come_first_then_arrivals_then_begins() -> None:
    # At 2 ms the first prompt ends, and the second request is still in the next iteration.
    case = one_engine(costs({1: 2 * MS}), [(0.0, 4, 2), (2 * MS, 4, 1), (5 * MS, 4, 1)])
    engines = engines_of(case.replay()[1])
    assert engines.ttft_s.tolist() == [2 * MS, 2 * MS, 2 * MS]
    assert engines.iterations.tolist() == [3]
    # What has finished when a request arrives does not count any more: the first group again.
    both = [(0.0, 0, 4, 1), (2 * MS, 0, 4, 1), (3 * MS, 0, 4, 1)]
    case = make_engine_case(
        [[costs({1: 2 * MS})]], [0, 0], [[True], [True]], [(9, INF, INF, INF)], both
    )
    assert case.replay()[1].group.tolist() == [0, 0, 1]


def test_a_request_meets_the_begin_of_an_iteration_that_only_decodes() -> None:
    engines = engines_of(one_engine(costs({1: MS}), [(0.0, 1, 9), (3 * MS, 4, 1)]).replay()[1])
    assert engines.ttft_s.tolist() == [MS, MS]
    assert engines.iterations.tolist() == [9]


def test_the_latest_request_is_preempted_and_begins_anew() -> None:
    # Both take 4 tokens of 9. When both need one more there is only one left, and the second one
    # goes; it returns with the token that it has emitted once the first one has finished.
    case = one_engine(STEADY, [(0.0, 4, 4), (0.0, 4, 3)], usable_bytes=9)
    engines = engines_of(case.replay()[1])
    assert engines.preemptions.tolist() == [1]
    assert engines.ttft_s == pytest.approx([8 * MS, 8 * MS])
    # 8 for the prompts, 3 for the first answer, 5 for the second prompt, and 1 token more.
    assert engines.end_to_end_s == pytest.approx([11 * MS, 17 * MS])
    assert engines.kv_peak_tokens.tolist() == [8]


def test_engines_of_a_group_take_turns() -> None:
    # In replica order, which is not that of the models; then the one that began earlier.
    requests = [(0.0, 0, 1, 3), (0.0, 1, 1, 2)]
    models = [(9, INF, INF, INF)] * 2
    case = make_engine_case(
        [[STEADY]], [0], [[True, True]], models, requests, profile_of_model=[0, 0], order=[[1, 0]]
    )
    engines = engines_of(case.replay()[1])
    assert engines.model.tolist() == [1, 0]
    assert engines.ttft_s == pytest.approx([2 * MS, 1 * MS])
    assert engines.end_to_end_s == pytest.approx([5 * MS, 3 * MS])


@pytest.mark.parametrize(
    ("ttft_ns", "tpot_ns", "slo_ns", "attained"),
    [
        (8, 11, 29, [1, 2]),
        (8, 10, 29, [0, 1]),  # 21 ns for two tokens are more than 10 for each
        (7, 11, 29, [0, 0]),
        (8, 11, 28, [0, 1]),
    ],
)
def test_objectives_are_kept_to_the_nanosecond(
    ttft_ns: int, tpot_ns: int, slo_ns: int, attained: list[int]
) -> None:
    # One request gets its first token after 8 ns, and two more after 10 and 11; the other is alike
    # but has one token less.
    objectives = (ttft_ns / NS, tpot_ns / NS, slo_ns / NS)
    case = make_engine_case(
        [[costs({1: 8 / NS}, kv_read_s=1 / NS)]],
        [0],
        [[True]],
        [(9, *objectives)],
        [(0.0, 0, 1, 3), (1.0, 0, 1, 2)],
    )
    assert_as_the_oracle_says(case)
    of_first = case.replay()[1].latency_s[0]
    assert [int(of_first == of_first), *case.replay()[1].evaluation.attained] == attained


@pytest.mark.parametrize("half_ns", [2.5, 3.5, 0.5, 4.5])
def test_halves_of_nanoseconds_are_rounded_up(half_ns: float) -> None:
    # Rounding half to even would make 2 of 2.5 and 4 of 3.5 and of 4.5.
    up_ns = math.floor(half_ns) + 1
    objectives = (2 * half_ns / NS, half_ns / NS, INF)
    case = make_engine_case(
        [[costs({1: half_ns / NS})]],
        [0],
        [[True]],
        [(9, *objectives)],
        [(half_ns / NS, 0, 1, 2)],
        iteration_overhead_s=half_ns / NS,
        request_overhead_s=half_ns / NS,
    )
    assert_as_the_oracle_says(case)
    # A stage and the host's time, and what is added once.
    _, replay = case.replay()
    assert engines_of(replay).ttft_s.tolist() == [3 * up_ns / NS]
    assert engines_of(replay).end_to_end_s.tolist() == [5 * up_ns / NS]


def test_a_stage_takes_a_nanosecond_at_least() -> None:
    case = one_engine(costs({1: 0.1 / NS}, num_stages=2), [(0.0, 1, 3)])
    assert_as_the_oracle_says(case)
    assert engines_of(case.replay()[1]).end_to_end_s.tolist() == [6 / NS]


def test_later_requests_wait_behind_a_prompt_that_does_not_fit() -> None:
    # 10 of 12 tokens are taken at first: the second prompt does not fit, so the third waits too.
    case = one_engine(STEADY, [(0.0, 10, 1), (MS, 8, 1), (2 * MS, 2, 1)], usable_bytes=12)
    engines = engines_of(case.replay()[1])
    assert engines.end_to_end_s == pytest.approx([10 * MS, 19 * MS, 18 * MS])


def test_what_has_finished_does_not_hang_on_later_requests() -> None:
    case = busy_case(7, 2)
    _, whole = case.replay()
    arrival_s = case.case.trace.arrival_s
    for count in (100, 180):
        trace = case.case.trace.take(slice(count))
        _, short = replace(case, case=replace(case.case, trace=trace)).replay()
        np.testing.assert_array_equal(short.group, whole.group[:count])
        whole_s = engines_of(whole).end_to_end_s[:count]
        before = arrival_s[:count] + whole_s < arrival_s[count]
        assert before.sum() > 5
        np.testing.assert_array_equal(engines_of(short).end_to_end_s[before], whole_s[before])
