"""`alpaplan profile show`: what profiles say of each configuration, as tables, JSON and a plot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result, require_plot
from alpaplan.cli.quantities import Seconds, WholeNumber
from alpaplan.errors import InputError

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.profiling.summary import ProfileSummary
    from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig

MAX_NAMED = 4
"""Configurations that a line names (a count; 1 to 20) before it only counts them."""


@click.command()
@click.argument(
    "profiles", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PROFILE..."
)
@click.option(
    "--batch",
    "batch_size",
    type=WholeNumber(),
    metavar="N",
    default=1,
    show_default=True,
    help="Batch size to show; values between profiled batch sizes are interpolated.",
)
@click.option(
    "--slo",
    "slo_s",
    type=Seconds(),
    metavar="DURATION",
    help="Mark the batch size with the best throughput whose latency is within this objective "
    "(e.g. 500ms).",
)
@options.output_format
@options.plot
@user_errors
def show(
    profiles: tuple[Path, ...],
    batch_size: int,
    slo_s: float | None,
    output_format: str,
    plot: Path | None,
) -> None:
    """Show latency, throughput, memory and overhead of profiles.

    Each PROFILE is a model profile or a folder of them; each configuration is shown in a row. An
    overhead is the device time that a request takes beyond that on the smallest configuration of
    the same device type; it is split into communication and imbalance between stages.
    """
    from alpaplan.profiling.summary import summarize_profile
    from alpaplan.report.profile import profile_tables

    require_plot(plot, profiles)
    documents = _load(profiles)
    summaries = [summarize_profile(document.spec, batch_size, slo_s) for document in documents]
    left_out = _left_out(documents, summaries)
    if not any(summary.configs for summary in summaries):
        raise InputError(left_out)
    if plot is not None:
        from alpaplan.cli.step_progress import busy
        from alpaplan.files.writing import write_atomically
        from alpaplan.report.figure import plot_bytes
        from alpaplan.report.profile_plot import profiles_figure

        with busy("drawing"):
            image = plot_bytes(profiles_figure(summaries), plot)
        write_atomically(plot, image)
    for line in left_out:
        print_message(line)
    if output_format == "json":
        found = {"profiles": [summary.to_json_dict() for summary in summaries]}
        print_json(found)
    else:
        print_result(profile_tables(summaries))


def _load(paths: Iterable[Path]) -> list[Document[ModelProfileSpec]]:
    """Load profiles and folders of them; raise an `InputError` with all that is wrong."""
    from alpaplan.files.document import load_document
    from alpaplan.files.profiles import load_folder
    from alpaplan.files.reading import is_folder
    from alpaplan.planning.located_errors import collected_errors
    from alpaplan.specs.profile import ModelProfileSpec

    documents: list[Document[ModelProfileSpec]] = []
    lines: list[str] = []
    for path in paths:
        with collected_errors(lines):
            if is_folder(path):
                documents += load_folder(path)
            else:
                documents.append(load_document(path, ModelProfileSpec))
    if lines:
        raise InputError(lines)
    return documents


def _left_out(
    documents: Iterable[Document[ModelProfileSpec]], summaries: Iterable[ProfileSummary]
) -> list[str]:
    """Describe configurations that do not reach the batch size, a line for each profiled range."""
    from alpaplan.profiling.batch_sizes import describe_out_of_range

    lines = []
    for document, summary in zip(documents, summaries, strict=True):
        by_reason: dict[str, list[ProfiledConfig]] = {}
        for config in summary.left_out:
            reason = describe_out_of_range(config, summary.batch_size)
            by_reason.setdefault(reason, []).append(config)
        num_configs = len(document.spec.configs)
        for reason, configs in by_reason.items():
            names = "every configuration" if len(configs) == num_configs else _names(configs)
            lines.append(f"{document.path}: left out {names}: {reason}")
    return lines


def _names(configs: list[ProfiledConfig]) -> str:
    named = [f"{config.device} ({config.intra_op}, {config.inter_op})" for config in configs]
    more = [f"{len(named) - MAX_NAMED:,} more"] if len(named) > MAX_NAMED else []
    return ", ".join([*named[:MAX_NAMED], *more])
