"""The smallest configuration: fewest devices, then the faster one."""

from __future__ import annotations

import pytest

from alpaplan.errors import UnprofiledBatchSizeError
from alpaplan.profiling.reference import smallest_config
from tests.profiling.configs import config

PIPELINE = config(1, {1: [0.1, 0.1], 4: [0.3, 0.3]})
SHARDED = config(2, {1: [0.15], 4: [0.7]})
LARGE = config(4, {1: [0.01], 4: [0.02]})


def test_fewest_devices_come_first_however_slow() -> None:
    assert smallest_config([LARGE, PIPELINE]) is PIPELINE


def test_of_equally_many_devices_the_faster_one_at_that_batch_size() -> None:
    assert smallest_config([PIPELINE, SHARDED, LARGE]) is SHARDED
    assert smallest_config([PIPELINE, SHARDED, LARGE], batch_size=4) is PIPELINE
    # In between they take 0.467 s and 0.517 s.
    assert smallest_config([PIPELINE, SHARDED, LARGE], batch_size=3) is PIPELINE


def test_of_equally_fast_ones_the_first() -> None:
    other = config(1, [0.1, 0.1], device="other")
    assert smallest_config([other, PIPELINE]) is other
    assert smallest_config([PIPELINE, other]) is PIPELINE


def test_each_has_to_reach_the_batch_size() -> None:
    with pytest.raises(UnprofiledBatchSizeError, match="found 5"):
        smallest_config([PIPELINE], batch_size=5)
