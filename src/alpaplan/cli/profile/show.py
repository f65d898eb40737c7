"""`alpaplan profile show`: what profiles say of each configuration, as tables, JSON and a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.drawing import require_plot, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result
from alpaplan.cli.quantities import Seconds, WholeNumber
from alpaplan.errors import AlpaplanError, InputError

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.profiling.engine_summary import EngineProfileSummary
    from alpaplan.profiling.summary import ProfileSummary
    from alpaplan.report.figure import Drawn
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
    help="Batch size to show of fixed-service models; values between profiled batch sizes are "
    "interpolated.",
)
@click.option(
    "--slo",
    "slo_s",
    type=Seconds(),
    metavar="DURATION",
    help="Mark the batch size of fixed-service models with the best throughput whose latency is "
    "within this objective (e.g. 500ms).",
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
    the same device type; it is split into communication and imbalance between stages. For
    LLMs, the times of a prompt and of an output token are shown, and tokens per second by running
    requests.
    """
    from alpaplan.profiling.engine_summary import summarize_engines
    from alpaplan.profiling.summary import summarize_profile

    require_plot(plot, profiles)
    documents = _load(profiles)
    fixed = [document for document in documents if not document.spec.is_llm]
    llms = [summarize_engines(document.spec) for document in documents if document.spec.is_llm]
    summaries = [summarize_profile(document.spec, batch_size, slo_s) for document in fixed]
    left_out = _left_out(fixed, summaries)
    if not llms and not any(summary.configs for summary in summaries):
        raise InputError(left_out)
    if plot is not None:
        from alpaplan.cli.step_progress import busy

        with busy("drawing"):
            write_plot(plot, _figure(summaries, llms))
    for line in left_out:
        print_message(line)
    in_order = _in_order(documents, summaries, llms)
    if output_format == "json":
        print_json({"profiles": [summary.to_json_dict() for summary in in_order]})
    else:
        _print_tables(in_order)


def _in_order(
    documents: Iterable[Document[ModelProfileSpec]],
    summaries: Iterable[ProfileSummary],
    llms: Iterable[EngineProfileSummary],
) -> list[ProfileSummary | EngineProfileSummary]:
    """Return the summaries of both kinds in the order of the documents."""
    fixed, engines = iter(summaries), iter(llms)
    return [next(engines) if document.spec.is_llm else next(fixed) for document in documents]


def _print_tables(summaries: Iterable[ProfileSummary | EngineProfileSummary]) -> None:
    from alpaplan.profiling.summary import ProfileSummary
    from alpaplan.report.engine_profile import engine_tables
    from alpaplan.report.profile import profile_tables

    for summary in summaries:
        if not summary.configs:
            continue  # all are left out
        if isinstance(summary, ProfileSummary):
            print_result(profile_tables([summary]))
        else:
            print_result(engine_tables([summary]))


def _figure(summaries: Sequence[ProfileSummary], llms: Sequence[EngineProfileSummary]) -> Drawn:
    """Return the plot of profiles of one kind."""
    from alpaplan.report.engine_profile_plot import engines_figure
    from alpaplan.report.profile_plot import profiles_figure

    if llms and summaries:
        raise AlpaplanError(
            "--plot must show profiles of LLMs or of fixed-service models, found both; "
            "name those of one kind"
        )
    return engines_figure(llms) if llms else profiles_figure(summaries)


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
