"""Envoy for tests, which comes with the extra ``test``."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.verification.envoy import find_envoy


def require_envoy() -> Path:
    """Return the program; where there is none, what asks for it is skipped."""
    try:
        return find_envoy(None)
    except AlpaplanError as error:
        pytest.skip(str(error))
