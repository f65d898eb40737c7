"""A reader who follows a page: enters its commands in a folder, in the page's order."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from alpaplan.cli import main
from tests.cli.runner import invoke
from tests.envoy import require_envoy
from tests.pages import blocks
from tests.stand_ins import write_stand_ins

_EXIT_CODE = re.compile(r"\s+# exit code (\d+)$")
_FOR_A_SHELL = re.compile(r"[|<>*$;&]")


class Reader:
    """Enters commands in this process where it can, since starting others takes most of the time.

    Parameters
    ----------
    folder
        Where the first command is entered; ``cd`` changes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, Any] = {}

    def follow(self, text: str) -> dict[str, str]:
        """Do everything that a page asks for; return step -> what it prints.

        The last step that prints something different under the same name counts.
        """
        outputs: dict[str, str] = {}
        for block in blocks(text):
            if block.saved_as:
                (self.folder / block.saved_as).write_text(block.text, encoding="utf-8")
            run = self.run_python if block.language == "python" else self.run_command
            outputs |= {step: run(step) for step in block.steps}
        return outputs

    def run_command(self, line: str) -> str:
        """Run a line of a shell block; ``# exit code 1`` behind it says how it has to end."""
        end = _EXIT_CODE.search(line)
        command = line[: end.start()] if end else line
        program, *arguments = shlex.split(command)
        if program == "cd":
            self.folder = self.folder / arguments[0]
            return ""
        if arguments[:1] == ["verify"]:
            require_envoy()
        write_stand_ins(command, self.folder)
        if program == "alpaplan" and not _FOR_A_SHELL.search(command):
            exit_code, output = self._run_alpaplan(arguments)
        else:
            exit_code, output = self.run_in_shell(command)
        assert exit_code == int(end[1] if end else 0), f"{command}\n{output[-2000:]}"
        return output

    def run_python(self, program: str) -> str:
        """Run a Python block, which knows the names of those before it."""
        output = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(output):
            exec(compile(program, "page", "exec"), self._names)
        return output.getvalue()

    def run_in_shell(self, command: str) -> tuple[int, str]:
        """Run a command in a shell with this environment's ``alpaplan``."""
        scripts = str(Path(sys.executable).parent)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=_environment() | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _run_alpaplan(self, arguments: list[str]) -> tuple[int, str]:
        with contextlib.chdir(self.folder):
            result = invoke(main, arguments, env={"COLUMNS": None})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout + result.stderr


def _environment() -> dict[str, str]:
    """Return the environment without what changes the width of tables."""
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"}
