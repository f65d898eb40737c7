"""`alpaplan profile estimate`: an architecture to a model profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import ListingCommand, NameOf, NameOrFile, listed
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_message,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import Counts, WholeNumber
from alpaplan.errors import InputError
from alpaplan.printable import printable
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Device, Dtype, device_of
from alpaplan.profiling.family_table import FAMILIES
from alpaplan.profiling.stacks import STACKS
from alpaplan.specs.choices import Serving

if TYPE_CHECKING:
    from alpaplan.files.model_config import ModelConfig
    from alpaplan.profiling.architecture import Transformer
    from alpaplan.profiling.estimate import Estimate
    from alpaplan.profiling.layer_estimate import Sweep
    from alpaplan.profiling.quantization import Quantization


@click.command(
    cls=ListingCommand,
    listings={
        "Device types": tuple(DEVICES),
        "Serving stacks": {name: stack.description for name, stack in STACKS.items()},
        "Model families (model_type in CONFIG_JSON)": tuple(FAMILIES),
    },
)
@click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG_JSON")
@click.option(
    "--device",
    "devices",
    type=NameOrFile(DEVICES),
    multiple=True,
    required=True,
    metavar="NAME|FILE",
    help="Device type, one of those below or a device document (.yaml); can be given several "
    "times.",
)
@click.option(
    "--dtype",
    type=NameOf(Dtype),
    metavar="NAME",
    help=f"Number format of weights and arithmetic: {listed(Dtype)}.  [default: the model's own]",
)
@options.serving
@click.option(
    "--input-len",
    type=WholeNumber(largest=10_000_000),
    metavar="TOKENS",
    help="Length of a prompt in tokens; with --serving continuous, of the requests by which "
    "windows and states are counted.  [default: there 2048]",
)
@click.option(
    "--batch",
    "batch_sizes",
    type=Counts(),
    metavar="LIST",
    help="Batch sizes, including 1.  [default: 1,2,4,8]",
)
@click.option(
    "--intra-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of devices that share each operator.  [default: those of 1,2,4,8 that divide "
    "the attention heads]",
)
@click.option(
    "--inter-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of pipeline stages.  [default: 1,2,4,8, up to the number of blocks]",
)
@click.option(
    "--stack",
    type=NameOf(STACKS),
    metavar="NAME",
    default=next(iter(STACKS)),
    show_default=True,
    help="Serving stack whose efficiency is assumed, one of those below.",
)
@options.memory_limit
@options.document_name("profile", "name of the file or, for config.json, of its folder")
@options.document_output("profile")
@user_errors
def estimate(
    config: Path,
    devices: tuple[str, ...],
    dtype: str | None,
    serving: str | None,
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

    CONFIG_JSON describes the model's architecture, as on Hugging Face. The estimate is for the
    iterations of an LLM's engine, or with --input-len for the prefill of a batch of prompts. It
    adds up arithmetic, memory traffic and communication, at efficiencies that were measured on
    single operators. Configurations and batch sizes that do not fit into the device's memory are
    left out.
    """
    from alpaplan.files.model_config import load_model_config
    from alpaplan.profiling.estimate import estimate_profile

    target = output or STANDARD_OUTPUT
    require_target(target, [config, *(Path(name) for name in devices if name not in DEVICES)])
    chosen = _devices(devices)
    loaded = load_model_config(config)
    if loaded.beside is not None:
        require_target(target, [loaded.beside.path])
    transformer = loaded.transformer
    number_format, quantization = _format(loaded, dtype)
    _check_support(chosen, number_format)
    sweep = _sweep(
        transformer,
        _serving(serving, input_len, batch_sizes),
        input_len,
        batch_sizes,
        intra_op,
        inter_op,
    )
    found = estimate_profile(
        transformer,
        name or _name_of(config, transformer),
        chosen,
        number_format,
        STACKS[stack],
        sweep,
        memory_limit_bytes,
        quantization,
    )
    _write(target, found)
    for note in transformer.notes:
        print_message(f"note: {note}")


def _devices(names_and_files: Sequence[str]) -> list[Device]:
    """Return the devices of the catalog and of documents, in order, each once."""
    chosen: list[Device] = []
    for text in dict.fromkeys(names_and_files):
        device = DEVICES[text] if text in DEVICES else _load_device(Path(text))
        if any(device.name == other.name for other in chosen):
            raise click.UsageError(f"--device {text}: {device.name} is already given")
        chosen.append(device)
    return chosen


def _load_device(path: Path) -> Device:
    from alpaplan.files.document import load_document
    from alpaplan.specs.device import DeviceSpec

    return device_of(load_document(path, DeviceSpec).spec)


def _format(loaded: ModelConfig, dtype: str | None) -> tuple[Dtype, Quantization | None]:
    """Return the number format, and the checkpoint's quantization if it is to that format."""
    if dtype is None:
        return loaded.checkpoint_format()
    try:
        published, quantization = loaded.checkpoint_format()
    except InputError:  # what the option is for
        return Dtype(dtype), None
    return Dtype(dtype), quantization if published == dtype else None


def _check_support(devices: Sequence[Device], dtype: Dtype) -> None:
    for device in devices:
        if not device.supports(dtype):
            has = ", ".join(other.value for other in device.peak_flops)
            raise click.UsageError(
                f"{device.name} does not support {dtype}; choose another --dtype: {has}"
            )


def _serving(
    name: str | None, input_len: int | None, batch_sizes: tuple[int, ...] | None
) -> Serving:
    """Return what is estimated: prefill if it is said of what, else iterations."""
    is_prefill = input_len is not None or batch_sizes is not None
    serving = Serving(name) if name else Serving.PREFILL if is_prefill else Serving.CONTINUOUS
    if serving is Serving.PREFILL and input_len is None:
        raise click.UsageError("Missing option '--input-len': the length of prompts")
    if serving is Serving.CONTINUOUS and batch_sizes is not None:
        raise click.UsageError("--batch is for --serving prefill")
    return serving


def _sweep(
    transformer: Transformer,
    serving: Serving,
    input_len: int | None,
    batch_sizes: tuple[int, ...] | None,
    intra_op: tuple[int, ...] | None,
    inter_op: tuple[int, ...] | None,
) -> Sweep:
    """Make sure that the model can run in these configurations.

    Raises
    ------
    click.UsageError
        With the configurations that are possible.
    """
    from alpaplan.profiling.engine_estimate import REFERENCE_TOKENS, Steps, why_not_continuous
    from alpaplan.profiling.layer_estimate import BATCH_SIZES, PARALLELISMS, Sweep

    longest = transformer.max_input_len
    if input_len is not None and longest is not None and input_len > longest:
        raise click.UsageError(
            f"--input-len must be at most the model's {longest} positions, found {input_len}"
        )
    if batch_sizes is not None and 1 not in batch_sizes:
        found = ", ".join(map(str, batch_sizes))
        raise click.UsageError(f"--batch must include 1, found {found}")
    impossible = [count for count in intra_op or () if not transformer.shares_into(count)]
    if impossible:
        heads = transformer.describe_heads()
        raise click.UsageError(
            f"--intra-op must divide {heads}, found {', '.join(map(str, impossible))}"
        )
    num_blocks = len(transformer.blocks)
    too_many = [count for count in inter_op or () if count > num_blocks]
    if too_many:
        found = ", ".join(map(str, too_many))
        raise click.UsageError(
            f"--inter-op must be at most the number of blocks ({num_blocks}), found {found}"
        )
    intra_ops = intra_op or PARALLELISMS
    inter_ops = inter_op or tuple(count for count in PARALLELISMS if count <= num_blocks)
    if serving is Serving.PREFILL and input_len is not None:
        return Sweep(input_len, batch_sizes or BATCH_SIZES, intra_ops, inter_ops)
    reason = why_not_continuous(transformer)
    if reason is not None:
        raise click.UsageError(
            f"{transformer.model_type} {reason}, and cannot be served with continuous batching; "
            "with --input-len its prefill is estimated"
        )
    reference = input_len or min(REFERENCE_TOKENS, longest or REFERENCE_TOKENS)
    return Steps(reference, intra_ops=intra_ops, inter_ops=inter_ops)


def _name_of(config: Path, transformer: Transformer) -> str:
    """Return the file's name, or its folder's, as all files of the hub are called the same.

    If a document cannot have that name, it is that of the architecture.
    """
    from alpaplan.specs.fields import is_name

    is_usual = config.name == "config.json"
    name = printable(config.resolve().parent.name if is_usual else config.stem)
    return name if is_name(name) else transformer.model_type


def _write(target: Path, found: Estimate) -> None:
    from alpaplan.files.profile_yaml import profile_to_yaml
    from alpaplan.report.stages import stages_table

    write_document(target, profile_to_yaml(found.profile))
    if target != STANDARD_OUTPUT and found.profile.is_llm:
        from alpaplan.profiling.engine_summary import summarize_engines
        from alpaplan.report.engine_profile import engine_tables

        print_result(engine_tables([summarize_engines(found.profile)]))
    elif target != STANDARD_OUTPUT:
        for device in dict.fromkeys(config.device for config in found.profile.configs):
            configs = tuple(item for item in found.profile.configs if item.device == device)
            print_result(stages_table(found.profile.model_copy(update={"configs": configs})))
    for left_out in found.left_out:
        print_message(f"left out: {left_out.describe()}")
