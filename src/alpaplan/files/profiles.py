"""Finding the model profiles that a workload names in a folder of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.document import Document, RawDocument, read_raw, validate_document
from alpaplan.files.reading import reason
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.registry import DOCUMENT_KINDS

_KIND = "model-profile"
YAML_SUFFIXES = (".yaml", ".yml")


def load_profiles(directory: Path, needed: Iterable[str]) -> dict[str, Document[ModelProfileSpec]]:
    """Load the model profiles of the given names.

    The file ``<name>.yaml`` is tried first. Only if some names are not found that way is
    every YAML file of the folder looked into, so that a large collection stays quick to use.

    Returns
    -------
    Name -> profile, in the order of `needed`. Names that no file has are absent.

    Raises
    ------
    InputError
        If the folder cannot be read, a profile of a needed name is wrong, two files have the
        same needed name, or a name is not found and some file cannot be looked into.
    """
    names = list(dict.fromkeys(needed))
    files = yaml_files(directory)
    raws = _by_file_name(files, names)
    lines: list[str] = []
    missing = [name for name in names if name not in raws]
    if missing:
        found, unreadable = _scan(files)
        raws |= {name: found[name] for name in missing if name in found}
        if any(name not in raws for name in names):
            lines += unreadable
    for name, candidates in raws.items():
        if len(candidates) > 1:
            first, second = (raw.path for raw in candidates[:2])
            lines.append(f"{second}:1: name: duplicate {name!r}, also in {first}")
    profiles: dict[str, Document[ModelProfileSpec]] = {}
    for name in names:
        if name in raws:
            try:
                profiles[name] = validate_document(raws[name][0], ModelProfileSpec)
            except InputError as error:
                lines += error.lines
    if lines:
        raise InputError(lines)
    return profiles


def load_folder(directory: Path) -> list[Document[ModelProfileSpec]]:
    """Load every model profile right inside a folder, sorted by file name.

    Documents of another kind are passed over.

    Raises
    ------
    InputError
        With everything wrong with the profiles and with files of no known kind, or if there are
        no profiles.
    """
    documents: list[Document[ModelProfileSpec]] = []
    lines: list[str] = []
    for path in yaml_files(directory):
        try:
            raw = read_raw(path)
            if raw.text_at("kind") in DOCUMENT_KINDS.keys() - {_KIND}:
                continue
            documents.append(validate_document(raw, ModelProfileSpec))
        except InputError as error:
            lines += error.lines
    if not documents and not lines:
        lines.append(f"{directory}: has no model profiles")
    if lines:
        raise InputError(lines)
    return documents


def profile_names(directory: Path) -> list[str]:
    """Return the names of all model profiles in a folder, sorted, without validating them.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    found, _ = _scan(yaml_files(directory))
    return sorted(found)


def yaml_files(directory: Path) -> list[Path]:
    """Return the YAML files right inside a folder, sorted by name.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    try:
        return sorted(path for path in directory.iterdir() if path.suffix in YAML_SUFFIXES)
    except NotADirectoryError as error:
        raise InputError([f"{directory}: is a file, must be a folder"]) from error
    except OSError as error:
        raise InputError([f"{directory}: {reason(error)}"]) from error


def is_profile(path: Path) -> bool:
    """Whether a file says that it is a model profile; one that cannot be read does not."""
    try:
        return _profile_name(read_raw(path)) is not None
    except InputError:
        return False


def _by_file_name(files: Sequence[Path], names: Iterable[str]) -> dict[str, list[RawDocument]]:
    """Read the files that are called as the profiles are, and keep those that agree inside."""
    by_stem: dict[str, list[Path]] = {}
    for path in files:
        by_stem.setdefault(path.stem, []).append(path)
    found: dict[str, list[RawDocument]] = {}
    lines: list[str] = []
    for name in names:
        for path in by_stem.get(name, ()):
            try:
                raw = read_raw(path)
            except InputError as error:
                lines += error.lines
                continue
            if _profile_name(raw) == name:
                found.setdefault(name, []).append(raw)
    if lines:
        raise InputError(lines)
    return found


def _scan(files: Iterable[Path]) -> tuple[dict[str, list[RawDocument]], list[str]]:
    """Group the model profiles by name, and say what is wrong with files that are no YAML."""
    found: dict[str, list[RawDocument]] = {}
    unreadable: list[str] = []
    for path in files:
        try:
            raw = read_raw(path)
        except InputError as error:
            unreadable += error.lines
            continue
        name = _profile_name(raw)
        if name is not None:
            found.setdefault(name, []).append(raw)
    return found, unreadable


def _profile_name(raw: RawDocument) -> str | None:
    return raw.text_at("name") if raw.text_at("kind") == _KIND else None
