"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more about the machine than about the code.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

REPOSITORY = Path(__file__).resolve().parents[1]

UNDERSTOOD = ("simulator", "quality", "roomy")
"""Kinds of shared cases whose documents say nothing that is still to come, such as batching."""


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
