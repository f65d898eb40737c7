"""Every option of every command, defined once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from alpaplan.cli.quantities import Bytes, Counts, Number, Seconds

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=True, path_type=Path)

_STANDARD_OUTPUT = Path("/dev/stdout")
"""What ``-`` means where a file is written part by part."""


def _stream_or_file(_: click.Context, __: click.Parameter, path: Path) -> Path:
    return _STANDARD_OUTPUT if path == Path("-") else path


cluster = click.option("-c", "--cluster", type=_FILE, metavar="FILE", help="Cluster document.")
workload = click.option("-w", "--workload", type=_FILE, metavar="FILE", help="Workload document.")
profiles = click.option(
    "-p", "--profiles", type=_FILE, metavar="DIR", help="Folder of model profiles."
)


def _output(what: str) -> Callable[[_Command], _Command]:
    return click.option(
        "-o",
        "--output",
        type=_FILE,
        metavar="FILE",
        help=f"Where the {what} goes; '-' for standard output.  [default: -]",
    )


output = _output("plan")
method = click.option(
    "--method",
    metavar="NAME",
    help="Search method: auto, greedy, beam, selective-replication, round-robin, "
    "ilp.  [default: auto]",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of all sampled arrivals.  [default: 0]",
)
effort = click.option(
    "--effort",
    type=click.Choice(["low", "medium", "high"]),
    help="How much to search, counted in work and not in seconds, so that plans repeat: about "
    "2, 10 and 80 s for 60 models on 32 devices.  [default: medium]",
)
jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1024),
    help="Placements simulated side by side; the plan does not depend on it.  [default: cores]",
)
time_limit = click.option(
    "--time-limit",
    "time_limit_s",
    type=Seconds(),
    metavar="DURATION",
    help="End the search after so long (10s, 2min) with the best plan so far.",
)
max_evaluations = click.option(
    "--max-evaluations",
    type=click.IntRange(1),
    metavar="N",
    help="Budget in simulated placements; unlike a time limit it gives the same plan every time.",
)
check = click.option(
    "--check",
    type=_FILE,
    is_flag=False,
    flag_value=Path("-"),
    metavar="PLAN",
    help="Write nothing; plan again and exit with 1, saying what differs, if PLAN is stale.",
)
require_attainment = click.option(
    "--require-attainment",
    type=Number(0, 1),
    metavar="FRACTION",
    help="Exit with 1 if the SLO attainment is smaller.",
)
explain = click.option(
    "--explain", is_flag=True, help="Show what each step of the search gained, too."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No summary and no progress.")
trace = click.option(
    "--trace", type=_FILE, metavar="FILE", help="Arrivals to replay (.csv or .csv.gz)."
)
planning_trace = click.option(
    "--trace",
    type=_FILE,
    metavar="FILE",
    help="Recorded requests (.csv or .csv.gz) to plan on in place of the workload's arrivals.",
)
duration = click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the sampled arrivals.  [default: as many as planning uses]",
)
runs = click.option(
    "--runs",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Sampled runs, each with a seed of its own.  [default: 10]",
)
dispatch = click.option(
    "--dispatch",
    type=click.Choice(["shortest-queue", "earliest-finish"]),
    help="Dispatch rule in place of the plan's or the cluster's.",
)
output_format = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
plot = click.option(
    "--plot", type=_FILE, metavar="FILE", help="Draw it, too: a .svg, .png or .pdf file."
)

# `alpaplan profile`

profile_output = _output("profile")
profiles_folder = click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="DIR",
    required=True,
    help="Folder that the profiles are written into, one file a model.",
)
inter_op = click.option(
    "--inter-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of stages.  [default: 1,2,4,8,16, as far as there are layers]",
)
intra_op = click.option(
    "--intra-op",
    type=Counts(),
    metavar="LIST",
    help="Devices that share a stage's operators.  [default: all that the layers have]",
)
estimated_inter_op = click.option(
    "--inter-op",
    type=Counts(),
    metavar="LIST",
    help="Numbers of stages.  [default: 1,2,4,8, as far as the model allows]",
)
estimated_intra_op = click.option(
    "--intra-op",
    type=Counts(),
    metavar="LIST",
    help="Devices that share each operator.  [default: 1,2,4,8, as far as the model allows]",
)
stack = click.option(
    "--stack",
    type=click.Choice(["vllm-2025", "eager-2023"]),
    default="vllm-2025",
    show_default=True,
    help="Serving software that the efficiencies are of: current kernels and recorded graphs, or "
    "PyTorch of 2023 without them.",
)
memory_limit = click.option(
    "--memory-limit",
    "memory_limit_bytes",
    type=Bytes(),
    metavar="BYTES",
    help="Memory of one device that weights and working memory of a stage may take (13GiB).",
)
device_types = click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME",
    help="Device type; may be given several times.",
)
dtype = click.option(
    "--dtype",
    metavar="NAME",
    help="Number format of weights and arithmetic: fp32, fp16, bf16, fp8.  [default: the "
    "model's own]",
)
input_len = click.option(
    "--input-len", type=click.IntRange(1, 10_000_000), metavar="TOKENS", help="Tokens of a prompt."
)
batch_sizes = click.option(
    "--batch",
    "batch_sizes",
    type=Counts(),
    metavar="LIST",
    help="Batch sizes, 1 among them.  [default: 1,2,4,8]",
)
batch_size = click.option(
    "--batch",
    "batch_size",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    help="Batch size to show; between profiled ones it is interpolated.",
)
name = click.option("--name", metavar="NAME", help="Name of what is made, in place of the file's.")
import_format = click.option(
    "--from", "import_format", metavar="FORMAT", required=True, help="What FILE is."
)

# `alpaplan workload`

trace_output = click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="TRACE",
    required=True,
    callback=_stream_or_file,
    help="Where the trace goes (.csv or .csv.gz); '-' for standard output.",
)
workload_output = _output("workload")
required_duration = click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    required=True,
    help="Length of the sample (10min).",
)
window = click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the windows that time is divided into (10min).",
)
fitted_process = click.option(
    "--process",
    type=click.Choice(["auto", "gamma", "poisson", "weibull", "mmpp"]),
    default="auto",
    show_default=True,
    help="Arrival process to fit; auto takes the one that fits best.",
)
served_models = click.option(
    "--models",
    "models",
    type=_FILE,
    metavar="WORKLOAD",
    help="Workload document with each model's profile and objective; its arrivals are replaced.",
)
common_profile = click.option(
    "--profile", metavar="NAME", help="Profile of all models, where there is no --models."
)
common_slo = click.option(
    "--slo",
    "slo_s",
    type=Seconds(),
    metavar="DURATION",
    help="Latency objective of all models (500ms), where there is no --models.",
)
common_slo_scale = click.option(
    "--slo-scale",
    type=Number(0, 1e6, min_open=True),
    metavar="FACTOR",
    help="Or their objective as a multiple of the smallest configuration's latency.",
)
assign = click.option(
    "--assign",
    metavar="RULE",
    help="How the log's functions become models: stripe, round-robin, or a CSV file with the "
    "header function,model.  [default: each is a model]",
)
num_models = click.option(
    "--num-models",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Models m-0 to m-(N-1) that functions are assigned to, if there is no workload.",
)
assigned_models = click.option(
    "--models",
    "models",
    type=_FILE,
    metavar="WORKLOAD",
    help="Workload document with the models that functions are assigned to.",
)
log_format = click.option(
    "--from",
    "import_format",
    metavar="FORMAT",
    required=True,
    help="What the files are: azure-functions-2019, azure-functions-2021, azure-llm, "
    "servegen-windows, csv.",
)
time_column = click.option(
    "--time-column",
    metavar="NAME",
    help="Column of the times (seconds or dates) of a csv log.  [default: arrival_s, timestamp, "
    "time, ...]",
)
model_column = click.option(
    "--model-column",
    metavar="NAME",
    help="Column of the models of a csv log.  [default: model, function, service, ...]",
)
resampling_window = click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="Windows in which arrivals are drawn anew when rates or CVs are scaled.  [default: 60s "
    "for counts, 10min for requests; as measured for rates]",
)
start = click.option(
    "--start", "start_s", type=Seconds(zero=True), metavar="DURATION", help="Skip the log before."
)
end = click.option("--end", "end_s", type=Seconds(), metavar="DURATION", help="Skip the log after.")
rate_scale = click.option(
    "--rate-scale",
    type=Number(0, 1e6, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiply every model's rate.",
)
cv_scale = click.option(
    "--cv-scale",
    type=Number(0, 1e3, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiply every model's CV.",
)
time_scale = click.option(
    "--time-scale",
    type=Number(0, 1e6, min_open=True),
    default=1.0,
    show_default=True,
    help="Let the log's time pass so many times as fast.",
)
