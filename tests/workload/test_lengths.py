from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.specs.lengths import (
    ConstantLengths,
    Lengths,
    LognormalLengths,
    RecordedLengths,
    TraceLengths,
)
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.lengths import sample_lengths
from alpaplan.workload.sampling import sample_trace
from tests.workload.statistics import assert_mean

MEANS = {"input_mean": 900.0, "input_cv": 0.8, "output_mean": 200.0, "output_cv": 1.2}
LOGNORMAL: dict[str, Any] = {"process": "lognormal", **MEANS}
CONSTANT: dict[str, Any] = {"process": "constant", "input_tokens": 70, "output_tokens": 3}
POISSON = {"process": "poisson", "rate_rps": 20.0}


def lognormal(**changed: float) -> LognormalLengths:
    return LognormalLengths(**{**LOGNORMAL, **changed})


def drawn(lengths: Lengths, context: int = 100_000, count: int = 100_000) -> list[np.ndarray]:
    found = sample_lengths(lengths, context, count, np.random.default_rng(0))
    assert all(column.dtype == np.int32 and column.size == count for column in found)
    return list(found)


def test_constant() -> None:
    inputs, outputs = drawn(ConstantLengths(**CONSTANT), count=4)
    assert inputs.tolist() == [70] * 4
    assert outputs.tolist() == [3] * 4


def test_moments_of_lognormal_lengths() -> None:
    inputs, outputs = drawn(lognormal(), context=2_000_000)
    for counts, mean, cv in ((inputs, 900.0, 0.8), (outputs, 200.0, 1.2)):
        assert_mean(counts, mean)
        assert counts.std() / counts.mean() == pytest.approx(cv, rel=0.03)
        # Half of them lie below exp(mu).
        assert np.median(counts) == pytest.approx(mean / np.sqrt(1 + cv**2), rel=0.02)
    assert abs(np.corrcoef(inputs, outputs)[0, 1]) < 0.015


def test_lognormal_lengths_take_all_inputs_first() -> None:
    rng = np.random.default_rng(0)
    expected = []
    for mean, cv in ((900.0, 0.8), (200.0, 1.2)):
        mu, sigma = np.log(mean / np.sqrt(1 + cv**2)), np.sqrt(np.log1p(cv**2))
        expected.append(np.maximum(np.rint(rng.lognormal(mu, sigma, 50)), 1).tolist())
    assert [column.tolist() for column in drawn(lognormal(), count=50)] == expected


def test_no_variation() -> None:
    inputs, outputs = drawn(lognormal(input_cv=0, output_mean=0.2, output_cv=0), count=3)
    assert inputs.tolist() == [900] * 3
    assert outputs.tolist() == [1] * 3


@given(
    context=st.integers(2, 3000),
    input_mean=st.floats(0.01, 1e7),
    output_mean=st.floats(0.01, 1e7),
    cv=st.floats(0, 100),
)
def test_lognormal_lengths_fit_the_context(
    context: int, input_mean: float, output_mean: float, cv: float
) -> None:
    lengths = lognormal(
        input_mean=input_mean, output_mean=output_mean, input_cv=cv, output_cv=cv / 3
    )
    inputs, outputs = drawn(lengths, context, 50)
    free_inputs, free_outputs = drawn(lengths, 2**31 - 1, 50)
    assert np.array_equal(inputs, np.minimum(free_inputs, context - 1))
    assert np.array_equal(outputs, np.minimum(free_outputs, context - inputs))
    assert min(inputs.min(), outputs.min()) >= 1


def test_recorded_pairs_stay_together_even_if_they_are_too_long() -> None:
    pairs = {(1, 5), (20, 7), (300, 300)}
    columns = np.array(sorted(pairs), np.int32).T
    inputs, outputs = drawn(RecordedLengths(columns[0], columns[1]), context=2, count=30_000)
    found = list(zip(inputs.tolist(), outputs.tolist(), strict=True))
    assert set(found) == pairs
    for pair in pairs:
        assert_mean(np.array([one == pair for one in found], float), 1 / 3)


def test_a_trace_has_to_be_read_first() -> None:
    with pytest.raises(ValueError, match="must be read from their trace"):
        drawn(TraceLengths(process="trace", path="t.csv"))


def served(*entries: dict[str, Any]) -> tuple[ServedModel, ...]:
    llm = {"slo": {"ttft_s": 1}, "max_context_tokens": 4096}
    models = [
        {"name": f"m{n}", "profile": "p", "arrivals": POISSON}
        | ({**llm, "lengths": lengths} if (lengths := entry.get("lengths")) else {"slo_s": 1})
        for n, entry in enumerate(entries)
    ]
    document = {"kind": "workload", "version": 1, "name": "w", "models": models}
    return WorkloadSpec.model_validate(document).served_models()


def test_samples_of_a_workload_have_tokens_where_models_are_llms() -> None:
    models = served({"lengths": CONSTANT}, {}, {"lengths": LOGNORMAL})
    trace = sample_trace(models, 100.0, np.random.default_rng(3))
    assert trace.input_tokens is not None
    assert trace.output_tokens is not None
    assert set(trace.input_tokens[trace.model == 0].tolist()) == {70}
    assert set(trace.output_tokens[trace.model == 0].tolist()) == {3}
    assert not trace.input_tokens[trace.model == 1].any()
    assert len(set(trace.input_tokens[trace.model == 2].tolist())) > 100
    assert sample_trace(served({}, {}), 10.0, np.random.default_rng(3)).input_tokens is None


def test_arrivals_do_not_depend_on_lengths() -> None:
    some, others = {"lengths": LOGNORMAL}, {"lengths": CONSTANT}
    found = [
        sample_trace(models, 50.0, np.random.default_rng(3))
        for models in (served(some, {}, others), served(others, {}, some))
    ]
    assert np.array_equal(found[0].arrival_s, found[1].arrival_s)
    assert np.array_equal(found[0].model, found[1].model)
