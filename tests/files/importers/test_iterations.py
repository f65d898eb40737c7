from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.importers.iterations import FitErrors, KvSize, kv_bytes_per_token

GIB = 2**30


def rounded(per_token: float, num_tokens: int) -> KvSize:
    """Return what is left of a size that is written in thousandths of a GiB."""
    size = round(per_token * num_tokens / GIB, 3) * GIB
    return KvSize(num_tokens, size - GIB / 2000, size + GIB / 2000)


@given(
    st.integers(1, 128),
    st.integers(1, 16),
    st.sampled_from([64, 80, 128, 192, 256]),
)
def test_rounded_sizes_give_the_exact_bytes(layers: int, heads: int, width: int) -> None:
    per_token = 2 * layers * heads * width * 2
    sizes = [rounded(per_token, tokens) for tokens in (640, 1280, 5120, 20_480, 69_632)]
    found = kv_bytes_per_token(sizes)
    # 16 bytes are what the largest size cannot tell apart.
    assert found == per_token or abs(found - per_token) < 16


def test_sizes_that_do_not_grow_with_tokens() -> None:
    window = [KvSize(100, 9_999, 10_001), KvSize(1000, 59_999, 60_001)]
    assert kv_bytes_per_token(window) == 60


def test_errors_in_words() -> None:
    errors = FitErrors.of([0.01, -0.02, 0.03])
    assert errors.describe() == "median 2.0%, 90% below 2.8% (3 iterations)"
    none = FitErrors.of([])
    assert math.isnan(none.median)
    assert none.describe() == "not known, as iterations are too few to leave one out"


def test_too_little_memory_for_a_token() -> None:
    assert kv_bytes_per_token([KvSize(10, -1.0, 0.5)]) == pytest.approx(1)
