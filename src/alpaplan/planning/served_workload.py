"""A workload with the recordings that it names, and samples of its arrivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.document import Document, load_document
from alpaplan.files.workload_traces import named_traces
from alpaplan.planning.located_errors import located_errors
from alpaplan.planning.recordings import load_recordings
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.arrival_sets import (
    ArrivalSets,
    make_arrival_sets,
    unseen_arrivals,
    workload_trace,
)
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class ServedWorkload:
    """A workload's models and where their requests come from.

    Parameters
    ----------
    spec
        What the document says.
    models
        Its models, written out, with lengths that were read from traces.
    recorded
        Model name -> trace, of the models with recorded arrivals.
    document
        The file that it was read from, for errors with lines; None if there is none.
    """

    spec: WorkloadSpec
    models: tuple[ServedModel, ...]
    recorded: Mapping[str, Trace] = field(default_factory=dict)
    document: Document[WorkloadSpec] | None = None

    @classmethod
    def load(cls, path: Path, *, as_recorded: bool = False) -> ServedWorkload:
        """Read the document and its traces; raises an `InputError` with all that is wrong.

        Parameters
        ----------
        path
            The document.
        as_recorded
            Keep times that were recorded in long ticks.
        """
        document = load_document(path, WorkloadSpec)
        traces = load_recordings(document, as_recorded=as_recorded)
        models = traces.with_lengths(document.spec.served_models())
        return cls(document.spec, models, traces.recorded, document)

    @property
    def paths(self) -> list[Path]:
        """The files that it comes from."""
        if self.document is None:
            return []
        return [self.document.path, *named_traces(self.document)]

    @property
    def is_recorded(self) -> bool:
        """Whether the arrivals of all models are recorded, so that there is nothing to sample."""
        return len(self.recorded) == len(self.models)

    def in_order(self, order: NDArray[np.int64]) -> ServedWorkload:
        """Return the same workload with its models in another order.

        Parameters
        ----------
        order : int64[M]
            Number here of each model there.
        """
        return replace(self, models=tuple(self.models[m] for m in order))

    def sample(self, duration_s: float | None, seed: int) -> Trace:
        """Replay recorded arrivals and sample the others.

        Parameters
        ----------
        duration_s
            Length; None for that of the recorded arrivals, or one of as many requests as
            planning uses.
        seed
            Chooses the sample.

        Raises
        ------
        InputError
            If there are too many arrivals.
        """
        with located_errors(workload=self.document):
            rng = np.random.default_rng(seed)
            return workload_trace(self.models, self.recorded, rng, duration_s)

    def sample_some(self, duration_s: float | None, seed: int) -> Trace:
        """Sample as `sample` does, for uses to which a trace without requests is none.

        Raises
        ------
        InputError
            If there are too many arrivals, or none at all.
        """
        trace = self.sample(duration_s, seed)
        if not trace.num_requests:
            name = self.spec.name if self.document is None else self.document.path
            raise InputError(
                [f"{name}: must have requests within {trace.duration_s:g} s, found none"]
            )
        return trace

    def unseen(self, rng: np.random.Generator) -> tuple[Trace, ...]:
        """Draw or cut only those arrivals of `arrival_sets` that no search sees, by the same rng.

        Raises
        ------
        InputError
            If there are too many arrivals.
        """
        with located_errors(workload=self.document):
            return unseen_arrivals(self.models, self.recorded, rng)

    def arrival_sets(self, rng: np.random.Generator, pause_s: float) -> ArrivalSets:
        """Draw or cut the arrivals to plan on and those to judge by.

        Parameters
        ----------
        rng
            Source of all samples.
        pause_s
            Pause between two runs of the training: the longest latency objective at least.

        Raises
        ------
        InputError
            If there are too many arrivals, or none to plan on or to judge by.
        """
        with located_errors(workload=self.document):
            return make_arrival_sets(self.models, self.recorded, rng, pause_s)
