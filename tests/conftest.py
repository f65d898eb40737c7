"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from alpaplan.workload import arrival_sets
from tests.envoy import require_envoy

# How long one example takes says more about the machine than about the code. What CI finds must be
# due to the change that it looks at, so that it draws the same examples each time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("versions", settings.get_profile("ci"), max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")

# Outputs are as wide as in a pipe, whatever terminal the tests are started from. (The readline
# library, which pytest loads, sets this variable for all processes that are started later on.)
os.environ.pop("COLUMNS", None)

REPOSITORY = Path(__file__).resolve().parents[1]

UNDERSTOOD = ("simulator", "quality", "roomy", "batching", "llm", "llm-plans", "schedule")
"""Kinds of shared cases whose documents are in order, but for those called ``refused-*``."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run files that are named one by one without workers, which take longer to start.

    Benchmarks are named so, and measure nothing in a worker.
    """
    named = [Path(argument.partition("::")[0]) for argument in config.args]
    return 0 if all(path.is_file() for path in named) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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


@pytest.fixture(scope="session")
def envoy() -> Path:
    """Return the program Envoy, which the extra ``verify`` brings."""
    return require_envoy()


@pytest.fixture
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan on a tenth of the requests, where the test is of something else than how good plans are.

    Searches in processes of their own do not hear of it.
    """
    monkeypatch.setattr(arrival_sets, "RUN_REQUESTS", arrival_sets.RUN_REQUESTS // 10)
