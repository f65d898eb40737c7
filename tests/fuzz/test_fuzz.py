"""The fuzzer for a while, and what it starts from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alpaplan.cli import main
from tests.cli.runner import invoke
from tests.fuzz.run import EXIT_CODES, Case, Fuzzer
from tests.fuzz.seeds import COMMANDS, DOCUMENTS, PLOTS, SEEDS, write_all

SEED = 0

NUM_CASES = 300
"""Most of them validate a document, the others run a command."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_it_starts_from_what_is_right(folder: Path) -> None:
    for command in (*COMMANDS, *PLOTS, *(("validate", path) for path in DOCUMENTS)):
        write_all(folder)
        result = invoke(main, command)
        assert result.exit_code == 0, (command, result.output)


def test_a_number_says_what_a_case_is() -> None:
    assert Case.draw(1, 2) == Case.draw(1, 2)
    assert len({str(Case.draw(1, number)) for number in range(50)}) > 40


@pytest.mark.parametrize("path", SEEDS)
def test_every_file_is_changed(path: str) -> None:
    rng = np.random.default_rng(0)
    changed = {SEEDS[path].mutated(rng) for _ in range(20)}
    assert len(changed) > 5


@pytest.mark.slow
def test_nothing_goes_wrong(folder: Path) -> None:
    fuzzer = Fuzzer(folder)
    for number in range(NUM_CASES):
        case = Case.draw(SEED, number)
        assert fuzzer.run(case) == [], (number, case)


@pytest.mark.slow
def test_nothing_goes_wrong_in_processes_of_their_own(folder: Path) -> None:
    program = "import sys; from alpaplan.cli import main; main()"
    for number in range(6):
        case = Case.draw(SEED + 1, number, share_validated=0)
        write_all(folder)
        for path, data in case.files.items():
            (folder / path).write_bytes(data)
        done = subprocess.run(
            [sys.executable, "-c", program, *case.arguments], capture_output=True, check=False
        )
        assert done.returncode in EXIT_CODES, (case, done.stderr)
        assert b"Traceback" not in done.stderr
        assert b"Warning" not in done.stderr
