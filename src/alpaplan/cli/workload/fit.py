"""`alpaplan workload fit`: arrival processes that a trace could come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import NameOf, listed
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_message,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import DocumentName, Number, Seconds, WholeNumber
from alpaplan.printable import printable
from alpaplan.specs.choices import LengthsChoice
from alpaplan.workload.fitting import LAWS

if TYPE_CHECKING:
    from alpaplan.specs.workload import ServedModel, WorkloadSpec
    from alpaplan.workload.fitting.alike import Alike
    from alpaplan.workload.fitting.lengths import LengthsFit
    from alpaplan.workload.fitting.trace_fit import ModelFit
    from alpaplan.workload.trace import Trace


@click.command()
@click.argument("trace", type=click.Path(path_type=Path), metavar="TRACE")
@click.option(
    "--models",
    "models",
    type=options.FILE,
    metavar="WORKLOAD",
    help="Take profiles and objectives from this workload document, whose arrivals are replaced, "
    "or this CSV file with the columns model, profile, slo_s or slo_scale (LLMs: ttft_s, tpot_s, "
    "slo_s and max_context_tokens) and, optionally, weight.",
)
@click.option(
    "--profile",
    type=DocumentName(),
    metavar="NAME",
    help="Without --models: profile of all models.  [default: each model's own name]",
)
@click.option(
    "--slo",
    "slo_s",
    type=Seconds(),
    metavar="DURATION",
    help="Without --models: latency objective of all models (e.g. 500ms).",
)
@click.option(
    "--slo-scale",
    type=Number(0, 1e6, above=True),
    metavar="FACTOR",
    help="Without --models: latency objective as a multiple of each model's latency on its "
    "smallest configuration; none of the models is an LLM.  [default: 5]",
)
@click.option(
    "--ttft",
    "ttft_s",
    type=Seconds(),
    metavar="DURATION",
    help="Without --models: objective of LLMs on the time to the first token.  [default: 2s]",
)
@click.option(
    "--tpot",
    "tpot_s",
    type=Seconds(),
    metavar="DURATION",
    help="Without --models: objective of LLMs on the time per output token.  [default: 100ms]",
)
@click.option(
    "--max-context-tokens",
    type=WholeNumber(2, 20_000_000),
    metavar="N",
    help="Without --models: most tokens of a request to an LLM, input and output together.  "
    "[default: the power of two that holds the longest]",
)
@options.as_recorded
@options.window
@click.option(
    "--process",
    type=NameOf(("auto", *LAWS)),
    metavar="NAME",
    default="auto",
    show_default=True,
    help=f"Arrival process to fit: {listed(LAWS)}; auto takes the one that fits best.",
)
@click.option(
    "--lengths",
    "lengths_choice",
    type=NameOf(LengthsChoice),
    metavar="NAME",
    default=str(LengthsChoice.AUTO),
    show_default=True,
    help="Token counts of LLMs: lognormal, of the same mean and CV; trace, drawn from TRACE; auto "
    "takes lognormal where it fits.",
)
@options.document_name("workload", "name of the file TRACE")
@options.document_output("workload")
@options.quiet
@user_errors
def fit(
    trace: Path,
    models: Path | None,
    profile: str | None,
    slo_s: float | None,
    slo_scale: float | None,
    ttft_s: float | None,
    tpot_s: float | None,
    max_context_tokens: int | None,
    as_recorded: bool,
    window_s: float | None,
    process: str,
    lengths_choice: str,
    name: str | None,
    output: Path | None,
    quiet: bool,
) -> None:
    """Fit arrival processes to a trace and write a workload.

    Each model of the trace gets the process that fits it. Profiles and objectives come from the
    workload of --models; without it, all models get the same, from the options below or their
    defaults, which are shown. With --window, each window of time gets its own process. LLMs,
    whose requests have token counts, get lengths too.
    """
    from alpaplan.files.workload_yaml import workload_to_yaml
    from alpaplan.workload.fitting.alike import Alike
    from alpaplan.workload.fitting.document import fitted_workload

    alike = Alike(profile, slo_s, slo_scale, ttft_s, tpot_s, max_context_tokens)
    _check_usage(models, alike)
    target = output or STANDARD_OUTPUT
    require_target(target, [trace, models])
    if models is not None:
        served, requests = _of_workload(models, trace, as_recorded=as_recorded)
    else:
        served, requests = _all_alike(trace, alike, as_recorded=as_recorded)
    lengths = _fit_lengths(trace, target, served, requests, LengthsChoice(lengths_choice))
    fits = _fit(trace, requests, process, window_s, as_recorded=as_recorded, quiet=quiet)
    document = fitted_workload(name or _stem(trace), served, fits, lengths)
    write_document(target, workload_to_yaml(document))
    if not quiet:
        _print_summary(fits, window_s, lengths, to_stderr=target == STANDARD_OUTPUT)
    _report_left_out(document, requests)


def _check_usage(models: Path | None, alike: Alike) -> None:
    given = {
        f"--{name.removesuffix('_s').replace('_', '-')}": value
        for name, value in vars(alike).items()
        if value is not None
    }
    if models is not None and given:
        raise click.UsageError(f"give either --models or {next(iter(given))}, not both")
    if alike.slo_scale is not None:
        other = next((name for name in given if name not in ("--profile", "--slo-scale")), None)
        if other is not None:
            raise click.UsageError(f"give either {other} or --slo-scale, not both")


def _of_workload(
    workload: Path, trace: Path, *, as_recorded: bool
) -> tuple[Sequence[ServedModel], Trace]:
    from alpaplan.files.document import load_document
    from alpaplan.files.models_csv import is_models_path, read_models
    from alpaplan.planning.traces import read_trace_of
    from alpaplan.specs.arrivals import TraceArrivals
    from alpaplan.specs.workload import WorkloadSpec

    if is_models_path(workload):
        recorded = TraceArrivals(process="trace", path=printable(trace.name))
        served = read_models(workload, recorded)
    else:
        served = load_document(workload, WorkloadSpec).spec.served_models()
    names = [model.name for model in served]
    return served, read_trace_of(trace, names, as_recorded=as_recorded).trace


def _all_alike(
    path: Path, alike: Alike, *, as_recorded: bool
) -> tuple[Sequence[ServedModel], Trace]:
    """Give all models of a trace the same profile and objectives, and show what is assumed."""
    from alpaplan.files.trace_csv import read_trace
    from alpaplan.planning.recordings import spread_recording
    from alpaplan.planning.traces import require_documentable

    file = read_trace(path)
    require_documentable(file.trace, path)
    trace = spread_recording(file, as_recorded=as_recorded).trace
    served, assumed = alike.served_models(trace)
    if assumed:
        print_message(f"assumed without --models: {'; '.join(assumed)}")
    return served, trace


def _fit_lengths(
    path: Path,
    target: Path,
    served: Sequence[ServedModel],
    trace: Trace,
    choice: LengthsChoice,
) -> list[LengthsFit]:
    """Fit lengths to the LLMs that have requests."""
    from alpaplan.errors import InputError
    from alpaplan.planning.provenance import path_from
    from alpaplan.workload.fitting.lengths import fit_lengths
    from alpaplan.workload.token_statistics import tokens_of_models

    silent = set(trace.silent_models())
    llms = {
        model.name: model.max_context_tokens
        for model in served
        if model.max_context_tokens is not None and model.name not in silent
    }
    if not llms:
        return []
    tokens = tokens_of_models(trace)
    bare = [name for name in llms if name not in tokens]
    if bare:
        raise InputError(
            f"{path}: must have token counts of {name!r}, which is an LLM, found none"
            for name in bare
        )
    folder = Path() if target == STANDARD_OUTPUT else target.parent
    named = path_from(folder, path)
    return [
        fit_lengths(name, tokens[name], context, named, choice) for name, context in llms.items()
    ]


def _fit(
    path: Path,
    trace: Trace,
    process: str,
    window_s: float | None,
    *,
    as_recorded: bool,
    quiet: bool,
) -> list[ModelFit]:
    import numpy as np

    from alpaplan.cli.step_progress import step_progress
    from alpaplan.errors import InputError, SpecError
    from alpaplan.workload.fitting.trace_fit import fit_trace

    with step_progress(enabled=not quiet) as progress:
        progress.begin("fitting requests", trace.num_requests)
        try:
            return fit_trace(
                trace,
                process,
                # Spreads what was recorded too coarsely; the same trace gives the same workload.
                np.random.default_rng(0),
                window_s,
                as_recorded=as_recorded,
                on_fitted=progress.advance,
            )
        except SpecError as error:
            raise InputError(f"{path}: {issue.message}" for issue in error.issues) from error


def _stem(trace: Path) -> str:
    from alpaplan.specs.fields import is_name

    stem = trace.name.removesuffix(".gz").removesuffix(".csv")
    return stem if is_name(stem) else "trace"


def _print_summary(
    fits: list[ModelFit],
    window_s: float | None,
    lengths: list[LengthsFit],
    *,
    to_stderr: bool,
) -> None:
    from alpaplan.report.fit import fit_summary, lengths_summary

    print_result(fit_summary(fits, window_s), to_stderr=to_stderr)
    if lengths:
        print_result(lengths_summary(lengths), to_stderr=to_stderr)


def _report_left_out(document: WorkloadSpec, trace: Trace) -> None:
    from alpaplan.report.text import name_ranges

    silent = trace.silent_models()
    if silent:
        print_message(
            f"left out of {document.name!r} because they have no requests: {name_ranges(silent)}"
        )
