from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from alpaplan.cli import main
from alpaplan.files.shipped import example_names
from tests.cli.runner import invoke

NAMES = example_names()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = invoke(main, arguments)
    assert result.exit_code == exit_code, result.output
    return result


@pytest.mark.parametrize("name", NAMES)
def test_copies_what_an_example_starts_from(name: str, folder: Path, repository: Path) -> None:
    result = run("init", "here", "--example", name)
    source = repository / "examples" / name
    inputs = {path.name: path.read_bytes() for path in source.iterdir() if path.name != "plan.yaml"}
    assert {path.name: path.read_bytes() for path in (folder / "here").iterdir()} == inputs
    assert result.stderr == ""
    assert result.stdout.startswith(f"Copied to here: {', '.join(sorted(inputs))}\n")


def test_starts_from_the_quickstart_and_says_how_to_go_on(folder: Path) -> None:
    result = run("init", "my folder")
    assert result.stdout == (
        "Copied to my folder: README.md, cluster.yaml, workload.yaml\n"
        "\n"
        "Next, plan it (README.md explains what it is about):\n"
        "  cd 'my folder'\n"
        "  alpaplan plan -c cluster.yaml -w workload.yaml -o plan.yaml\n"
    )


def test_copies_into_the_working_folder(folder: Path) -> None:
    result = run("init", ".", "--example", "traffic")
    assert (folder / "requests.csv").is_file()
    assert "cd " not in result.stdout
    assert result.stdout.endswith("  less README.md\n")


def test_keeps_what_is_there_and_says_what(folder: Path) -> None:
    for name in ("workload.yaml", "README.md", "mine.yaml"):
        (folder / name).write_text("mine\n")
    result = run("init", ".", exit_code=2)
    assert result.stderr.splitlines() == [
        "README.md: already exists and is left as it is",
        "workload.yaml: already exists and is left as it is",
    ]
    assert {path.name for path in folder.iterdir()} == {"workload.yaml", "README.md", "mine.yaml"}
    assert {path.read_text() for path in folder.iterdir()} == {"mine\n"}


def test_leaves_nothing_behind_if_a_file_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(path: Path, target: Path) -> None:
        if target.name == "workload.yaml":
            raise OSError(28, "No space left on device")
        path.rename(target)

    monkeypatch.setattr(Path, "replace", replace)
    result = run("init", "here", exit_code=2)
    assert result.stderr == "here/workload.yaml: cannot be written: no space left on device\n"
    assert list(folder.iterdir()) == []


def test_the_folder_around_it_must_be_there(folder: Path) -> None:
    result = run("init", "no/here", exit_code=2)
    assert result.stderr == "no/here: cannot be written: no folder no\n"


def test_a_folder_must_not_be_a_file(folder: Path) -> None:
    (folder / "here").write_text("mine\n")
    run("init", "here", exit_code=2)
    assert (folder / "here").read_text() == "mine\n"


def test_unknown_example(folder: Path) -> None:
    result = run("init", "here", "--example", "quikstart", exit_code=2)
    assert result.stderr == (
        f"example must be one of {', '.join(NAMES)}, found 'quikstart'; "
        "did you mean 'quickstart'?\n"
    )
    assert list(folder.iterdir()) == []


def test_lists_the_examples_each_in_one_line() -> None:
    lines = run("init", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("   ")] == NAMES
    assert any(line.startswith("import  ") and "Measurements in" in line for line in lines)


def test_needs_a_folder() -> None:
    assert "Missing argument 'DIR'" in run("init", exit_code=2).stderr
