"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Top folder of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of the agreement and quality cases, which lie beside the repository."""
    cases = REPOSITORY.parent / "shared" / "cases"
    if not cases.is_dir():
        pytest.skip(f"no cases beside the repository: {cases} is absent")
    return cases
