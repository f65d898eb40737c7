"""The command line: one file a command."""

from alpaplan.cli.main import main

__all__ = ["main"]
