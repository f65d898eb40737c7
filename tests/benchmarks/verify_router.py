"""How far what stubs measure is from the simulation, and that a wrong router is told apart.

``python -m tests.benchmarks.verify_router [--runs 3] [--scale 3] [--duration 30]``, on a machine
that does nothing else. The traffic is that of the example `prefill`, denser, so that some 96% are
attained. The wrong router counts open requests by engine, as common routers do: each model of a
group is an endpoint of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import click
import yaml

from alpaplan.analysis.verification import Verification
from alpaplan.analysis.verifying import VerificationSettings
from alpaplan.export.engines import RoutedGroup
from alpaplan.export.envoy.files import router_files
from alpaplan.export.envoy.resources import RoutedEngine
from alpaplan.files.document import load_document
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.runs import Simulation, arrivals_for, simulate
from alpaplan.planning.what_if import RateScales
from alpaplan.specs.plan import PlanSpec
from alpaplan.verification import stub_run
from alpaplan.verification.envoy import find_envoy
from tests.conftest import REPOSITORY

RATE_SCALE = 1.5
"""How dense the traffic is (times that of the example): some 96% are attained in the samples."""


def by_engine(
    engines: Sequence[RoutedEngine], groups: Sequence[RoutedGroup], **settings: object
) -> dict[str, bytes]:
    """Return a router that takes the engine with the fewest open requests of its own."""
    files = router_files(engines, groups, **settings)  # type: ignore[arg-type]
    listeners = yaml.safe_load(files["listeners.yaml"])
    endpoints = yaml.safe_load(files["groups.yaml"])
    (assignment,) = endpoints["resources"]
    model_lists = {group.name: group.models for group in groups}
    found: list[dict[str, object]] = []
    inner = []
    for listener in listeners["resources"]:
        if listener["name"] not in model_lists:
            inner.append(listener)
            continue
        for model in model_lists[listener["name"]]:
            # The same listener once more for each model, so that each is an endpoint.
            name = f"{listener['name']}-{len(found)}"
            inner.append(listener | {"name": name})
            found.append(
                {
                    "endpoint": {
                        "address": {"envoy_internal_address": {"server_listener_name": name}}
                    },
                    "metadata": {"filter_metadata": {"envoy.lb": {"model": [model]}}},
                }
            )
    listeners["resources"] = inner
    assignment["endpoints"] = [{"lb_endpoints": found}]
    return files | {
        "listeners.yaml": yaml.safe_dump(listeners).encode(),
        "groups.yaml": yaml.safe_dump(endpoints).encode(),
    }


@contextmanager
def wrong_router() -> Iterator[None]:
    """Let stubs stand behind the wrong router while the block runs."""
    with mock.patch.object(stub_run, "router_files", by_engine):
        yield


def case(duration_s: float, seed: int) -> tuple[Inputs, PlanSpec, Simulation]:
    """Return the plan of the example and a sample of dense traffic."""
    document = load_document(REPOSITORY / "examples" / "prefill" / "plan.yaml", PlanSpec)
    inputs = load_inputs(InputPaths().or_those_of(document))
    arrivals = arrivals_for(inputs, None, duration_s, seed, RateScales(RATE_SCALE))
    return inputs, document.spec, simulate(inputs, document.spec, arrivals)


def measured(
    made: tuple[Inputs, PlanSpec, Simulation], scale: float, envoy: Path, *, wrong: bool = False
) -> Verification:
    """Verify once."""
    asked = VerificationSettings("stubs", scale, 1.5)
    if not wrong:
        return stub_run.verify_with_stubs(*made, envoy, asked)
    with wrong_router():
        return stub_run.verify_with_stubs(*made, envoy, asked)


@click.command()
@click.option("--runs", default=3, show_default=True, help="Runs of the exported router.")
@click.option("--scale", default=3.0, show_default=True, help="By what times are stretched.")
@click.option("--duration", default=30.0, show_default=True, help="Seconds of traffic.")
@click.option("--seed", default=4, show_default=True, help="Which sample of it.")
def main(runs: int, scale: float, duration: float, seed: int) -> None:
    """Print a row for each run of the exported router, and one for the wrong one."""
    envoy = find_envoy(None)
    made = case(duration, seed)
    click.echo("| router counts by | simulated | measured | points | late at p99 | agrees |")
    click.echo("|---|---|---|---|---|---|")
    for wrong in (*[False] * runs, True):
        found = measured(made, scale, envoy, wrong=wrong)
        click.echo(
            f"| {'engine' if wrong else 'group'} | {found.simulated_attainment:.2%} "
            f"| {found.slo_attainment:.2%} | {found.difference_points:+.2f} "
            f"| {1000 * found.generator_late_percentile_s(99):.1f} ms | {found.agrees} |"
        )


if __name__ == "__main__":
    main()
