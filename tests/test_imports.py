"""The import contract: imports go down the layers only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("verification",),
    ("report", "export"),
    ("planning",),
    ("analysis", "files"),
    ("search",),
    ("simulator",),
    ("workload",),
    ("problem",),
    ("profiling",),
    ("specs",),
    ("registry",),
    ("units",),
    ("printable",),
    ("errors",),
    ("guide",),
)
"""From the top down. Packages of one layer do not import each other."""

THIRD_PARTY: dict[str, set[str]] = {
    "aiconfigurator": {"files"},
    "click": {"cli"},
    "distributed": {"planning"},
    "jinja2": {"report"},
    "matplotlib": {"report"},
    "rich": {"cli", "report"},
    "yaml": {"files"},
    "llvmlite": {"simulator"},
    "numba": {"simulator"},
    "ortools": {"search"},
    "scipy": {"workload"},
}
"""Library -> the packages that may import it."""


HEAVY = {
    "jinja2",
    "llvmlite",
    "matplotlib",
    "numba",
    "numpy",
    "ortools",
    "pydantic",
    "rich",
    "scipy",
    "yaml",
}
"""Libraries that a help page must not load."""


READ_IN: dict[str, set[str]] = {
    "stage_latency_s": {"specs", "files", "profiling", "problem", "simulator"},
    "stage_weight_bytes": {"specs", "files", "profiling", "problem"},
    "stage_activation_bytes": {"specs", "files", "profiling", "problem"},
    "usable_memory_bytes": {"specs", "problem"},
    "request_overhead_s": {"specs", "problem", "simulator"},
    "stage_overhead": {"specs", "problem"},
}
"""Attribute -> the packages that may read it. All others ask `alpaplan.problem.service` and
its siblings, or `alpaplan.profiling.batch_sizes` about one configuration, so that no formula stands
twice."""


KERNELS_IMPORTED_BY_KERNELS: dict[str, tuple[str, ...]] = {
    "simulator": ("alpaplan.simulator.kernels.",),
    "search": ("alpaplan.simulator.kernels.", "alpaplan.search.kernels."),
}
"""Package -> where its kernels may import others from."""


def modules(repository: Path) -> Iterator[tuple[str, Path]]:
    """Yield (package, file) of every module, top-level modules as packages of their own."""
    source = repository / "src" / "alpaplan"
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).parts
        if parts != ("__init__.py",):
            yield (parts[0] if len(parts) > 1 else path.stem), path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, node.module or ""


def test_imports_go_down_the_layers(repository: Path) -> None:
    rank = {name: level for level, names in enumerate(LAYERS) for name in names}
    wrong = []
    for package, path in modules(repository):
        for line, name in imports(path):
            parts = name.split(".")
            if parts[0] != "alpaplan" or len(parts) < 2 or parts[1] == package:
                continue
            if rank[parts[1]] <= rank[package]:
                wrong.append(f"{path.name}:{line}: {package} imports {name}")
    assert wrong == []


def test_libraries_are_imported_where_they_belong(repository: Path) -> None:
    wrong = [
        f"{path.name}:{line}: {package} imports {name}"
        for package, path in modules(repository)
        for line, name in imports(path)
        if package not in THIRD_PARTY.get(name.split(".")[0], {package})
    ]
    assert wrong == []


def test_formulas_of_time_and_memory_stand_where_they_belong(repository: Path) -> None:
    wrong = [
        f"{path.name}:{node.lineno}: {package} reads {node.attr}"
        for package, path in modules(repository)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and package not in READ_IN.get(node.attr, {package})
    ]
    assert wrong == []


def test_the_formulas_of_queueing_theory_know_numpy_alone(repository: Path) -> None:
    folder = repository / "src" / "alpaplan" / "analysis" / "queueing"
    others = {
        name
        for path in folder.glob("*.py")
        for _, name in imports(path)
        if not name.startswith(("numpy", "alpaplan.analysis.queueing"))
    }
    assert others <= set(sys.stdlib_module_names)


def test_reports_compute_nothing_of_their_own(repository: Path) -> None:
    # Curves are arrays; tables and texts only show numbers.
    wrong = [
        path.name
        for package, path in modules(repository)
        for _, name in imports(path)
        if package == "report" and name.startswith("numpy") and not path.stem.endswith("_plot")
    ]
    assert wrong == []


def test_the_kernels_know_numpy_and_the_compiler_alone(repository: Path) -> None:
    source = repository / "src" / "alpaplan"
    compilers = {"numba", "llvmlite"}
    wrong = [
        f"{path.name}:{line}: {name}"
        for package, others in (
            ("simulator", compilers),
            # What compiles them is beside the others.
            ("search", set()),
        )
        for path in sorted((source / package / "kernels").glob("*.py"))
        if path.name != "table.py"
        for line, name in imports(path)
        if name.split(".")[0] not in {"numpy", *others, *sys.stdlib_module_names}
        and not f"{name}.".startswith(KERNELS_IMPORTED_BY_KERNELS[package])
    ]
    assert wrong == []


def test_one_module_imports_or_tools(repository: Path) -> None:
    importers = [
        path.name
        for _, path in modules(repository)
        if any(name.split(".")[0] == "ortools" for _, name in imports(path))
    ]
    assert importers == ["integer_program.py"]


ALL_HELP_PAGES = """
import sys
import click
from alpaplan.cli import main

def show(command, path):
    main([*path, "--help"], standalone_mode=False)
    heavy = {heavy} & set(sys.modules)
    if heavy:
        sys.exit(f"help of {{' '.join(['alpaplan', *path])}} loads {{sorted(heavy)}}")
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            show(command.get_command(context, name), [*path, name])

show(main, [])
"""
"""Program that shows every help page, and ends with the first that loads what is heavy."""


def test_help_loads_nothing_heavy() -> None:
    program = ALL_HELP_PAGES.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage: ") > 15
