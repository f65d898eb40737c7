"""The ablation compares like with like, and leaves the method as it was."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.ablation import Comparison, Measurement
from tests.benchmarks.variants import Variant, all_variants


def runs(variant: str, *ratios: float) -> list[Measurement]:
    return [Measurement(variant, "case", seed, r, 1.0, 10) for seed, r in enumerate(ratios)]


def test_runs_are_compared_in_pairs() -> None:
    complete = runs("complete", 0.2, 0.5, 0.8)
    compared = Comparison.of(runs("other", 0.4, 1.0, 1.6), complete)
    assert compared.factor == pytest.approx(2)
    assert compared.standard_error == pytest.approx(0)
    assert (compared.num_worse, compared.num_pairs) == (3, 3)
    assert compared.verdict == "gains"
    assert Comparison.of(runs("other", 0.1, 0.6, 0.8), complete).verdict == "within noise"


def test_one_pair_says_nothing() -> None:
    compared = Comparison.of(runs("other", 0.4), runs("complete", 0.2))
    assert math.isnan(compared.standard_error)
    assert compared.verdict == "within noise"


@pytest.mark.parametrize("variant", all_variants(), ids=lambda variant: str(variant.name))
def test_a_variant_replaces_what_is_there_and_puts_it_back(variant: Variant) -> None:
    before = [getattr(module, name) for module, name, _ in variant.replaced]
    with variant.applied():
        now = [getattr(module, name) for module, name, _ in variant.replaced]
        assert all(new is not old for new, old in zip(now, before, strict=True))
    assert [getattr(module, name) for module, name, _ in variant.replaced] == before
