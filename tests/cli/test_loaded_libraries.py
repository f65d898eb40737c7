"""What commands load: importing libraries is most of the time that short ones take."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace
from tests.simulator.cases import COMPILED
from tests.test_imports import HEAVY

DOCUMENTS = {"numpy", "pydantic", "yaml"}
"""What reading documents needs."""

PROGRAM = f"""
import atexit
import sys
from alpaplan.cli import main

unwanted = {sorted({*HEAVY, "numpy.ma", "pandas"})}
atexit.register(lambda: print(*(name for name in unwanted if name in sys.modules), file=sys.stderr))
main()
"""
"""The command, which says in the end what it has loaded."""


def loaded_by(*arguments: str) -> set[str]:
    """Run a command and return what it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.skipif(not COMPILED, reason="numba says that nothing is to be compiled")
def test_a_simulation_loads_neither_the_compiler_nor_what_draws_tables(
    workspace: Workspace,
) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    command = ("simulate", "plan.yaml", *INPUTS, "--format", "json")
    loaded_by(*command)  # compiles, where kernels are not kept yet
    assert loaded_by(*command) == {*DOCUMENTS, "llvmlite"}


@pytest.mark.skipif(not COMPILED, reason="numba says that nothing is to be compiled")
def test_a_quiet_search_loads_nothing_that_draws(workspace: Workspace) -> None:
    command = ("plan", *INPUTS, "--method", "greedy", "--effort", "low", "-j", "1", "-q")
    loaded_by(*command, "-o", "plan.yaml")
    loaded = loaded_by(*command, "-o", "plan.yaml")
    assert loaded.isdisjoint({"jinja2", "matplotlib", "numba", "rich", "scipy"})


def test_checking_documents_loads_what_reads_them(workspace: Workspace) -> None:
    assert loaded_by("validate", "cluster.yaml", "workload.yaml") == DOCUMENTS
