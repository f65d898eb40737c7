"""The traces that a workload names: recorded arrivals, and lengths to draw from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alpaplan.errors import InputError, Issue, Location, did_you_mean
from alpaplan.files.document import Document
from alpaplan.files.reading import exists
from alpaplan.files.trace_csv import TraceFile, read_trace
from alpaplan.files.trace_tokens import require_tokens
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.lengths import TraceLengths
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.lengths import with_recorded_lengths
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class WorkloadTraces:
    """The files that a workload names, each with the whole trace, rows of other models included.

    Parameters
    ----------
    arrivals, lengths
        Model name -> file, of the models whose arrivals are recorded, and of those whose lengths
        are drawn from recorded ones.
    """

    arrivals: Mapping[str, TraceFile] = field(default_factory=dict)
    lengths: Mapping[str, TraceFile] = field(default_factory=dict)

    @property
    def recorded(self) -> dict[str, Trace]:
        """Model name -> trace, of the models whose arrivals are recorded."""
        return {name: file.trace for name, file in self.arrivals.items()}

    @property
    def hashes(self) -> dict[Path, str]:
        """File -> hash of the bytes that were read, of all files."""
        every = (*self.arrivals.values(), *self.lengths.values())
        return {file.path: file.sha256 for file in every}

    def with_lengths(self, models: Sequence[ServedModel]) -> tuple[ServedModel, ...]:
        """Return models with the lengths that were read for them."""
        lengths = {name: file.trace for name, file in self.lengths.items()}
        return with_recorded_lengths(models, lengths | self.recorded)


@dataclass(frozen=True)
class _Use:
    """What one model needs a trace for: its ``arrivals`` or its ``lengths``."""

    model: ServedModel
    key: str

    @property
    def place(self) -> Location:
        return ("models", self.model.entry, self.key, "path")


def load_traces(document: Document[WorkloadSpec]) -> WorkloadTraces:
    """Read the traces that a workload names, each file once.

    Raises
    ------
    InputError
        With everything wrong with any of the files; if one has no rows of any model whose arrivals
        it has, or none of a model whose lengths it has; and if rows of LLMs have no token counts.
        A model without rows among others with recorded arrivals is not wrong: it was not asked for
        in that time.
    """
    lines: list[str] = []
    found: dict[str, dict[str, TraceFile]] = {"arrivals": {}, "lengths": {}}
    for path, uses in _uses(document).items():
        if not exists(path):
            lines += _at_entries(document, uses, f"no such file: {str(path)!r}")
            continue
        try:
            file = read_trace(path)
            require_tokens(file, [use.model.name for use in uses if use.model.is_llm])
        except InputError as error:
            lines += error.lines
            continue
        lines += _without_rows(document, file, uses)
        for use in uses:
            found[use.key][use.model.name] = file
    if lines:
        raise InputError(lines)
    return WorkloadTraces(**found)


def named_traces(document: Document[WorkloadSpec]) -> list[Path]:
    """Return the trace files that a workload names."""
    return list(_uses(document))


def _uses(document: Document[WorkloadSpec]) -> dict[Path, list[_Use]]:
    """Return the trace files that a workload names, and what for."""
    uses: dict[Path, list[_Use]] = {}
    for model in document.spec.served_models():
        if isinstance(model.arrivals, TraceArrivals):
            path = document.path.parent / model.arrivals.path
            uses.setdefault(path, []).append(_Use(model, "arrivals"))
        if isinstance(model.lengths, TraceLengths):
            path = document.path.parent / model.lengths.path
            uses.setdefault(path, []).append(_Use(model, "lengths"))
    return uses


def _at_entries(document: Document[WorkloadSpec], uses: list[_Use], message: str) -> list[str]:
    places = dict.fromkeys(use.place for use in uses)
    return [document.error_line(Issue(place, message)) for place in places]


def _without_rows(
    document: Document[WorkloadSpec], file: TraceFile, uses: list[_Use]
) -> Iterator[str]:
    """Yield what is wrong with a file that lacks rows."""
    present = set(file.trace.model_names)
    arrivals = [use for use in uses if use.key == "arrivals"]
    if arrivals and not present.intersection(use.model.name for use in arrivals):
        hint = did_you_mean(arrivals[0].model.name, file.trace.model_names)
        what = f"no rows of the workload's models in {str(file.path)!r}{hint}"
        yield from _at_entries(document, arrivals, what)
    for use in uses:
        if use.key == "lengths" and use.model.name not in present:
            hint = did_you_mean(use.model.name, file.trace.model_names)
            what = f"no rows of {use.model.name!r} in {str(file.path)!r}{hint}"
            yield from _at_entries(document, [use], what)
