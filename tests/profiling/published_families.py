"""Configurations of newer families, and how many parameters models have, with their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_DATA = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

FAMILIES: dict[str, tuple[dict[str, Any], int]] = {
    name: (item["config"], item["parameters"]) for name, item in _DATA.items()
}
"""Name -> configuration and parameters."""
