"""Verifies a plan against what is deployed: whether it does what was predicted."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.analysis.verification import RequestOutcome, Verification
from alpaplan.analysis.verifying import VerificationSettings, compare_with_simulation
from alpaplan.errors import AlpaplanError
from alpaplan.export.envoy.resources import GROUP_HEADER
from alpaplan.export.names import group_name
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.runs import simulate
from alpaplan.problem import PlacementProblem
from alpaplan.specs.plan import PlanSpec
from alpaplan.verification.client import Answer, Client, Server, UnansweredError
from alpaplan.verification.load import Load, send_all
from alpaplan.verification.prompts import Lengths, completion_body, read_stream
from alpaplan.workload.trace import Trace

GIVE_UP_S = 300.0
"""Seconds until a request without an answer is given up (60 to 600); longer than any objective
that a person would wait for."""

SHORTEST = Lengths(1, 1)
"""Request of a model that gets none of those that are measured."""

_PATH = "/v1/completions"


@dataclass(frozen=True)
class Objectives:
    """What a request has to keep; infinite where there is no such objective."""

    slo_s: float
    ttft_s: float = math.inf
    tpot_s: float = math.inf


@dataclass(frozen=True)
class Outcome:
    """What came of a verification against a deployment.

    Parameters
    ----------
    verification
        The comparison, of the requests that had an answer or trouble by the end.
    was_interrupted
        Whether Ctrl-C ended it, and not the last answer.
    num_open
        Requests that had been sent and were still open then.
    troubles
        Model -> what was wrong with the answer to the request that was sent before all others.
    """

    verification: Verification
    was_interrupted: bool
    num_open: int
    troubles: Mapping[str, str]


class Deployment:
    """What serves a plan, as a client sees it.

    Parameters
    ----------
    server
        Where requests go.
    api_key
        Sent with every request; None: none is.
    inputs, plan
        What is deployed.
    input_tokens
        Prompt of requests of fixed-service models.
    """

    def __init__(
        self,
        server: Server,
        api_key: str | None,
        inputs: Inputs,
        plan: PlanSpec,
        input_tokens: int,
    ) -> None:
        self._server, self._api_key = server, api_key
        self._input_tokens = input_tokens
        self._llms = {model.name for model in inputs.workload.models if model.is_llm}
        self._objectives = _objectives(inputs.problem)
        self._groups = {group_name(group): group for group in plan.groups}
        named = {replica.model for group in plan.groups for replica in group.replicas}
        self.models = tuple(name for name in inputs.problem.model_names if name in named)
        """Models that the plan serves, in workload order."""

    def lengths(self, trace: Trace) -> list[Lengths]:
        """Return the tokens of each request."""
        fixed = Lengths(self._input_tokens, 1)
        if trace.input_tokens is None or trace.output_tokens is None:
            return [fixed] * trace.num_requests
        is_llm = [name in self._llms for name in trace.model_names]
        rows = zip(
            trace.model.tolist(),
            trace.input_tokens.tolist(),
            trace.output_tokens.tolist(),
            strict=True,
        )
        return [Lengths(given, asked) if is_llm[m] else fixed for m, given, asked in rows]

    def missing_models(self) -> list[str]:
        """Return the models that the plan serves and the deployment does not list.

        Raises
        ------
        AlpaplanError
            If it lists nothing.
        """
        listed = asyncio.run(self._listed())
        return [name for name in self.models if name not in listed]

    async def _listed(self) -> set[str]:
        where = f"GET /v1/models of {self._server.authority}"
        try:
            async with Client(self._server, self._api_key) as client:
                answer = await client.get("/v1/models", GIVE_UP_S)
            if answer.status != 200:
                raise AlpaplanError(f"{where} must list models, found status {answer.status}")
            return {str(entry["id"]) for entry in json.loads(answer.body)["data"]}
        except UnansweredError as error:
            raise AlpaplanError(f"{where} must list models, found none ({error})") from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise AlpaplanError(f"{where} must list models, found something else") from None

    def warm_up(self, rng: np.random.Generator, lengths: Mapping[str, Lengths]) -> dict[str, str]:
        """Send one request of each model; return model -> trouble of those that got no good answer.

        Parameters
        ----------
        rng
            Draws the prompts.
        lengths
            Tokens of each model's request; those of other models have `SHORTEST`.
        """

        async def send_each() -> dict[str, str]:
            async with Client(self._server, self._api_key) as client:
                outcomes = {
                    name: await self._send(client, name, lengths.get(name, SHORTEST), rng)
                    for name in self.models
                }
            return {
                name: outcome.trouble
                for name, outcome in outcomes.items()
                if outcome.trouble is not None
            }

        return asyncio.run(send_each())

    def replay(
        self,
        trace: Trace,
        lengths: Sequence[Lengths],
        rng: np.random.Generator,
        on_result: Callable[[], None] = lambda: None,
    ) -> Load[RequestOutcome]:
        """Send the requests of a trace.

        Parameters
        ----------
        trace
            The requests.
        lengths
            Their tokens.
        rng
            Draws the prompts.
        on_result
            Called at each result.
        """
        client = Client(self._server, self._api_key)
        names, models = trace.model_names, trace.model.tolist()

        async def send(number: int) -> RequestOutcome:
            return await self._send(client, names[models[number]], lengths[number], rng)

        return send_all(trace.arrival_s, client, send, on_result)

    async def _send(
        self, client: Client, model: str, lengths: Lengths, rng: np.random.Generator
    ) -> RequestOutcome:
        body = completion_body(model, lengths, rng, is_llm=model in self._llms)
        try:
            answer = await client.post(_PATH, body, GIVE_UP_S)
        except UnansweredError as error:
            return RequestOutcome(False, trouble=str(error))
        group, is_wrong = self._group_of(model, answer)
        latency_s = answer.ended_s - answer.sent_s
        ttft_s = tpot_s = math.nan
        trouble = None if answer.status == 200 else str(answer.status)
        if trouble is None and model in self._llms:
            stream = read_stream(answer.parts)
            times_s = stream.times_s
            if not times_s or not stream.is_well:
                trouble = "broken answer"
            elif not stream.has(lengths.output_tokens):
                trouble = "short answer"
            else:
                ttft_s = times_s[0] - answer.sent_s
                if lengths.output_tokens > 1:
                    tpot_s = (times_s[-1] - times_s[0]) / (lengths.output_tokens - 1)
        objectives = self._objectives[model]
        is_in_time = (
            latency_s <= objectives.slo_s
            # What an objective is not of is NaN, and is no miss.
            and not ttft_s > objectives.ttft_s
            and not tpot_s > objectives.tpot_s
        )
        return RequestOutcome(
            attained=trouble is None and is_in_time,
            status=answer.status,
            trouble=trouble,
            group=group,
            is_wrong_group=is_wrong and answer.status == 200,
            latency_s=latency_s,
            ttft_s=ttft_s,
            tpot_s=tpot_s,
        )

    def _group_of(self, model: str, answer: Answer) -> tuple[str | None, bool]:
        """Return the group that an answer names, and whether that does not hold the model."""
        name = answer.headers.get(GROUP_HEADER)
        if name is None:
            return None, False
        group = self._groups.get(name)
        if group is None:
            return name, True
        return group.name, all(replica.model != model for replica in group.replicas)


def _objectives(problem: PlacementProblem) -> dict[str, Objectives]:
    engines = problem.engines
    found = {}
    for m, name in enumerate(problem.model_names):
        found[name] = Objectives(float(problem.slo_s[m]))
        if engines is not None and engines.is_llm[problem.profile_of_model[m]]:
            found[name] = Objectives(
                float(engines.slo_s[m]), float(engines.ttft_s[m]), float(engines.tpot_s[m])
            )
    return found


def verify_deployment(
    deployment: Deployment,
    inputs: Inputs,
    plan: PlanSpec,
    arrivals: Trace,
    asked: VerificationSettings,
    seed: int,
    on_result: Callable[[], None] = lambda: None,
) -> Outcome:
    """Send the requests of a trace to a deployment, and compare with their simulation.

    Parameters
    ----------
    deployment
        What serves the plan.
    inputs, plan, arrivals
        What is simulated, at the times at which requests are sent.
    asked
        What was asked for.
    seed
        Chooses the prompts.
    on_result
        Called at each result.
    """
    simulation = simulate(inputs, plan, arrivals)  # may find something wrong before load is sent
    rng = np.random.default_rng(seed)
    lengths = deployment.lengths(arrivals)
    first_of_model = {
        arrivals.model_names[m]: lengths[number]
        for number, m in reversed(list(enumerate(arrivals.model.tolist())))
    }
    troubles = deployment.warm_up(rng, first_of_model)
    load = deployment.replay(arrivals, lengths, rng, on_result)
    results = load.results
    if load.was_interrupted:
        sent = max((n for n, each in enumerate(results) if each is not None), default=-1) + 1
        results = results[:sent]
        simulation = simulate(inputs, plan, arrivals.take(slice(sent)))
    names = [group.name for group in plan.groups if group.replicas]
    compared = compare_with_simulation(
        asked, simulation.trace, simulation.replay, names, results, load.late_s
    )
    return Outcome(compared, load.was_interrupted, load.num_open, troubles)
