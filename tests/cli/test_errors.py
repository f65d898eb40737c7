from __future__ import annotations

import subprocess
import sys

import pytest

from alpaplan.cli.errors import user_errors
from alpaplan.errors import InfeasibleError, InputError, Issue, SpecError


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
