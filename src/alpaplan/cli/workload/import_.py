"""`alpaplan workload import`: make a trace of a request log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors

if TYPE_CHECKING:
    from alpaplan.files.logs.conversion import ImportOptions, ImportSummary
    from alpaplan.workload.assignment import Assignment


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@options.log_format
@options.trace_output
@options.assign
@options.assigned_models
@options.num_models
@options.start
@options.end
@options.rate_scale
@options.cv_scale
@options.time_scale
@options.resampling_window
@options.seed
@options.time_column
@options.model_column
@user_errors
def import_(
    files: tuple[Path, ...],
    import_format: str,
    output: Path,
    assign: str | None,
    models: Path | None,
    num_models: int | None,
    start_s: float | None,
    end_s: float | None,
    rate_scale: float,
    cv_scale: float,
    time_scale: float,
    window_s: float | None,
    seed: int | None,
    time_column: str | None,
    model_column: str | None,
) -> None:
    """Make a trace of a request log.

    Several FILEs are one log: consecutive days of azure-functions-2019, else requests of the same
    time. Times are those of the log, less --start. A log of any size is read in bounded memory.
    """
    import numpy as np

    from alpaplan.cli.step_progress import step_progress
    from alpaplan.files.logs.conversion import ImportOptions, import_log
    from alpaplan.files.logs.registry import LOG_FORMATS
    from alpaplan.workload.rescale import Scaling

    import_options = ImportOptions(
        LOG_FORMATS[import_format],
        time_column,
        model_column,
        start_s,
        end_s,
        window_s,
        Scaling(rate_scale, cv_scale, time_scale),
        _assignment(assign, models, num_models),
    )
    _check(import_options, import_format)
    rng = np.random.default_rng(seed or 0)
    with step_progress() as progress:
        summary = import_log(files, import_options, output, rng, progress)
    _report(summary, output, assign)


def _assignment(assign: str | None, models: Path | None, num_models: int | None) -> Assignment:
    from alpaplan.errors import did_you_mean
    from alpaplan.files.logs.assignment_csv import read_assignment
    from alpaplan.files.reading import exists
    from alpaplan.workload.assignment import RULES, EachAModel, Listed

    if assign is None:
        if models is not None or num_models is not None:
            option = "--models" if models is not None else "--num-models"
            raise click.UsageError(f"{option} belongs to --assign, found it without")
        return EachAModel()
    if models is not None and num_models is not None:
        raise click.UsageError("must have either --models or --num-models, found both")
    names = _model_names(models, num_models)
    if assign in RULES:
        if names is None:
            raise click.UsageError(f"--assign {assign} needs --models or --num-models, found none")
        return RULES[assign](names)
    if not exists(Path(assign)):
        what = f"--assign must be one of {', '.join(RULES)} or a file, found {assign!r}"
        raise click.UsageError(f"{what}{did_you_mean(assign, RULES)}")
    return Listed(read_assignment(Path(assign), names))


def _model_names(models: Path | None, num_models: int | None) -> tuple[str, ...] | None:
    if models is not None:
        from alpaplan.files.document import load_document
        from alpaplan.specs.workload import WorkloadSpec

        document = load_document(models, WorkloadSpec)
        return tuple(model.name for model in document.spec.served_models())
    return None if num_models is None else tuple(f"m-{index}" for index in range(num_models))


def _check(import_options: ImportOptions, import_format: str) -> None:
    """Refuse options that contradict each other or would say nothing."""
    from alpaplan.files.logs.records import Form

    log_format = import_options.log_format
    start_s, end_s, window_s = import_options.start_s, import_options.end_s, import_options.window_s
    if end_s is not None and end_s <= (start_s or 0.0):
        raise click.UsageError(
            f"--end must be after --start, found {start_s or 0:g} s and {end_s:g} s"
        )
    if not log_format.names_columns and (
        import_options.time_column is not None or import_options.model_column is not None
    ):
        raise click.UsageError(
            f"--time-column and --model-column belong to --from csv, found --from {import_format}"
        )
    if window_s is None or log_format.form is Form.LAW:
        return
    if import_options.scaling.keeps_arrivals:
        raise click.UsageError("--window belongs to --rate-scale and --cv-scale, found neither")
    if log_format.window_s is not None and window_s % log_format.window_s:
        raise click.UsageError(
            f"--window must be a multiple of the log's {log_format.window_s:g} s, "
            f"found {window_s:g} s"
        )


def _report(summary: ImportSummary, output: Path, assign: str | None) -> None:
    from alpaplan.cli.workload.summary import count, print_summary
    from alpaplan.files.trace_csv import MAX_TEXT_BYTES
    from alpaplan.units import format_bytes

    print_summary(output, summary.requests, summary.num_models, summary.duration_s)
    notes = []
    if summary.num_left_out:
        notes.append(
            f"{count(summary.num_left_out, 'function')} with "
            f"{count(round(summary.requests_left_out), 'request')} left out: not in {assign}"
        )
    if summary.num_silent_models:
        notes.append(f"{count(summary.num_silent_models, 'model')} without a request")
    if summary.requests_before:
        notes.append(f"{count(summary.requests_before, 'request')} before time 0 left out")
    if summary.text_bytes > MAX_TEXT_BYTES:
        notes.append(
            f"the trace has {format_bytes(summary.text_bytes)} of text, other commands read at "
            f"most {format_bytes(MAX_TEXT_BYTES)}: take less with --start and --end"
        )
    for note in notes:
        click.echo(f"alpaplan: {note}", err=True)
