"""`alpaplan profile import`: profiles of a benchmark table or of another tool's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message, print_text
from alpaplan.cli.quantities import Counts, Pair, WholeNumber
from alpaplan.files.importers.registry import MEASUREMENT_FORMATS

if TYPE_CHECKING:
    from alpaplan.files.importers.request import ImportRequest
    from alpaplan.specs.profile import ModelProfileSpec


@click.command("import", cls=ListingCommand, listings={"Formats": MEASUREMENT_FORMATS.summaries()})
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--from",
    "import_format",
    type=NameOf(MEASUREMENT_FORMATS),
    required=True,
    metavar="FORMAT",
    help="Format of the FILEs, one of those below.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME",
    help="Device type that was measured. May be repeated.",
)
@options.serving
@click.option(
    "--input-len",
    type=WholeNumber(largest=10_000_000),
    metavar="TOKENS",
    help="Length of a prompt in tokens.",
)
@click.option(
    "--batch",
    "batch_sizes",
    type=Counts(),
    metavar="LIST",
    help="Batch sizes to keep, including 1.  [default: all; 1,2,4,8 for aiconfigurator-api]",
)
@click.option(
    "--intra-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of devices that share each operator.  [default: 1,2,4,8]",
)
@click.option(
    "--inter-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of pipeline stages.  [default: 1,2,4,8, up to 16 devices in all]",
)
@click.option(
    "--column",
    "columns",
    type=Pair(),
    multiple=True,
    metavar="COLUMN=NAME",
    help="The FILEs call COLUMN by this NAME (e.g. latency_s=p50_ms). May be repeated.",
)
@click.option(
    "--unit",
    "units",
    type=Pair(),
    multiple=True,
    metavar="NAME=UNIT",
    help="Unit of the plain numbers in column NAME of the FILEs (e.g. p50_ms=ms). May be repeated.",
)
@click.option(
    "-o",
    "--output",
    type=options.FILE,
    required=True,
    metavar="DIR",
    help="Write the profiles into this folder, one file for each model.",
)
@user_errors
def import_(
    files: tuple[str, ...],
    import_format: str,
    devices: tuple[str, ...],
    serving: str | None,
    input_len: int | None,
    batch_sizes: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
    columns: tuple[tuple[str, str], ...],
    units: tuple[tuple[str, str], ...],
    output: Path,
) -> None:
    """Import profiles from a benchmark table or another tool.

    Measurements of the same model in all FILEs make one profile, which can cover several device
    types. Profiles are named after their models, in lower case and without anything up to the
    last slash. Tables may be compressed (.gz).
    """
    _check_options(
        import_format,
        {
            "--device": bool(devices),
            "--serving": serving is not None,
            "--input-len": input_len is not None,
            "--intra-op": intra_op is not None,
            "--inter-op": inter_op is not None,
            "--column": bool(columns),
            "--unit": bool(units),
        },
    )
    from alpaplan.files.importers.request import ImportRequest
    from alpaplan.specs.choices import Serving

    request = ImportRequest(
        files,
        devices,
        input_len,
        batch_sizes,
        intra_op,
        inter_op,
        dict(columns),
        dict(units),
        None if serving is None else Serving(serving),
    )
    _require_folder(output)
    _write(output, _import(import_format, request), inputs=[Path(file) for file in files])


def _check_options(import_format: str, given: dict[str, bool]) -> None:
    """Make sure that the format takes the options that are given."""
    chosen = MEASUREMENT_FORMATS[import_format]
    for option, is_given in given.items():
        if is_given and option not in (*chosen.required, *chosen.optional):
            raise click.UsageError(f"--from {import_format} takes no {option}")
        if not is_given and option in chosen.required:
            raise click.UsageError(f"--from {import_format} needs {option}")


def _import(import_format: str, request: ImportRequest) -> list[ModelProfileSpec]:
    from alpaplan.cli.step_progress import step_progress
    from alpaplan.files.importers.conversion import import_profiles

    with step_progress() as progress:

        def listen(done: int, total: int) -> None:
            if done == 0:
                progress.begin("estimating", total)
            else:
                progress.advance(1)

        imported = import_profiles(import_format, request, listen)
    for note in imported.notes:
        print_message(note)
    return imported.profiles


def _require_folder(folder: Path) -> None:
    """Make sure that profiles can probably be written, before long work is done for them."""
    from alpaplan.files.writing import require_writable_folder

    if str(folder) == "-":
        raise click.UsageError("-o must be a folder, found '-' (standard output)")
    require_writable_folder(folder, ["profile.yaml"], ())  # names are known once all is read


def _write(folder: Path, profiles: list[ModelProfileSpec], inputs: list[Path]) -> None:
    from alpaplan.files.profile_yaml import profile_to_yaml
    from alpaplan.files.writing import make_folder, require_writable, write_atomically
    from alpaplan.units import format_count

    make_folder(folder)
    paths = [folder / f"{profile.name}.yaml" for profile in profiles]
    for path in paths:
        require_writable(path, inputs)
    for path, profile in zip(paths, profiles, strict=True):
        write_atomically(path, profile_to_yaml(profile).encode())
        devices = ", ".join(dict.fromkeys(config.device for config in profile.configs))
        configs = format_count(len(profile.configs), "configuration")
        print_text(f"{path}: {configs} on {devices}")
