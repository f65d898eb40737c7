"""A trace: realized arrivals of a set of models, in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Trace:
    """Arrivals in time order; equal times keep their order.

    Parameters
    ----------
    arrival_s : float64[num_requests]
        Non-decreasing.
    model : int32[num_requests]
        Index into `model_names`.
    model_names
        Names that `model` refers to.
    duration_s
        Length of the time that was observed: the horizon of a sampled trace, the time
        from first to last arrival of a recorded one.
    """

    arrival_s: NDArray[np.float64]
    model: NDArray[np.int32]
    model_names: tuple[str, ...]
    duration_s: float

    def __post_init__(self) -> None:
        self.arrival_s.setflags(write=False)
        self.model.setflags(write=False)

    @property
    def num_requests(self) -> int:
        """Number of arrivals."""
        return int(self.arrival_s.size)

    def requests_per_model(self) -> NDArray[np.int64]:
        """Count the arrivals of each model, shape ``[len(model_names)]``."""
        return np.bincount(self.model, minlength=len(self.model_names)).astype(np.int64)

    def silent_models(self) -> tuple[str, ...]:
        """Return the names of the models that have no arrivals."""
        counts = self.requests_per_model().tolist()
        return tuple(
            name for name, count in zip(self.model_names, counts, strict=True) if not count
        )

    def for_models(self, model_names: Sequence[str]) -> Trace:
        """Keep the arrivals of the given models only, and index them in the given order."""
        position = {name: index for index, name in enumerate(model_names)}
        renumber = np.array([position.get(name, -1) for name in self.model_names], dtype=np.int32)
        model = renumber[self.model]
        kept = model >= 0
        return Trace(self.arrival_s[kept], model[kept], tuple(model_names), self.duration_s)

    def window(self, start_s: float, end_s: float) -> Trace:
        """Keep the arrivals with ``start_s <= arrival < end_s``, with times as they are."""
        first, last = np.searchsorted(self.arrival_s, [start_s, end_s])
        part = slice(int(first), int(last))
        return Trace(self.arrival_s[part], self.model[part], self.model_names, end_s - start_s)

    def starting_at(self, start_s: float) -> Trace:
        """Shift all times so that `start_s` becomes time 0."""
        return Trace(self.arrival_s - start_s, self.model, self.model_names, self.duration_s)

    def faster(self, factor: float) -> Trace:
        """Let the same requests arrive `factor` times as fast."""
        return Trace(
            self.arrival_s / factor, self.model, self.model_names, self.duration_s / factor
        )
