"""`alpaplan workload import`: make a trace of a request log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import ListingCommand, NameOf, listed
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message
from alpaplan.cli.quantities import Number, Seconds, WholeNumber
from alpaplan.files.logs.registry import LOG_FORMATS, TIME_UNITS
from alpaplan.registry import must_be_one_of
from alpaplan.workload.assignment_rules import ASSIGNMENT_RULES

if TYPE_CHECKING:
    from alpaplan.files.logs.request import ImportOptions, ImportSummary
    from alpaplan.workload.assignment import Assignment


@click.command(
    "import",
    cls=ListingCommand,
    listings={"Formats": LOG_FORMATS.summaries(), "Rules": ASSIGNMENT_RULES.summaries()},
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--from",
    "import_format",
    type=NameOf(LOG_FORMATS),
    required=True,
    metavar="FORMAT",
    help="Format of the FILEs, one of those below.",
)
@options.trace_output
@click.option(
    "--assign",
    metavar="RULE",
    help="How functions in the log become models: one of the rules below, or a CSV file with the "
    "header function,model.  [default: each function is a model]",
)
@click.option(
    "--models",
    "models",
    type=options.FILE,
    metavar="WORKLOAD",
    help="With --assign: assign functions to the models of this workload document.",
)
@click.option(
    "--num-models",
    type=WholeNumber(largest=100_000),
    metavar="N",
    help="With --assign: assign functions to models named m-0 to m-(N-1).",
)
@click.option(
    "--start",
    "start_s",
    type=Seconds(zero=True),
    metavar="DURATION",
    help="Start at this time of the log (e.g. 1h); it becomes time 0 of the trace.  [default: 0s]",
)
@click.option(
    "--end",
    "end_s",
    type=Seconds(),
    metavar="DURATION",
    help="Stop at this time of the log (e.g. 2h).  [default: the log's end]",
)
@click.option(
    "--rate-scale",
    type=Number(0, 1e6, above=True),
    metavar="FACTOR",
    default=1.0,
    show_default=True,
    help="Multiply each model's request rate.",
)
@click.option(
    "--cv-scale",
    type=Number(0, 1e3, above=True),
    metavar="FACTOR",
    default=1.0,
    show_default=True,
    help="Multiply the CV of the gaps between each model's requests.",
)
@click.option(
    "--time-scale",
    type=Number(0, 1e6, above=True),
    metavar="FACTOR",
    default=1.0,
    show_default=True,
    help="Compress time: 2 replays the log in half the time, at twice the rate.",
)
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="With --rate-scale or --cv-scale: length of the windows in which arrivals are sampled "
    "again.  [default: 60s for counts, 10min for requests; as measured for rates]",
)
@options.seed
@click.option(
    "--time-column",
    metavar="NAME",
    help="With csv or jsonl: column of the times.  [default: arrival_s, timestamp, time, ...]",
)
@click.option(
    "--model-column",
    metavar="NAME",
    help="With csv or jsonl: column of the models.  [default: model, function, service, ...]",
)
@click.option(
    "--input-column",
    metavar="NAME",
    help="With csv or jsonl: column of the input tokens.  [default: input_tokens, input_length, "
    "prompt_tokens, ...]",
)
@click.option(
    "--output-column",
    metavar="NAME",
    help="With csv or jsonl: column of the output tokens.  [default: output_tokens, "
    "output_length, completion_tokens, ...]",
)
@click.option(
    "--model",
    metavar="NAME",
    help="With csv, jsonl or mooncake: all requests are for this model.",
)
@click.option(
    "--time-unit",
    type=NameOf(TIME_UNITS),
    metavar="UNIT",
    help=f"Unit of times that are numbers: {listed(TIME_UNITS)}.  [default: s, or that of the "
    "time since 1970, which is recognized]",
)
@options.as_recorded
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
    input_column: str | None,
    output_column: str | None,
    model: str | None,
    time_unit: str | None,
    as_recorded: bool,
) -> None:
    """Convert a request log into a trace.

    Several FILEs make one log: consecutive days for azure-functions-2019, otherwise files that
    cover the same period. Times in a log are seconds, or moments (dates, numbers since 1970) of
    which the earliest is time 0.
    Logs of any size can be read, in bounded memory.
    """
    import numpy as np

    from alpaplan.cli.step_progress import step_progress
    from alpaplan.files.logs.conversion import import_log
    from alpaplan.files.logs.request import ImportOptions
    from alpaplan.files.writing import require_writable
    from alpaplan.workload.rescale import Scaling

    require_writable(output, [*files, models, None if assign is None else Path(assign)])
    import_options = ImportOptions(
        LOG_FORMATS[import_format],
        time_column,
        model_column,
        input_column,
        output_column,
        time_unit,
        model,
        start_s,
        end_s,
        window_s,
        Scaling(rate_scale, cv_scale, time_scale),
        _assignment(assign, models, num_models),
        as_recorded,
    )
    _check(import_options, import_format)
    rng = np.random.default_rng(seed or 0)
    with step_progress() as progress:
        summary = import_log(files, import_options, output, rng, progress)
    _report(summary, import_options, output, assign)


def _assignment(assign: str | None, models: Path | None, num_models: int | None) -> Assignment:
    from alpaplan.files.logs.assignment_csv import read_assignment
    from alpaplan.files.reading import exists
    from alpaplan.workload.assignment import EachAModel, Listed

    if assign is None:
        if models is not None or num_models is not None:
            option = "--models" if models is not None else "--num-models"
            raise click.UsageError(f"{option} needs --assign")
        return EachAModel()
    if models is not None and num_models is not None:
        raise click.UsageError("give either --models or --num-models, not both")
    names = _model_names(models, num_models)
    if assign in ASSIGNMENT_RULES:
        if names is None:
            raise click.UsageError(f"--assign {assign} needs --models or --num-models")
        return ASSIGNMENT_RULES[assign](names)
    if not exists(Path(assign)):
        known = (*ASSIGNMENT_RULES, "a CSV file")
        raise click.UsageError(f"--assign {must_be_one_of(known, assign)}")
    return Listed(read_assignment(Path(assign), names))


def _model_names(models: Path | None, num_models: int | None) -> tuple[str, ...] | None:
    if models is not None:
        from alpaplan.files.document import load_document
        from alpaplan.specs.workload import WorkloadSpec

        document = load_document(models, WorkloadSpec)
        return tuple(model.name for model in document.spec.served_models())
    return None if num_models is None else tuple(f"m-{index}" for index in range(num_models))


def _check(import_options: ImportOptions, import_format: str) -> None:
    """Refuse options that contradict each other or would change nothing."""
    from alpaplan.files.logs.records import Form

    log_format = import_options.log_format
    start_s, end_s, window_s = import_options.start_s, import_options.end_s, import_options.window_s
    if end_s is not None and end_s <= (start_s or 0.0):
        raise click.UsageError(
            f"--end must be after --start, found {end_s:g} s and {start_s or 0:g} s"
        )
    columns = {
        "--time-column": import_options.time_column,
        "--model-column": import_options.model_column,
        "--input-column": import_options.input_column,
        "--output-column": import_options.output_column,
    }
    named = [option for option, column in columns.items() if column is not None]
    if named and not log_format.names_columns:
        raise click.UsageError(f"--from {import_format} takes no {named[0]}")
    if import_options.model is not None and not log_format.takes_model:
        raise click.UsageError(f"--from {import_format} takes no --model")
    if import_options.model is not None and import_options.model_column is not None:
        raise click.UsageError("give either --model or --model-column, not both")
    if window_s is None or log_format.form is Form.LAW:
        return
    if import_options.scaling.keeps_arrivals:
        raise click.UsageError("--window needs --rate-scale or --cv-scale")
    if log_format.window_s is not None and window_s % log_format.window_s:
        raise click.UsageError(
            f"--window must be a multiple of the log's {log_format.window_s:g} s, "
            f"found {window_s:g} s"
        )


def _report(
    summary: ImportSummary, import_options: ImportOptions, output: Path, assign: str | None
) -> None:
    from alpaplan.cli.workload.summary import print_summary
    from alpaplan.units import format_count, format_seconds

    print_summary(
        output,
        summary.requests,
        summary.num_models,
        summary.duration_s,
        has_tokens=summary.has_tokens,
    )
    notes = []
    if import_options.start_s is not None or import_options.end_s is not None:
        begin = "the log's time 0"
        if summary.begins is not None:
            begin = f"the log's first request, {summary.begins}"
        notes.append(f"--start and --end count from {begin}")
    if summary.windows is not None:
        num_windows, window_s = summary.windows
        taken = f"{format_count(num_windows, 'window')} of {format_seconds(window_s)}"
        chosen = "as --window says" if import_options.window_s else "--window sets another length"
        notes.append(f"rates are of {taken} ({chosen})")
    if summary.ticks is not None:
        notes.append(summary.ticks.describe(as_recorded=import_options.as_recorded))
    if summary.num_left_out:
        notes.append(
            f"{format_count(summary.num_left_out, 'function')} with "
            f"{format_count(round(summary.requests_left_out), 'request')} left out: not in {assign}"
        )
    if summary.num_raised:
        notes.append(
            f"{format_count(summary.num_raised, 'token count')} of 0 in the log taken as 1"
        )
    if summary.num_silent_models:
        notes.append(f"{format_count(summary.num_silent_models, 'model')} without a request")
    if summary.requests_before:
        notes.append(f"{format_count(summary.requests_before, 'request')} before time 0 left out")
    for note in notes:
        print_message(f"alpaplan: {note}")
