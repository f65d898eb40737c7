"""Documents: a validated specification with the file and the lines that it came from."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError

from alpaplan.errors import InputError, Issue, Location
from alpaplan.files.reading import decode_text, read_bytes
from alpaplan.files.validation import issues_of
from alpaplan.files.yaml_tree import TextIssue, YamlNode, YamlTextError, parse_yaml
from alpaplan.registry import must_be_one_of
from alpaplan.specs.fields import Spec
from alpaplan.specs.registry import DOCUMENT_KINDS
from alpaplan.units import format_value

if TYPE_CHECKING:
    from alpaplan.specs.registry import DocumentSpec

VERSION = 1
"""Newest version of the document formats that is read."""

Parser = Callable[[str], tuple[YamlNode, list[TextIssue]]]
"""Turns a text into its values with their lines, and what is wrong with it."""

MAX_DOCUMENT_BYTES = 2**26
"""Largest document (bytes): twice what a plan of the most models takes."""

SpecT = TypeVar("SpecT", bound=Spec)
_SpecT_co = TypeVar("_SpecT_co", bound=Spec, covariant=True)


@dataclass(frozen=True)
class Document(Generic[_SpecT_co]):
    """A file that was read and found in order.

    Parameters
    ----------
    path
        As the user gave it.
    spec
        What the file says.
    sha256
        Hash of the file's bytes, in hexadecimal.
    root
        The values with their lines.
    """

    path: Path
    spec: _SpecT_co
    sha256: str
    root: YamlNode = field(repr=False, compare=False)

    def line_of(self, where: Location) -> int:
        """Return the line, from 1, of a place or of the innermost there is around it."""
        return _line_of(self.root, where)

    def error_line(self, issue: Issue) -> str:
        """Return the issue as ``path:line: where: message``."""
        return _error_line(self.path, self.line_of(issue.where), issue.where, issue.message)


@dataclass(frozen=True)
class RawDocument:
    """A file that is well-formed YAML or JSON, before it is validated.

    Parameters
    ----------
    path, sha256, root
        See `Document`.
    issues
        What is wrong with it so far, such as duplicate keys.
    """

    path: Path
    sha256: str
    root: YamlNode
    issues: tuple[TextIssue, ...]

    def text_at(self, key: str) -> str | None:
        """Return the text under a key at the top, or None if there is no such text."""
        value = self.root.value.get(key) if isinstance(self.root.value, dict) else None
        return value if isinstance(value, str) else None

    def error_lines(self, issues: Iterable[Issue]) -> list[str]:
        """Return the issues, and the text's own, in line order."""
        return _error_lines(self, issues)


def load_document(path: Path, spec_type: type[SpecT]) -> Document[SpecT]:
    """Read and validate a file that has to be of one kind.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    return validate_document(read_raw(path), spec_type)


def load_one_of(path: Path, *spec_types: type[SpecT]) -> Document[SpecT]:
    """Read and validate a file that has to be of one of some kinds.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    raw = read_raw(path)
    kind = raw.text_at("kind") or ""
    known = [
        spec_type
        for spec_type in spec_types
        if kind in DOCUMENT_KINDS and DOCUMENT_KINDS[kind] is spec_type
    ]
    if known:
        return validate_document(raw, known[0])
    raise InputError(_error_lines(raw, _format_issues(raw.root, *spec_types)))


def load_any(path: Path) -> Document[DocumentSpec]:
    """Read and validate a file of the kind that it says it is.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    raw = read_raw(path)
    kind = raw.text_at("kind")
    if kind is None or kind not in DOCUMENT_KINDS:
        raise InputError(_error_lines(raw, _format_issues(raw.root)))
    return validate_document(raw, DOCUMENT_KINDS[kind])


def read_raw(
    path: Path, parse: Parser = parse_yaml, max_bytes: int = MAX_DOCUMENT_BYTES
) -> RawDocument:
    """Read a file without validating what it says.

    Parameters
    ----------
    path
        The file.
    parse
        What its text is read as.
    max_bytes
        Most bytes that it may have.

    Raises
    ------
    InputError
        If it cannot be read, or is no text of that kind.
    """
    data = read_bytes(path, max_bytes)
    text = decode_text(path, data)
    try:
        with _without_collection():
            root, issues = parse(text)
    except YamlTextError as error:
        raise InputError([f"{path}:{error.line}: {error}"]) from error
    return RawDocument(path, hashlib.sha256(data).hexdigest(), root, tuple(issues))


def validate_document(raw: RawDocument, spec_type: type[SpecT]) -> Document[SpecT]:
    """Validate a file as one kind.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    issues = _format_issues(raw.root, spec_type)
    if not issues and isinstance(raw.root.value, dict):
        issues = _version_issues(raw.root.value)
        # The version was looked at, and a missing one must not hide what the rest says.
        data = {**raw.root.value, "version": VERSION}
        try:
            with _without_collection():
                spec = spec_type.model_validate(data)
        except ValidationError as error:
            issues += issues_of(error, spec_type, raw.root)
        else:
            if not issues and not raw.issues:
                return Document(raw.path, spec, raw.sha256, raw.root)
    raise InputError(_error_lines(raw, issues))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Put off the collection of garbage: a document has no cycles, and only grows.

    Looking through all of it again and again would take as long as reading it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _format_issues(root: YamlNode, *spec_types: type[Spec]) -> list[Issue]:
    """Check what must be known before the rest can be judged, the kinds to be expected too."""
    if not isinstance(root.value, dict):
        found = format_value(root.value)
        return [Issue((), f"must be a mapping that begins with 'kind', found {found}")]
    version = root.value.get("version")
    if isinstance(version, int) and version > VERSION:
        found = f"version {format_value(version)} is newer than this alpaplan reads ({VERSION})"
        return [Issue(("version",), found)]
    return _kind_issues(root.value, spec_types)


def _kind_issues(data: dict[Any, Any], spec_types: tuple[type[Spec], ...]) -> list[Issue]:
    if "kind" not in data:
        return [Issue((), f"missing key 'kind' (one of {', '.join(DOCUMENT_KINDS)})")]
    kind = data["kind"]
    if not isinstance(kind, str) or kind not in DOCUMENT_KINDS:
        return [Issue(("kind",), must_be_one_of(DOCUMENT_KINDS, kind))]
    if DOCUMENT_KINDS[kind] not in spec_types:
        expected = [name for name, spec in DOCUMENT_KINDS.items() if spec in spec_types]
        return [Issue(("kind",), f"must be {' or '.join(map(repr, expected))}, found {kind!r}")]
    return []


def _version_issues(data: dict[Any, Any]) -> list[Issue]:
    if "version" not in data:
        return [Issue((), f"missing key 'version' (this alpaplan reads {VERSION})")]
    version = data["version"]
    if isinstance(version, bool) or version != VERSION or not isinstance(version, int):
        return [Issue(("version",), f"must be {VERSION}, found {format_value(version)}")]
    return []


def _line_of(root: YamlNode, where: Location) -> int:
    line, node = root.line, root
    for part in where:
        entry = (node.entries or {}).get(part)
        if entry is None:
            break
        line, node = entry
    return line


def _error_lines(raw: RawDocument, issues: Iterable[Issue]) -> list[str]:
    """Put everything wrong in line order; an issue of the text hides what follows from it."""
    hidden = {issue.where for issue in raw.issues}
    found = [*raw.issues]
    found += [
        TextIssue(_line_of(raw.root, issue.where), issue.where, issue.message)
        for issue in issues
        if issue.where not in hidden or not issue.where
    ]
    found.sort(key=lambda issue: issue.line)
    return [_error_line(raw.path, issue.line, issue.where, issue.message) for issue in found]


def _error_line(path: Path, line: int, where: Location, message: str) -> str:
    place = format_where(where)
    return f"{path}:{line}: {place}: {message}" if place else f"{path}:{line}: {message}"


def format_where(where: Location) -> str:
    """Write a place as ``models[3].slo_s``."""
    text = ""
    for part in where:
        if isinstance(part, str):
            name = part if part.isidentifier() or part.isprintable() else ascii(part)
            text += f".{name[:60]}" if text else name[:60]
        else:
            text += f"[{format_value(part)}]"
    return text
