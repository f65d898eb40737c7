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
from alpaplan.cli.quantities import DocumentName, Number, Seconds
from alpaplan.printable import printable
from alpaplan.workload.fitting import LAWS

if TYPE_CHECKING:
    from alpaplan.specs.workload import ServedModel, WorkloadSpec
    from alpaplan.workload.fitting.trace_fit import ModelFit
    from alpaplan.workload.trace import Trace


DEFAULT_SLO_SCALE = 5.0
"""Objective over latency that is assumed if nothing is said of objectives (a number): that of most
of AlpaServe's evaluation (OSDI 2023, section 6.2)."""


@click.command()
@click.argument("trace", type=click.Path(path_type=Path), metavar="TRACE")
@click.option(
    "--models",
    "models",
    type=options.FILE,
    metavar="WORKLOAD",
    help="Take profiles and objectives from this workload document, whose arrivals are replaced, "
    "or this CSV file with the columns model, profile, slo_s or slo_scale and, optionally, weight.",
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
    f"smallest configuration.  [default: {DEFAULT_SLO_SCALE:g}]",
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
    as_recorded: bool,
    window_s: float | None,
    process: str,
    name: str | None,
    output: Path | None,
    quiet: bool,
) -> None:
    """Fit arrival processes to a trace and write a workload.

    Each model of the trace gets the process that fits it. Profiles and objectives come from the
    workload of --models; without it, all models get the same, from the options below or their
    defaults, which are shown. With --window, each window of time gets its own process.
    """
    _check_usage(models, profile, slo_s, slo_scale)
    from alpaplan.files.workload_yaml import workload_to_yaml
    from alpaplan.workload.fitting.document import fitted_workload

    target = output or STANDARD_OUTPUT
    require_target(target, [trace, models])
    if models is not None:
        served, requests = _of_workload(models, trace, as_recorded=as_recorded)
    else:
        served, requests = _all_alike(trace, profile, slo_s, slo_scale, as_recorded=as_recorded)
    fits = _fit(trace, requests, process, window_s, as_recorded=as_recorded, quiet=quiet)
    document = fitted_workload(name or _stem(trace), served, fits)
    write_document(target, workload_to_yaml(document))
    if not quiet:
        _print_summary(fits, window_s, to_stderr=target == STANDARD_OUTPUT)
    _report_left_out(document, requests)


def _check_usage(
    models: Path | None,
    profile: str | None,
    slo_s: float | None,
    slo_scale: float | None,
) -> None:
    common = {"--profile": profile, "--slo": slo_s, "--slo-scale": slo_scale}
    given = [option for option, value in common.items() if value is not None]
    if models is not None and given:
        raise click.UsageError(f"give either --models or {given[0]}, not both")
    if slo_s is not None and slo_scale is not None:
        raise click.UsageError("give either --slo or --slo-scale, not both")


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
    path: Path,
    profile: str | None,
    slo_s: float | None,
    slo_scale: float | None,
    *,
    as_recorded: bool,
) -> tuple[Sequence[ServedModel], Trace]:
    """Give all models of a trace one profile and objective, and show what is assumed of both."""
    from alpaplan.files.trace_csv import read_trace
    from alpaplan.planning.recordings import spread_recording
    from alpaplan.planning.traces import require_documentable
    from alpaplan.specs.arrivals import TraceArrivals
    from alpaplan.specs.workload import ServedModel

    file = read_trace(path)
    require_documentable(file.trace, path)
    trace = spread_recording(file, as_recorded=as_recorded).trace
    assumed = [] if profile is not None else ["each model's profile has the model's name"]
    if slo_s is None and slo_scale is None:
        slo_scale = DEFAULT_SLO_SCALE
        assumed.append(f"each objective is {slo_scale:g} times the model's latency")
    if assumed:
        print_message(f"assumed without --models: {'; '.join(assumed)}")
    recorded = TraceArrivals(process="trace", path=printable(path.name))
    served = [
        ServedModel(name, profile or name, slo_s, slo_scale, 1.0, recorded, entry)
        for entry, name in enumerate(trace.model_names)
    ]
    return served, trace


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


def _print_summary(fits: list[ModelFit], window_s: float | None, *, to_stderr: bool) -> None:
    from alpaplan.report.fit import fit_summary

    print_result(fit_summary(fits, window_s), to_stderr=to_stderr)


def _report_left_out(document: WorkloadSpec, trace: Trace) -> None:
    from alpaplan.report.text import name_ranges

    silent = trace.silent_models()
    if silent:
        print_message(
            f"left out of {document.name!r} because they have no requests: {name_ranges(silent)}"
        )
