"""`alpaplan profile import`: profiles of a benchmark table or of another tool's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors

if TYPE_CHECKING:
    from alpaplan.files.importers.request import ImportRequest
    from alpaplan.specs.profile import ModelProfileSpec


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.import_format
@options.device_types
@options.input_len
@options.batch_sizes
@options.estimated_intra_op
@options.estimated_inter_op
@options.profiles_folder
@user_errors
def import_(
    files: tuple[str, ...],
    import_format: str,
    devices: tuple[str, ...],
    input_len: int | None,
    batch_sizes: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
    output: Path,
) -> None:
    r"""Make profiles of measurements, one file a model.

    All FILEs are read together, so that configurations of a model on several device types become
    one profile. A profile is called as its model, in lower case and without what is in front of
    the last slash. Tables may be compressed (.gz). The FORMATs:

    \b
    table               CSV, a row for each stage: model, device, intra_op,
                        inter_op, batch_size, stage, latency_s, weight_bytes
                        and, if known, activation_bytes
    alpaserve           AlpaServe's profiling results (.tsv); takes --device,
                        else v100-16gb
    aiconfigurator      CSV of aiconfigurator's estimates; takes --input-len,
                        else a profile for each length of prompts
    aiconfigurator-api  estimates made now by the package aiconfigurator; FILE
                        is a model such as Qwen/Qwen3-8B; needs --device and
                        --input-len, takes --intra-op and --inter-op

    --batch keeps only those batch sizes, of which 1 must be one.
    """
    _check_options(
        import_format,
        {
            "--device": bool(devices),
            "--input-len": input_len is not None,
            "--intra-op": intra_op is not None,
            "--inter-op": inter_op is not None,
        },
    )
    from alpaplan.files.importers.request import ImportRequest

    request = ImportRequest(files, devices, input_len, batch_sizes, intra_op, inter_op)
    _require_folder(output)
    _write(output, _import(import_format, request))


def _check_options(import_format: str, given: dict[str, bool]) -> None:
    """Make sure that the format exists, and takes the options that are given."""
    from alpaplan.errors import did_you_mean
    from alpaplan.files.importers.registry import MEASUREMENT_FORMATS

    if import_format not in MEASUREMENT_FORMATS:
        known = ", ".join(MEASUREMENT_FORMATS)
        hint = did_you_mean(import_format, MEASUREMENT_FORMATS)
        raise click.UsageError(f"--from must be one of {known}, found {import_format!r}{hint}")
    chosen = MEASUREMENT_FORMATS[import_format]
    for option, is_given in given.items():
        if is_given and option not in (*chosen.required, *chosen.optional):
            raise click.UsageError(f"{option} does not belong to --from {import_format}")
        if not is_given and option in chosen.required:
            raise click.UsageError(f"{option} must be given with --from {import_format}")


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
        click.echo(note, err=True)
    return imported.profiles


def _require_folder(folder: Path) -> None:
    """Make sure that profiles can probably be written, before long work is done for them."""
    from alpaplan.errors import InputError
    from alpaplan.files.reading import exists
    from alpaplan.files.writing import require_writable

    if str(folder) == "-":
        raise click.UsageError("-o must be a folder, found '-' (standard output)")
    if not exists(folder):
        require_writable(folder)
    elif not folder.is_dir():
        raise InputError([f"{folder}: is a file, must be a folder"])
    else:
        require_writable(folder / "profile.yaml")


def _write(folder: Path, profiles: list[ModelProfileSpec]) -> None:
    from alpaplan.files.profile_yaml import profile_to_yaml
    from alpaplan.files.writing import make_folder, require_writable, write_atomically

    make_folder(folder)
    paths = [folder / f"{profile.name}.yaml" for profile in profiles]
    for path in paths:
        require_writable(path)
    for path, profile in zip(paths, profiles, strict=True):
        write_atomically(path, profile_to_yaml(profile).encode())
        devices = ", ".join(dict.fromkeys(config.device for config in profile.configs))
        num_configs = len(profile.configs)
        noun = "configuration" if num_configs == 1 else "configurations"
        click.echo(f"{path}: {num_configs} {noun} on {devices}")
