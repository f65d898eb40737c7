"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path


def main() -> None:
    """Print a line ``name==version`` for each dependency with a lower bound."""
    text = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    for requirement in (*project["dependencies"], *extras["test"]):
        name, version = re.fullmatch(r"([\w-]+)>=([\w.]+)", requirement).groups()
        print(f"{name}=={version}")


if __name__ == "__main__":
    main()
