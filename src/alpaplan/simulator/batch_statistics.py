"""Sizes of the batches in which a model's requests ran."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.units import finite_or_none


@dataclass(frozen=True)
class BatchStatistics:
    """Sizes of the batches that a model's attained requests ran in.

    Parameters
    ----------
    mean
        Mean over requests: a batch of four counts four times. NaN if there were no requests.
    histogram
        Batch size -> number of requests that ran in such a batch, in ascending order of sizes that
        occurred.
    """

    mean: float
    histogram: Mapping[int, int]

    @classmethod
    def of(cls, batch_size: NDArray[np.int32]) -> BatchStatistics:
        """Sum up the batch sizes of requests, ``int32[num_attained]``."""
        sizes, counts = np.unique(batch_size, return_counts=True)
        mean = float(batch_size.mean()) if batch_size.size else math.nan
        return cls(mean, dict(zip(sizes.tolist(), counts.tolist(), strict=True)))

    def share(self, smallest: int, largest: int) -> float:
        """Return the fraction of requests in batches of such sizes; NaN if there were none."""
        total = sum(self.histogram.values())
        found = sum(count for size, count in self.histogram.items() if smallest <= size <= largest)
        return found / total if total else math.nan

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        histogram = {str(size): count for size, count in self.histogram.items()}
        return {"mean": finite_or_none(self.mean), "histogram": histogram}
