"""Errors of specs, told at the lines of the files that the specs come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alpaplan.errors import InputError, SpecError
from alpaplan.files.document import Document
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.workload import WorkloadSpec


@contextmanager
def located_errors(
    *,
    cluster: Document[ClusterSpec] | None = None,
    workload: Document[WorkloadSpec] | None = None,
) -> Iterator[None]:
    """Turn a `SpecError` raised inside into an `InputError` with the path and lines of its file.

    Without a document of its role it stays as it is: it then concerns a spec made in memory.
    """
    try:
        yield
    except SpecError as error:
        document = {"cluster": cluster, "workload": workload}.get(error.role)
        if document is None:
            raise
        raise InputError(document.error_line(issue) for issue in error.issues) from error


@contextmanager
def collected_errors(lines: list[str]) -> Iterator[None]:
    """Add the lines of an `InputError` raised inside, so that all files are looked at first."""
    try:
        yield
    except InputError as error:
        lines += error.lines
