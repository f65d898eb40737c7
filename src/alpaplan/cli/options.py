"""Options that several commands share; what only one has stands beside that one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from alpaplan.cli.choices import NameOf, listed
from alpaplan.cli.output import STANDARD_OUTPUT, STDOUT_PATH
from alpaplan.cli.quantities import (
    Bytes,
    DocumentName,
    ModelClients,
    ModelFactor,
    Number,
    RateScale,
    Seconds,
    WholeNumber,
)
from alpaplan.report.figure import FORMATS as PLOT_FORMATS
from alpaplan.specs.choices import Dispatch, Serving

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Value = TypeVar("_Value")

FILE = click.Path(dir_okay=True, path_type=Path)
"""A file or folder; what is wrong with it is found where it is read or written."""

MAX_SEED = 2**63 - 1


def _stream_or_file(_: click.Context, __: click.Parameter, path: Path) -> Path:
    """Let ``-`` be a path, as a trace is written part by part."""
    return STDOUT_PATH if path == STANDARD_OUTPUT else path


def given(**values: Any) -> dict[str, Any]:
    """Return the options of the command that were given; others have their defaults."""
    source_of = click.get_current_context().get_parameter_source
    return {
        name: value
        for name, value in values.items()
        if source_of(name) is not ParameterSource.DEFAULT
    }


def _inputs(profiles_default: str) -> Callable[[_Command], _Command]:
    each = (
        ("-c", "--cluster", "FILE", "Cluster document (YAML)."),
        ("-w", "--workload", "FILE", "Workload document (YAML)."),
        ("-p", "--profiles", "DIR", f"Folder of model profiles (YAML).{profiles_default}"),
    )

    def decorate(command: _Command) -> _Command:
        for letter, option, metavar, text in reversed(each):
            command = click.option(letter, option, type=FILE, metavar=metavar, help=text)(command)
        return command

    return decorate


inputs = _inputs("  [default: the profiles that come with alpaplan]")
"""What a plan is made from."""

inputs_of_plan = _inputs("")
"""The same where a plan exists, which names its own."""


def document_output(what: str) -> Callable[[_Command], _Command]:
    """Return the option for where a document is written.

    Parameters
    ----------
    what
        What the document is.
    """
    return click.option(
        "-o",
        "--output",
        type=FILE,
        metavar="FILE",
        help=f"Write the {what} to FILE; '-' means standard output.  [default: -]",
    )


trace_output = click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="TRACE",
    required=True,
    callback=_stream_or_file,
    help="Write the trace to this file (.csv or .csv.gz); '-' means standard output.",
)
seed = click.option(
    "--seed",
    type=WholeNumber(0, MAX_SEED),
    metavar="N",
    help="Seed of all random numbers.  [default: 0]",
)
require_attainment = click.option(
    "--require-attainment",
    type=Number(0, 1),
    metavar="FRACTION",
    help="Exit with 1 if the SLO attainment is below this fraction (e.g. 0.99).",
)


def _quiet(without: str) -> Callable[[_Command], _Command]:
    return click.option("-q", "--quiet", is_flag=True, help=f"Show {without}.")


quiet = _quiet("no summary and no progress")
"""Of a command that writes a document, and prints a summary beside it."""

without_progress = _quiet("no progress")
"""Of a command whose result is what it prints or writes, and nothing else."""

trace = click.option(
    "--trace",
    type=FILE,
    metavar="TRACE",
    help="Replay the arrivals of this trace (.csv or .csv.gz).",
)
as_recorded = click.option(
    "--as-recorded",
    is_flag=True,
    help="Keep times that were recorded in long ticks (e.g. whole seconds); by default, requests "
    "that share a tick are spread over it.",
)
duration = click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the sampled arrivals (e.g. 10min).  [default: as long as for planning]",
)
dispatch = click.option(
    "--dispatch",
    type=NameOf(Dispatch),
    metavar="RULE",
    help=f"Dispatch rule: {listed(Dispatch)}.  [default: the plan's, or else the cluster's]",
)


def format_of(*formats: str) -> Callable[[_Command], _Command]:
    """Return the option for how results are printed, with the usual format first."""
    return click.option(
        "--format",
        "output_format",
        type=NameOf(formats),
        metavar="FORMAT",
        default=formats[0],
        show_default=True,
        help=f"Output format: {listed(formats)}.",
    )


output_format = format_of("table", "json")
plot = click.option(
    "--plot",
    type=FILE,
    metavar="FILE",
    help=f"Also draw a plot into FILE ({listed(f'.{ending}' for ending in PLOT_FORMATS)}).",
)


def _once_each(
    _: click.Context, __: click.Parameter, values: tuple[tuple[str, _Value], ...]
) -> tuple[tuple[str, _Value], ...]:
    """Refuse a model that has two values."""
    seen = set()
    for model, _value in values:
        if model in seen:
            raise click.BadParameter(f"must name a model once, found {model!r} again")
        seen.add(model)
    return values


closed_loop = click.option(
    "--closed-loop",
    "clients",
    type=ModelClients(),
    metavar="MODEL=CLIENTS",
    multiple=True,
    callback=_once_each,
    help="Let this many clients send the requests of an LLM, each when its last one is answered, "
    "whatever their times are. May be repeated for other models.",
)
without = click.option(
    "--without",
    "lost_nodes",
    metavar="NODE",
    multiple=True,
    help="Leave out every group with a device on this node. May be repeated.",
)
rate_scale = click.option(
    "--rate-scale",
    type=RateScale(),
    metavar="X",
    default=1.0,
    help="Let requests come X times as fast: rates of the workload are multiplied, recorded "
    "arrivals pass in less time.",
)
model_rate_scale = click.option(
    "--model-rate-scale",
    "model_rate_scales",
    type=ModelFactor(),
    metavar="MODEL=X",
    multiple=True,
    callback=_once_each,
    help="Let the requests of one model come X times as fast. May be repeated for others.",
)


def what_ifs(command: _Command) -> _Command:
    """Add the options that change what a plan is simulated under."""
    return without(rate_scale(model_rate_scale(command)))


window = click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="Divide time into windows of this length (e.g. 10min).",
)
serving = click.option(
    "--serving",
    type=NameOf(Serving),
    metavar="NAME",
    help="What the profile is for: continuous (an LLM that answers prompts, with continuous "
    "batching) or prefill (batches of prompts, without answers).  [default: prefill with "
    "--input-len or --batch, else continuous]",
)
memory_limit = click.option(
    "--memory-limit",
    "memory_limit_bytes",
    type=Bytes(),
    metavar="SIZE",
    help="Leave out configurations that need more memory than this on any device (e.g. 13GiB).",
)


def document_name(what: str, default: str) -> Callable[[_Command], _Command]:
    """Return the option for the name of a document that is made.

    Parameters
    ----------
    what
        What the document is.
    default
        Its name if none is given, in words.
    """
    return click.option(
        "--name",
        type=DocumentName(),
        metavar="NAME",
        help=f"Name of the {what}.  [default: {default}]",
    )
