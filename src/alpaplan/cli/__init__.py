"""The command line: one file a command."""

from alpaplan.cli.app import main

__all__ = ["main"]
