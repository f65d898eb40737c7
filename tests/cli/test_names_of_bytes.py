"""Paths and options that are not UTF-8 work, or are refused in words."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.cli.test_overwriting import LAYERS, TABLE, TRACE
from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

BYTES = os.fsdecode(b"\xff")
SHOWN = re.compile(r"\\xff|\\udcff")
"""The byte in a message: by itself, or in a text that Python quotes."""

LLAMA = """\
{"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
 "num_hidden_layers": 2, "vocab_size": 100, "max_position_embeddings": 64,
 "torch_dtype": "bfloat16"}
"""

ESTIMATE = ("--device", "h100-sxm", "--input-len", "8", "--batch", "1")

PATHS: dict[str, tuple[tuple[str, ...], int]] = {
    "validate": (("validate", "c?.yaml", "t?.csv", "folder?"), 0),
    "analyze": (("analyze", "-c", "c?.yaml", "-w", "w?.yaml", "-p", "folder?"), 0),
    "simulate": (
        ("simulate", "hand?.yaml", "-c", "c?.yaml", "-w", "w?.yaml", "-p", "folder?"),
        0,
    ),
    "simulate a trace": (
        ("simulate", "hand.yaml", *INPUTS, "--trace", "t?.csv", "--window", "2s"),
        0,
    ),
    "compare": (("compare", "hand?.yaml", "hand.yaml", *INPUTS, "--runs", "2"), 0),
    "compare as JSON": (
        ("compare", "hand?.yaml", "hand.yaml", *INPUTS, "--runs", "2", "--format", "json"),
        0,
    ),
    "show": (("profile", "show", "folder?"), 0),
    "partition": (("profile", "partition", "l?.yaml", "-o", "new?.yaml"), 0),
    "estimate": (("profile", "estimate", "m?.json", *ESTIMATE, "-o", "new?.yaml"), 0),
    "import a table": (("profile", "import", "table?.csv", "--from", "table", "-o", "new?"), 0),
    "stats": (("workload", "stats", "t?.csv", "--plot", "new?.svg"), 0),
    "fit": (("workload", "fit", "t?.csv", "-o", "new?.yaml"), 0),
    "fit to models": (
        ("workload", "fit", "t?.csv", "--models", "w?.yaml", "-o", "new?.yaml"),
        0,
    ),
    "generate": (("workload", "generate", "w?.yaml", "--duration", "5s", "-o", "new?.csv"), 0),
    "import": (("workload", "import", "log?.csv", "--from", "azure-llm", "-o", "new?.csv"), 0),
    "import without a file": (("workload", "import", "?", "--from", "csv", "-o", "new.csv"), 2),
    "init": (("init", "new?"), 0),
    "plan into a file": (("plan", *INPUTS, "-o", "new?.yaml", "--max-evaluations", "5"), 0),
    "plan of a cluster": (("plan", "-c", "c?.yaml", "-w", "workload.yaml", "-p", "profiles"), 2),
    "plan of profiles": (
        ("plan", "-c", "cluster.yaml", "-w", "workload.yaml", "-p", "folder?"),
        2,
    ),
    "plan of a trace": (("plan", *INPUTS, "--trace", "t?.csv"), 2),
    "check": (("plan", "--check", "hand?.yaml"), 2),
}
"""What is tried -> arguments, with bytes in place of question marks, and the exit code."""

OPTIONS = (
    ("plan", "--method", "?"),
    ("plan", "--effort", "?"),
    ("plan", "--time-limit", "?"),
    ("plan", "--seed", "?"),
    ("simulate", "hand.yaml", "--dispatch", "?"),
    ("simulate", "hand.yaml", "--format", "?"),
    ("profile", "estimate", "m?.json", "--device", "?", "--input-len", "8"),
    ("profile", "estimate", "m?.json", *ESTIMATE, "--dtype", "?"),
    ("profile", "estimate", "m?.json", *ESTIMATE, "--name", "?"),
    ("profile", "estimate", "m?.json", *ESTIMATE, "--memory-limit", "?"),
    ("profile", "partition", "l?.yaml", "--inter-op", "?"),
    ("profile", "import", "table?.csv", "--from", "?", "-o", "new"),
    ("profile", "import", "table?.csv", "--from", "alpaserve", "--device", "?", "-o", "new"),
    ("workload", "fit", "t?.csv", "--profile", "?"),
    ("workload", "fit", "t?.csv", "--process", "?"),
    ("workload", "import", "log?.csv", "--from", "?", "-o", "new.csv"),
    ("workload", "import", "t?.csv", "--from", "csv", "--model-column", "?", "-o", "new.csv"),
    ("workload", "import", "t?.csv", "--from", "csv", "--assign", "?", "-o", "new.csv"),
    ("schema", "?"),
    ("init", "new", "--example", "?"),
    ("guide", "?"),
    ("?",),
    ("plan", "--?"),
)
"""Arguments with bytes in place of question marks; all of them are refused."""


@pytest.fixture
def inputs(workspace: Workspace) -> Workspace:
    """Return a folder with inputs of all kinds whose names are not UTF-8."""
    files = {
        "c?.yaml": workspace.read("cluster.yaml"),
        "w?.yaml": workspace.read("workload.yaml"),
        "folder?/p?.yaml": workspace.read("profiles/p.yaml"),
        "hand.yaml": HAND_WRITTEN,
        "hand?.yaml": HAND_WRITTEN,
        "l?.yaml": LAYERS,
        "m?.json": LLAMA,
        "t?.csv": TRACE,
        "table?.csv": TABLE,
        "log?.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n",
    }
    (workspace.folder / f"folder{BYTES}").mkdir()
    for name, text in files.items():
        workspace.write(name.replace("?", BYTES), text)
    return workspace


@pytest.mark.parametrize("case", PATHS)
def test_paths(inputs: Workspace, case: str) -> None:
    arguments, exit_code = PATHS[case]
    given = [argument.replace("?", BYTES) for argument in arguments]
    result = inputs.run(*given, exit_code=exit_code)
    if exit_code:
        assert SHOWN.search(result.stderr)
    for path in inputs.folder.rglob(f"new{BYTES}*"):
        if path.suffix != ".svg":
            inputs.run("validate", str(path))


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_options(inputs: Workspace, arguments: tuple[str, ...]) -> None:
    result = inputs.run(*(each.replace("?", BYTES) for each in arguments), exit_code=2)
    assert SHOWN.search(result.stderr)
    assert not list(Path.cwd().glob("new*"))
