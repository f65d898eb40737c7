"""Verifies a plan with stubs: whether the exported router does what was simulated."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpaplan.analysis.verification import RequestOutcome, Verification
from alpaplan.analysis.verifying import VerificationSettings, compare_with_simulation
from alpaplan.errors import AlpaplanError
from alpaplan.export.engines import RoutedGroup, Slo
from alpaplan.export.envoy.files import router_files
from alpaplan.export.envoy.resources import GROUP_HEADER
from alpaplan.export.names import engine_name, group_name
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.runs import Simulation
from alpaplan.problem.replica_times import ReplicaTimes, replica_times
from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.verification.client import Client, Server, UnansweredError
from alpaplan.verification.envoy import running_router
from alpaplan.verification.load import Load, send_all
from alpaplan.verification.processes import running_stubs
from alpaplan.verification.stub import LOCALHOST, StubGroup
from alpaplan.verification.stub_queue import StubReplica

TIME_LIMIT = 1.5
"""By what the router's time limit is longer than the objective (a factor; VERIFY.md), so that what
is a little late is seen to be late."""

_GIVE_UP_S = 60.0
"""Seconds, beside the router's time limit, until a request without an answer is given up."""


@dataclass(frozen=True)
class StubEngine:
    """A stub as the router sees it."""

    name: str
    group: str
    model: str
    host: str
    port: int
    slo: Slo


def require_stubs(inputs: Inputs, plan: PlanSpec) -> None:
    """Make sure that there are stubs for all models of a plan.

    Raises
    ------
    AlpaplanError
        If it has LLMs.
    """
    llms = {model.name for model in inputs.workload.models if model.is_llm}
    named = sorted({each.model for group in plan.groups for each in group.replicas} & llms)
    if named:
        raise AlpaplanError(
            f"there are no stubs of LLMs yet, found {', '.join(named)}; verify a deployment with "
            "--url"
        )


def verify_with_stubs(
    inputs: Inputs,
    plan: PlanSpec,
    simulation: Simulation,
    envoy: Path,
    asked: VerificationSettings,
    on_result: Callable[[], None] = lambda: None,
) -> Verification:
    """Run the router with stubs behind it, and send the requests of a simulation.

    Parameters
    ----------
    inputs, plan
        Those of the simulation; `require_stubs` has to accept them.
    simulation
        The requests, and what to compare with.
    envoy
        The program.
    asked
        What was asked for.
    on_result
        Called at each result.

    Raises
    ------
    AlpaplanError
        If a process does not start.
    KeyboardInterrupt
        At the signal of Ctrl-C. Whatever ends this, no process is left.
    """
    used = [group for group in plan.groups if group.replicas]
    slo_s = dict(zip(inputs.problem.model_names, inputs.problem.slo_s.tolist(), strict=True))
    times = replica_times(inputs.problem, placement_of_plan(inputs.problem, inputs.cluster, plan))
    stubs = [
        StubGroup({model: _stub(each, asked.scale) for model, each in of_group.items()})
        for of_group in times
    ]
    with tempfile.TemporaryDirectory(prefix="alpaplan-verify-") as name:
        folder = Path(name)
        with running_stubs(stubs, folder / "stubs.log") as ports:
            engines = [
                StubEngine(
                    engine_name(group, model),
                    group_name(group),
                    model,
                    LOCALHOST,
                    port,
                    Slo(slo_s=slo_s[model] * asked.scale * TIME_LIMIT),
                )
                for group, of_group in zip(used, ports, strict=True)
                for model, port in of_group.items()
            ]

            def files_for(router_folder: str, port: int) -> dict[str, bytes]:
                return router_files(
                    engines,
                    _routed(used),
                    router_folder=router_folder,
                    router_port=port,
                    router_address=LOCALHOST,
                )

            with running_router(envoy, files_for, folder) as server:
                load = _send(server, simulation, used, slo_s, asked.scale, on_result)
    if load.was_interrupted:
        raise KeyboardInterrupt
    names = [group.name for group in used]
    late_s = (np.asarray(load.late_s) / asked.scale).tolist()
    return compare_with_simulation(
        asked, simulation.trace, simulation.replay, names, load.results, late_s
    )


def _routed(groups: Sequence[GroupSpec]) -> list[RoutedGroup]:
    return [
        RoutedGroup(
            group_name(group), group.name, tuple(replica.model for replica in group.replicas)
        )
        for group in groups
    ]


def _stub(times: ReplicaTimes, scale: float) -> StubReplica:
    return StubReplica(
        times.slo_s * scale, (times.stages_s * scale).tolist(), times.overhead_s * scale
    )


def _send(
    server: Server,
    simulation: Simulation,
    used: Sequence[GroupSpec],
    slo_s: Mapping[str, float],
    scale: float,
    on_result: Callable[[], None],
) -> Load[RequestOutcome]:
    """Send all requests; times of the outcomes are divided by the scale again."""
    trace = simulation.trace
    names, models = trace.model_names, trace.model.tolist()
    bodies = [_body(name) for name in names]
    groups = {group_name(group): group for group in used}
    client = Client(server)

    async def send(number: int) -> RequestOutcome:
        name = names[models[number]]
        body = bodies[models[number]]
        give_up_s = slo_s[name] * scale * TIME_LIMIT + _GIVE_UP_S
        try:
            answer = await client.post("/v1/completions", body, give_up_s)
        except UnansweredError as error:
            return RequestOutcome(False, trouble=str(error))
        latency_s = (answer.ended_s - answer.sent_s) / scale
        group = groups.get(answer.headers.get(GROUP_HEADER, ""))
        holds = group is not None and any(each.model == name for each in group.replicas)
        is_well = answer.status == 200
        return RequestOutcome(
            attained=is_well and latency_s <= slo_s[name],
            status=answer.status,
            trouble=None if is_well else str(answer.status),
            group=None if group is None else group.name,
            is_wrong_group=is_well and not holds,
            latency_s=latency_s,
        )

    return send_all(trace.arrival_s * scale, client, send, on_result)


def _body(model: str) -> bytes:
    return json.dumps({"model": model, "prompt": " ", "max_tokens": 1}).encode()
