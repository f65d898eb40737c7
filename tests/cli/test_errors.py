from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import click
import pytest

from alpaplan.cli import main
from alpaplan.cli.errors import user_errors
from alpaplan.cli.libraries import compiler_trouble
from alpaplan.errors import InfeasibleError, InputError, Issue, SpecError
from tests.cli.runner import invoke
from tests.cli.workspace import INPUTS, Workspace

LAYERS = """\
kind: layer-profile
version: 1
name: \u6a21
device: gpu
link: {latency_s: 0, bandwidth_bytes_per_s: 1GB}
layers:
  - {name: only, weight_bytes: 1GB, latency_s: {1: {1: 1ms}}, output_bytes: {1: 0}}
"""


@pytest.mark.parametrize(
    ("error", "exit_code", "text"),
    [
        (InputError(["a.yaml:1: x: wrong", "b.yaml: gone"]), 2, "a.yaml:1: x: wrong\nb.yaml: gone"),
        (SpecError("plan", [Issue((), "one"), Issue((), "two")]), 2, "alpaplan: one; two"),
        (InfeasibleError("m0 needs 5 GB"), 3, "alpaplan: m0 needs 5 GB"),
        (KeyboardInterrupt(), 130, "alpaplan: interrupted"),
    ],
)
def test_error_ends_in_words_and_an_exit_code(
    error: BaseException, exit_code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @user_errors
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == exit_code
    output = capsys.readouterr()
    assert output.err == text + "\n"
    assert output.out == ""


@pytest.mark.parametrize("arguments", [["schema", "workload"], ["profile", "partition", "l.yaml"]])
def test_a_full_disk_behind_stdout_gets_no_traceback(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("l.yaml").write_text(LAYERS, encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        done = run_alpaplan(arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr == b"alpaplan: no space left on device\n"


@pytest.mark.parametrize("to", ["-", "p.yaml"])
def test_a_terminal_that_lacks_letters_gets_no_traceback(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    Path("l.yaml").write_text(LAYERS, encoding="utf-8")
    done = run_alpaplan(["profile", "partition", "l.yaml", "-o", to], stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\u6a21".encode() in done.stdout


def run_alpaplan(
    arguments: list[str],
    stdout: int | IO[bytes] | None,
    stderr: int | IO[bytes] = subprocess.PIPE,
    before: str = "",
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own, started by one that does something `before`."""
    program = "import sys; from alpaplan.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *arguments]
    if before:
        start = f"import os, sys; {before}; os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", start, *command]
    return subprocess.run(command, stdout=stdout, stderr=stderr, check=False)


@pytest.mark.parametrize("error", [ZeroDivisionError("by\n0"), RecursionError(), KeyError("a")])
@pytest.mark.parametrize("arguments", [[], ["--debug"]])
def test_bugs_end_with_a_code_of_their_own(error: Exception, arguments: list[str]) -> None:
    @click.command()
    @user_errors
    def command() -> None:
        raise error

    result = invoke(command, arguments)
    assert result.exit_code == 70
    assert result.stdout == ""
    *trace, line = result.stderr.splitlines()
    assert line.startswith(f"alpaplan: internal error: {type(error).__name__}: ")
    assert "please report it" in line
    assert bool(trace) == ("--debug" in arguments)
    assert ("Traceback" in result.stderr) == bool(trace)


@pytest.mark.parametrize("place", [0, 1])
def test_debugging_can_be_asked_for_anywhere(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_kind: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alpaplan.specs.json_schema.json_schema", fail)
    arguments = ["schema", "workload"]
    assert "Traceback" not in invoke(main, arguments).stderr
    arguments.insert(place, "--debug")
    result = invoke(main, arguments)
    assert result.exit_code == 70
    assert "Traceback" in result.stderr


def test_too_little_memory_is_no_bug() -> None:
    @click.command()
    @user_errors
    def command() -> None:
        raise MemoryError

    result = invoke(command, [])
    assert result.exit_code == 2
    assert result.stderr == "alpaplan: there is not enough memory for this input\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "-h"], ["guide"], []])
def test_help_for_a_full_disk_gets_no_traceback(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run_alpaplan(arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] in (
        b"alpaplan: no space left on device",
        b"  guide     Show a page of the guide, or its index.",  # of no arguments, as an error
    )


def test_messages_for_a_full_disk_leave_the_exit_code(tmp_path: Path) -> None:
    for arguments, code in ((["validate", "nothing.yaml"], 2), (["plam"], 2), (["--help"], 0)):
        with Path("/dev/full").open("wb") as full:
            done = run_alpaplan(arguments, stdout=subprocess.PIPE, stderr=full)
        assert done.returncode == code


@pytest.mark.parametrize("arguments", [["--help"], ["schema", "workload"]])
def test_a_closed_stdout_is_no_success(arguments: list[str]) -> None:
    done = run_alpaplan(arguments, stdout=None, before="import os; os.close(1)")
    assert done.returncode == 2
    assert done.stderr == b"alpaplan: standard output is closed\n"


def test_a_closed_stderr_is_no_failure() -> None:
    done = run_alpaplan(["schema", "workload"], stdout=subprocess.PIPE, before="os.close(2)")
    assert done.returncode == 0
    assert done.stdout.startswith(b"{")
    done = run_alpaplan(["validate", "x.yaml"], stdout=subprocess.PIPE, before="os.close(2)")
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_plan_for_a_closed_stdout_is_refused_before_the_search(workspace: Workspace) -> None:
    done = run_alpaplan(["plan", *INPUTS], stdout=None, before="os.close(1)")
    assert done.returncode == 2
    assert done.stderr == b"/dev/stdout: cannot be written: no permission\n"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["a\x1b[31mb"], r"found 'a\x1b[31mb'"),
        (["plan", "--a\x1b[31mb"], "--a"),  # older clicks leave it out
        (["validate", "\x1b[31m\nx\u202e"], r"\x1b[31m\nx\u202e: no such file or directory"),
        (["validate", "a\udcff"], r"a\xff: no such file or directory"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(arguments: list[str], shown: str) -> None:
    result = invoke(main, arguments)
    assert result.exit_code == 2
    assert shown in result.stderr
    assert "\x1b" not in result.stderr


def test_models_that_do_not_fit_are_on_lines_of_their_own() -> None:
    @click.command()
    @user_errors
    def command() -> None:
        raise InfeasibleError("no feasible placement\n  a\n  b\x07")

    assert invoke(command, []).stderr == "alpaplan: no feasible placement\n  a\n  b\\x07\n"


def test_all_is_printed_in_one_place(repository: Path) -> None:
    folder = repository / "src" / "alpaplan"
    printing = ("click.echo(", "click.secho(", "print(", "sys.stdout.write", "sys.stderr.write")
    elsewhere = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(printing)
    }
    # The guide shows pages of its own in color; a stub is a program by itself.
    assert elsewhere == {"cli/output.py", "cli/guide.py", "verification/stub.py"}


def test_result_and_name_pass_through() -> None:
    @user_errors
    def command(number: int) -> int:
        """Say what it does."""
        return number + 1

    assert command(1) == 2
    assert command.__doc__ == "Say what it does."


def test_reader_that_stops_early_gets_no_traceback() -> None:
    program = (
        "import os, sys\n"
        "reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)\n"
        "from alpaplan.cli import main\n"
        "main(['schema', 'workload'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NUMBA_NUM_THREADS", "0", "numba cannot be used with these settings"),
        ("NUMBA_NUM_THREADS", "many", "numba cannot be used with these settings"),
        ("NUMBA_CPU_FEATURES", "avx2", "must be a list such as"),
    ],
)
def test_settings_of_numba_that_are_wrong_are_named(
    name: str, value: str, words: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    done = run_alpaplan(["plan", *INPUTS, "-o", "p.yaml"], stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert name.encode() in done.stderr
    assert words.encode() in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_an_error_of_numba_without_settings_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NUMBA_")]:
        monkeypatch.delenv(name)
    assert compiler_trouble(ValueError("x")) is None
