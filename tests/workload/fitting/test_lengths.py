"""Which lengths are fitted, and the distances that decide it, against samples of the laws."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.specs.choices import LengthsChoice
from alpaplan.specs.lengths import ConstantLengths, LognormalLengths, TraceLengths
from alpaplan.workload.fitting.lengths import LengthsFit, context_for, fit_lengths
from alpaplan.workload.lengths import TokenCounts, sample_lengths

LAW = LognormalLengths(
    process="lognormal", input_mean=900, input_cv=0.8, output_mean=200, output_cv=1.2
)


def lognormal_tokens(count: int, context: int = 1 << 20, seed: int = 0) -> TokenCounts:
    return sample_lengths(LAW, context, count, np.random.default_rng(seed))


def fitted(
    tokens: TokenCounts, context: int = 1 << 20, choice: LengthsChoice = LengthsChoice.AUTO
) -> LengthsFit:
    return fit_lengths("m", tokens, context, "t.csv", choice)


def distance_of_samples(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples, by looking at every count."""
    counts = np.union1d(first, second)
    parts = [np.searchsorted(np.sort(one), counts, "right") / one.size for one in (first, second)]
    return float(np.abs(parts[0] - parts[1]).max())


@pytest.mark.parametrize("count", [30, 300, 30_000])
def test_lognormal_lengths_are_recognized(count: int) -> None:
    lengths = [fitted(lognormal_tokens(count, seed=seed)).lengths for seed in range(20)]
    recognized = [one for one in lengths if isinstance(one, LognormalLengths)]
    assert len(recognized) >= 18
    if count == 30_000:
        means = [(one.input_mean, one.input_cv, one.output_mean) for one in recognized]
        assert np.mean(means, axis=0) == pytest.approx((900, 0.8, 200), rel=0.02)


def test_several_humps_are_not_lognormal() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = lognormal_tokens(2000)
    inputs = np.where(rng.random(2000) < 0.4, 4000, inputs).astype(np.int32)
    fit = fitted((inputs, outputs))
    assert fit.lengths == TraceLengths(process="trace", path="t.csv")
    assert fit.input_distance > 0.1 > fit.output_distance


def test_outputs_that_go_with_inputs_are_not_independent() -> None:
    inputs, outputs = (np.sort(column) for column in lognormal_tokens(2000))
    fit = fitted((inputs, outputs))
    assert max(fit.input_distance, fit.output_distance) < 0.05
    assert isinstance(fit.lengths, TraceLengths)


def test_distances_are_those_of_samples_that_are_rounded_and_clipped() -> None:
    rng = np.random.default_rng(5)
    context = 1000
    tokens = (
        rng.integers(1, 800, 4000).astype(np.int32),
        rng.integers(1, 200, 4000).astype(np.int32),
    )
    fit = fitted(tokens, context, LengthsChoice.LOGNORMAL)
    assert isinstance(fit.lengths, LognormalLengths)
    drawn = sample_lengths(fit.lengths, context, 400_000, rng)
    for own, other, distance in zip(
        tokens, drawn, (fit.input_distance, fit.output_distance), strict=True
    ):
        assert distance == pytest.approx(distance_of_samples(own, other), abs=0.005)


def test_a_narrow_context_is_part_of_the_law() -> None:
    # A third of the inputs, and many outputs, are cut: the law says so as well.
    tokens = lognormal_tokens(5000, context=1000)
    law = fitted(tokens, 1000, LengthsChoice.LOGNORMAL).lengths
    assert isinstance(law, LognormalLengths)
    drawn = sample_lengths(law, 1000, 400_000, np.random.default_rng(1))
    fit = fitted(tokens, 1000)
    assert fit.output_distance == pytest.approx(distance_of_samples(tokens[1], drawn[1]), abs=0.01)


def test_the_same_tokens_in_all_requests() -> None:
    tokens = (np.full(50, 70, np.int32), np.full(50, 3, np.int32))
    fit = fitted(tokens)
    assert fit.lengths == ConstantLengths(process="constant", input_tokens=70, output_tokens=3)
    assert (fit.input_distance, fit.output_distance) == (0, 0)


def test_requests_that_are_too_long_stay_so() -> None:
    fit = fitted((np.full(50, 70, np.int32), np.full(50, 3, np.int32)), 72)
    assert isinstance(fit.lengths, TraceLengths)
    assert fit.num_too_long == 50


def test_what_is_asked_for() -> None:
    tokens = lognormal_tokens(500)
    assert isinstance(fitted(tokens, choice=LengthsChoice.TRACE).lengths, TraceLengths)
    sorted_tokens = (np.sort(tokens[0]), np.sort(tokens[1]))
    law = fitted(sorted_tokens, choice=LengthsChoice.LOGNORMAL).lengths
    assert isinstance(law, LognormalLengths)


@pytest.mark.parametrize(
    ("longest", "context"), [(2, 2), (3, 4), (4096, 4096), (4097, 8192), (20_000_000, 20_000_000)]
)
def test_context_of_the_longest_request(longest: int, context: int) -> None:
    assert context_for(longest) == context
