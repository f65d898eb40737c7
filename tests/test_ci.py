"""What CI runs, and what is run before a commit."""

from __future__ import annotations

import re
from pathlib import Path

import yaml


def test_hooks_run_before_a_commit_what_ci_runs(repository: Path) -> None:
    configuration = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repo in configuration["repos"] for hook in repo["hooks"]]
    script = (repository / ".ci" / "run").read_text()
    (section,) = re.findall(
        r"^step 'linters and types'\n(.*?)\n\n", script, re.DOTALL | re.MULTILINE
    )
    install, *checks = section.replace(".venv/bin/", "").splitlines()
    assert install == "pip install -e '.[dev]'"
    assert entries == checks
