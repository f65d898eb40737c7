from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from alpaplan.cli.errors import user_errors
from alpaplan.errors import InfeasibleError, InputError, Issue, SpecError

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
    arguments: list[str], stdout: int | IO[bytes]
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    program = "import sys; from alpaplan.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)


def test_bugs_are_not_hidden() -> None:
    @user_errors
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


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
