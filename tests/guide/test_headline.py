"""The script of the example `headline`, with fewer points."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.reader import Reader


@pytest.mark.slow
def test_the_curves_come_from_four_methods(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "headline"
    shutil.copytree(repository / "examples" / "headline", folder)
    command = "SETTINGS=equal AXES='rate=1 nodes=2,4' sh curves.sh --max-evaluations 5 -j 1 -q"
    exit_code, output = Reader(folder).run_in_shell(command)
    assert exit_code == 0, output
    assert output.split() == ["equal-rate.svg", "equal-nodes.svg"]
    with (folder / "equal-nodes.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["method"] for row in rows[::2]] == [
        *("auto", "greedy", "selective-replication", "clockwork++")
    ]
    attained = [float(row["slo_attainment"]) for row in rows]
    assert attained[1] > max(attained[3], attained[5], attained[7])
    assert (folder / "equal-rate.svg").read_text(encoding="utf-8").startswith("<?xml")
