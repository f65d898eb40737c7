"""`alpaplan profile estimate`: an architecture to a model profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import STANDARD_OUTPUT, print_result, require_target, write_document
from alpaplan.cli.profile.names import check_name
from alpaplan.profiling.devices import DEVICES, Device, Dtype
from alpaplan.profiling.families import FAMILIES

if TYPE_CHECKING:
    from alpaplan.profiling.architecture import Transformer
    from alpaplan.profiling.estimate import Estimate
    from alpaplan.profiling.layer_estimate import Sweep


@click.command(
    epilog=f"Devices: {', '.join(DEVICES)}. Families (model_type): {', '.join(FAMILIES)}."
)
@click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG_JSON")
@options.device_types
@options.dtype
@options.input_len
@options.batch_sizes
@options.estimated_intra_op
@options.estimated_inter_op
@options.stack
@options.memory_limit
@options.name
@options.profile_output
@user_errors
def estimate(
    config: Path,
    devices: tuple[str, ...],
    dtype: str | None,
    input_len: int | None,
    batch_sizes: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
    stack: str,
    memory_limit_bytes: int | None,
    name: str | None,
    output: Path | None,
) -> None:
    """Estimate a profile from a model's config.json.

    CONFIG_JSON describes the architecture as Hugging Face does. What is estimated is the prefill
    of a batch of prompts, from operations, bytes and collectives at efficiencies that were
    measured for single operators. Configurations and batch sizes that do not fit the memory of
    the device are left out.
    """
    from alpaplan.files.model_config import load_model_config
    from alpaplan.profiling.estimate import estimate_profile
    from alpaplan.profiling.stacks import STACKS

    if input_len is None:
        raise click.UsageError("missing --input-len: how many tokens a prompt has")
    chosen = _devices(devices)
    if name is not None:
        check_name(name)
    loaded = load_model_config(config)
    transformer = loaded.transformer
    number_format = loaded.dtype() if dtype is None else _dtype(dtype)
    _check_support(chosen, number_format)
    sweep = _sweep(transformer, input_len, batch_sizes, intra_op, inter_op)
    target = output or STANDARD_OUTPUT
    require_target(target)
    found = estimate_profile(
        transformer,
        name or _name_of(config, transformer),
        chosen,
        number_format,
        STACKS[stack],
        sweep,
        memory_limit_bytes,
    )
    _write(target, found)


def _devices(names: Sequence[str]) -> list[Device]:
    from alpaplan.errors import did_you_mean

    known = ", ".join(DEVICES)
    if not names:
        raise click.UsageError(f"missing --device: one or more of {known}")
    for name in names:
        if name not in DEVICES:
            hint = did_you_mean(name, DEVICES)
            raise click.UsageError(f"--device must be one of {known}, found {name!r}{hint}")
    return [DEVICES[name] for name in dict.fromkeys(names)]


def _dtype(name: str) -> Dtype:
    known = [dtype.value for dtype in Dtype]
    if name not in known:
        raise click.UsageError(f"--dtype must be one of {', '.join(known)}, found {name!r}")
    return Dtype(name)


def _check_support(devices: Sequence[Device], dtype: Dtype) -> None:
    for device in devices:
        if not device.supports(dtype):
            has = ", ".join(other.value for other in device.peak_flops)
            raise click.UsageError(
                f"{device.name} has no units for {dtype.value}; give --dtype (it has {has})"
            )


def _sweep(
    transformer: Transformer,
    input_len: int,
    batch_sizes: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
) -> Sweep:
    """Make sure that the model can be run so.

    Raises
    ------
    click.UsageError
        With what it can.
    """
    from alpaplan.profiling.layer_estimate import BATCH_SIZES, PARALLELISMS, Sweep

    longest = transformer.max_input_len
    if longest is not None and input_len > longest:
        raise click.UsageError(
            f"--input-len must be at most the model's {longest} positions, found {input_len}"
        )
    if batch_sizes is not None and 1 not in batch_sizes:
        found = ", ".join(map(str, batch_sizes))
        raise click.UsageError(f"--batch must have 1 among its sizes, found {found}")
    impossible = [count for count in intra_op or () if not transformer.shares_into(count)]
    if impossible:
        attention = transformer.blocks[0].attention
        heads = f"{attention.num_heads} heads and {attention.num_kv_heads} for keys and values"
        raise click.UsageError(
            f"--intra-op must be able to share {heads}, found {', '.join(map(str, impossible))}"
        )
    num_blocks = len(transformer.blocks)
    too_many = [count for count in inter_op or () if count > num_blocks]
    if too_many:
        found = ", ".join(map(str, too_many))
        raise click.UsageError(
            f"--inter-op must be at most the number of blocks ({num_blocks}), found {found}"
        )
    return Sweep(
        input_len,
        batch_sizes or BATCH_SIZES,
        intra_op or PARALLELISMS,
        inter_op or tuple(count for count in PARALLELISMS if count <= num_blocks),
    )


def _name_of(config: Path, transformer: Transformer) -> str:
    """Return the file's name, or its folder's, as all files of the hub are called the same."""
    if config.name != "config.json":
        return config.stem
    return config.resolve().parent.name or transformer.model_type


def _write(target: Path, found: Estimate) -> None:
    from alpaplan.files.profile_yaml import profile_to_yaml
    from alpaplan.report.stages import stages_table

    write_document(target, profile_to_yaml(found.profile))
    if target != STANDARD_OUTPUT:
        for device in dict.fromkeys(config.device for config in found.profile.configs):
            configs = tuple(item for item in found.profile.configs if item.device == device)
            print_result(stages_table(found.profile.model_copy(update={"configs": configs})))
    for left_out in found.left_out:
        click.echo(f"left out: {left_out.describe()}", err=True)
