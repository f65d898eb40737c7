"""A trace: realized arrivals of a set of models, in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    input_tokens, output_tokens : int32[num_requests], optional
        Tokens of each request's prompt and answer, 0 where nothing is known of them. None if
        nothing is known of any.
    """

    arrival_s: NDArray[np.float64]
    model: NDArray[np.int32]
    model_names: tuple[str, ...]
    duration_s: float
    input_tokens: NDArray[np.int32] | None = None
    output_tokens: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for values in (self.arrival_s, self.model, self.input_tokens, self.output_tokens):
            if values is not None:
                values.setflags(write=False)

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

    def take(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Trace:
        """Return some of the requests, or all in another order, with times as they are.

        Parameters
        ----------
        rows
            Which requests: their numbers, whether each is kept, or a slice.
        """
        input_tokens, output_tokens = self.input_tokens, self.output_tokens
        return replace(
            self,
            arrival_s=self.arrival_s[rows],
            model=self.model[rows],
            input_tokens=None if input_tokens is None else input_tokens[rows],
            output_tokens=None if output_tokens is None else output_tokens[rows],
        )

    def for_models(self, model_names: Sequence[str]) -> Trace:
        """Keep the arrivals of the given models only, and index them in the given order."""
        if tuple(model_names) == self.model_names:
            return self
        position = {name: index for index, name in enumerate(model_names)}
        renumber = np.array([position.get(name, -1) for name in self.model_names], dtype=np.int32)
        model = renumber[self.model]
        return replace(self, model=model, model_names=tuple(model_names)).take(model >= 0)

    def window(self, start_s: float, end_s: float) -> Trace:
        """Keep the arrivals with ``start_s <= arrival < end_s``, with times as they are."""
        first, last = np.searchsorted(self.arrival_s, [start_s, end_s])
        return replace(self.take(slice(int(first), int(last))), duration_s=end_s - start_s)

    def starting_at(self, start_s: float) -> Trace:
        """Shift all times so that `start_s` becomes time 0."""
        return replace(self, arrival_s=self.arrival_s - start_s)

    def faster(self, factor: float) -> Trace:
        """Let the same requests arrive `factor` times as fast."""
        return replace(self, arrival_s=self.arrival_s / factor, duration_s=self.duration_s / factor)

    @classmethod
    def joined(cls, traces: Sequence[Trace], duration_s: float) -> Trace:
        """Return the requests of traces of the same models, of which there is one at least.

        They come one trace after the other: bring them into the order of their times if that is
        another one.
        """
        tokens: list[NDArray[np.int32] | None] = [None, None]
        if any(trace.input_tokens is not None for trace in traces):
            columns = [(trace.input_tokens, trace.output_tokens) for trace in traces]
            for column in range(2):
                tokens[column] = np.concatenate(
                    [
                        np.zeros(trace.num_requests, np.int32)
                        if found[column] is None
                        else found[column]
                        for trace, found in zip(traces, columns, strict=True)
                    ]
                )
        return cls(
            np.concatenate([trace.arrival_s for trace in traces]),
            np.concatenate([trace.model for trace in traces]),
            traces[0].model_names,
            duration_s,
            *tokens,
        )
