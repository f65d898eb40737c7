"""`alpaplan init`: copy an example to start from."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

import click

from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_text

README = "README.md"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR", required=False)
@click.option(
    "--example",
    metavar="NAME",
    default="quickstart",
    show_default=True,
    help="Example to copy; --list shows which there are.",
)
@click.option("--list", "list_examples", is_flag=True, help="List the examples and copy nothing.")
@user_errors
def init(folder: Path | None, example: str, *, list_examples: bool) -> None:
    """Copy an example to start from.

    Its files go into DIR, which is created if needed. Existing files are never overwritten: if
    one has the name of a file to copy, nothing is copied.
    """
    if list_examples:
        _print_examples()
        return
    if folder is None:
        raise click.MissingParameter(param_type="argument", param_hint="'DIR'")
    from alpaplan.files.shipped import read_example, write_new_files

    files = read_example(example)
    write_new_files(folder, files)
    print_text(f"Copied to {folder}: {', '.join(files)}")
    print_text(f"\n{_next_steps(folder, files)}")


def _print_examples() -> None:
    from alpaplan.files.shipped import example_names, read_example

    formatter = click.HelpFormatter(width=100)
    formatter.write_dl([(name, _question(read_example(name))) for name in example_names()])
    print_text(formatter.getvalue().removesuffix("\n"))


def _question(files: dict[str, bytes]) -> str:
    """Return the first line of an example's page below its title."""
    lines = files[README].decode().splitlines()
    return next(line for line in lines[1:] if line)


def _next_steps(folder: Path, files: Collection[str]) -> str:
    commands = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    if "cluster.yaml" in files:
        commands.append("alpaplan plan -c cluster.yaml -w workload.yaml -o plan.yaml")
        intro = f"Next, plan it ({README} explains what it is about):"
    else:
        commands.append(f"less {README}")
        intro = f"Next, {README} shows what can be done with it:"
    return "\n".join([intro, *(f"  {command}" for command in commands)])
