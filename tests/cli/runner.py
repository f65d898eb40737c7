"""Running commands inside the tests' own process, with whichever click is installed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import click
from click.testing import CliRunner, Result

_SEPARATE_STDERR: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)
"""Before click 8.2 stderr went into stdout unless asked not to."""


def invoke(command: click.Command, arguments: Sequence[str], **options: Any) -> Result:
    """Run a command; the result has what it wrote and its exit code."""
    return CliRunner(**_SEPARATE_STDERR).invoke(command, arguments, **options)
