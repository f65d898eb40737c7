"""`alpaplan profile partition`: a layer profile to a model profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_message,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import Counts

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.profiling.stages import StagedProfile
    from alpaplan.specs.layers import LayerProfileSpec
    from alpaplan.specs.profile import ModelProfileSpec


@click.command()
@click.argument("layers", type=click.Path(path_type=Path), metavar="LAYERS")
@click.option(
    "--inter-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of pipeline stages.  [default: 1,2,4,8,16, up to the number of layers]",
)
@click.option(
    "--intra-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of devices for each stage.  [default: all that LAYERS has]",
)
@options.memory_limit
@options.document_name("profile", "the name in LAYERS")
@options.document_output("profile")
@user_errors
def partition(
    layers: Path,
    inter_op: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    memory_limit_bytes: int | None,
    name: str | None,
    output: Path | None,
) -> None:
    """Cut a model's layers into balanced pipeline stages.

    LAYERS is a layer profile. For each number of stages and of devices for each stage, the cuts
    are chosen that make the slowest stage, including its transfer to the next one, as fast as
    possible at batch size 1; ties go to the least communication, then to the least memory. The
    resulting profile has the same stages at all batch sizes and names the layers of each.
    """
    from alpaplan.files.document import load_document
    from alpaplan.specs.layers import LayerProfileSpec

    target = output or STANDARD_OUTPUT
    require_target(target, [layers])
    document = load_document(layers, LayerProfileSpec)
    _check_counts(document.spec, intra_op, inter_op)
    found = _cut(document, intra_op, inter_op, memory_limit_bytes, name)
    for left_out in found.left_out:
        text = left_out.describe(memory_limit_bytes or 0)
        print_message(f"{layers}: left out: {text}")
    _write(target, found.profile)


def _check_counts(
    layers: LayerProfileSpec, intra_op: tuple[int, ...] | None, inter_op: tuple[int, ...] | None
) -> None:
    """Make sure that the layers have what is asked for.

    Raises
    ------
    click.UsageError
        With what they have.
    """
    from alpaplan.profiling.stages import largest_stage_count

    known = sorted(layers.layers[0].latency_s)
    unknown = [count for count in intra_op or () if count not in known]
    if unknown:
        raise click.UsageError(
            f"--intra-op must be among those in LAYERS ({_listed(known)}), found {_listed(unknown)}"
        )
    most = largest_stage_count(layers)
    too_many = [count for count in inter_op or () if count > most]
    if too_many:
        of = f"number of layers ({most})" if most == len(layers.layers) else f"limit ({most})"
        raise click.UsageError(f"--inter-op must be at most the {of}, found {_listed(too_many)}")


def _listed(counts: list[int]) -> str:
    return ", ".join(map(str, counts))


def _cut(
    document: Document[LayerProfileSpec],
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
    memory_limit_bytes: int | None,
    name: str | None,
) -> StagedProfile:
    from alpaplan.errors import InputError, SpecError
    from alpaplan.profiling.stages import cut_into_stages

    try:
        return cut_into_stages(
            document.spec,
            intra_ops=intra_op,
            inter_ops=inter_op,
            memory_limit_bytes=memory_limit_bytes,
            name=name,
        )
    except SpecError as error:
        raise InputError(document.error_line(issue) for issue in error.issues) from error


def _write(target: Path, profile: ModelProfileSpec) -> None:
    from alpaplan.files.profile_yaml import profile_to_yaml
    from alpaplan.report.stages import stages_table

    write_document(target, profile_to_yaml(profile))
    if target != STANDARD_OUTPUT:
        print_result(stages_table(profile))
