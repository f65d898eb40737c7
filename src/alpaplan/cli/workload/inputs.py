"""What commands about traffic read: a workload document with its recordings, and samples of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpaplan.cli.inputs import spec_errors_of
from alpaplan.errors import InputError
from alpaplan.files.document import Document, load_document
from alpaplan.files.workload_traces import load_recorded
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.arrival_sets import workload_trace
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class WorkloadInputs:
    """A workload document and the traces that it names.

    Parameters
    ----------
    document
        The document.
    models
        Its models, written out.
    recorded
        Model name -> trace, of the models with recorded arrivals.
    """

    document: Document[WorkloadSpec]
    models: tuple[ServedModel, ...]
    recorded: Mapping[str, Trace]

    @classmethod
    def load(cls, path: Path) -> WorkloadInputs:
        """Read the document and the traces; raises an `InputError` with all that is wrong."""
        document = load_document(path, WorkloadSpec)
        recorded = {model: file.trace for model, file in load_recorded(document).items()}
        return cls(document, document.spec.served_models(), recorded)

    def sample(self, duration_s: float | None, seed: int) -> Trace:
        """Replay recorded arrivals and sample the others, as `alpaplan simulate` does.

        Raises
        ------
        InputError
            If there are too many arrivals, or none at all.
        """
        with spec_errors_of({"workload": self.document}):
            rng = np.random.default_rng(seed)
            trace = workload_trace(self.models, self.recorded, rng, duration_s)
        if not trace.num_requests:
            what = f"must have requests within {trace.duration_s:g} s, found none"
            raise InputError([f"{self.document.path}: {what}"])
        return trace
