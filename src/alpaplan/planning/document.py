"""A search result as a plan document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.robustness import Robustness
from alpaplan.planning.rounding import digits, finite_digits, rounded
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import DeviceSpan
from alpaplan.problem.feasibility import unservable_models
from alpaplan.problem.service import batch_caps
from alpaplan.profiling.batch_sizes import largest_batch_size
from alpaplan.search.planner import PlanResult
from alpaplan.search.prediction import Prediction
from alpaplan.simulator.engine_statistics import TokenTimes
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.specs import plan as spec
from alpaplan.specs import prediction as promised
from alpaplan.specs.choices import UnseenSource
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.profile import ProfiledConfig


def plan_document(
    inputs: Inputs,
    result: PlanResult,
    provenance: spec.Provenance,
    source: UnseenSource,
) -> spec.PlanSpec:
    """Return the plan document of a search result.

    Parameters
    ----------
    inputs, result
        What was solved, and how.
    provenance
        Where the plan comes from.
    source
        Kind of the arrivals that the prediction comes from.
    """
    problem, placement = inputs.problem, result.best.placement
    groups = [
        spec.GroupSpec(
            name=f"g{g}",
            device=problem.pools[problem.shapes[h].pool].device,
            intra_op=problem.shapes[h].intra_op,
            inter_op=problem.shapes[h].inter_op,
            devices=_node_devices(problem, result.devices.groups[g]),
            replicas=tuple(replicas_of_group(inputs, placement.take([g]))),
        )
        for g, h in enumerate(placement.shapes)
    ]
    return spec.PlanSpec(
        kind="placement-plan",
        version=1,
        provenance=provenance,
        prediction=_prediction(inputs.problem, result, source),
        groups=tuple(groups),
        unused_devices=_node_devices(problem, result.devices.unused),
        routing=spec.Routing(dispatch=problem.dispatch),
        models=_models(problem, result),
    )


def with_robustness(plan: spec.PlanSpec, held: Robustness) -> spec.PlanSpec:
    """Return a plan document that says how far it holds."""
    if plan.prediction is None:
        return plan
    prediction = plan.prediction.model_copy(
        update={
            "headroom_rate_scale": held.headroom_rate_scale,
            "node_loss": tuple(
                promised.NodeLoss(node=node, slo_attainment=rounded(attainment))
                for node, attainment in held.node_loss
            ),
        }
    )
    return plan.model_copy(update={"prediction": prediction})


def replicas_of_group(inputs: Inputs, group: Placement) -> Iterator[spec.ReplicaSpec]:
    """Yield the replicas of the one group of a placement.

    They have stages if their profile says so, a limit of their own if their batches must be
    smaller than the cluster and the profile allow, and the fractions of KV memory of a group whose
    engines do not share it equally.
    """
    problem = inputs.problem
    shape = problem.shapes[group.shapes[0]]
    device = problem.pools[shape.pool].device
    (caps,) = batch_caps(problem, group)
    none = np.zeros((1, problem.num_models))
    (fractions,) = (none if group.kv_fraction is None else group.kv_fraction).tolist()
    for m in group.in_replica_order()[1]:
        profile = inputs.profiles[problem.profile_names[problem.profile_of_model[m]]]
        config = profile.find_config(device, shape.intra_op, shape.inter_op)
        if config is None:
            raise ValueError("a replica is on a group whose shape its profile does not list")
        allowed = 0  # engines have no batches of this kind
        if isinstance(config, ProfiledConfig):
            allowed = largest_batch_size(config, inputs.cluster.serving.max_batch_size)
        yield spec.ReplicaSpec(
            model=problem.model_names[m],
            stages=config.stages,
            max_batch_size=int(caps[m]) if caps[m] < allowed else None,
            kv_fraction=fractions[m] or None,
        )


def _models(problem: PlacementProblem, result: PlanResult) -> tuple[spec.PlannedModel, ...]:
    best_latency_s = {
        model.name: model.best_s
        for model in unservable_models(problem)
        if model.objective == "slo_s"
    }
    planned = []
    for m, name in enumerate(problem.model_names):
        predicted = result.prediction.models[m]
        groups = np.flatnonzero(result.best.placement.replicas[:, m])
        best = best_latency_s.get(name)
        model = unplanned_model(problem, m, tuple(f"g{g}" for g in groups))
        predictions = {
            "requests": predicted.requests,
            "slo_attainment": digits(predicted.slo_attainment),
            "latency_s": _latency(predicted.latency),
            "ttft_s": _ttft(predicted.tokens),
            "tpot_s": _tpot(predicted.tokens),
            "best_latency_s": None if best is None else digits(best),
        }
        planned.append(model.model_copy(update=predictions))
    return tuple(planned)


def unplanned_model(
    problem: PlacementProblem, m: int, groups: tuple[str, ...]
) -> spec.PlannedModel:
    """Return a model and the groups that hold it, without what is predicted of it."""
    return spec.PlannedModel(
        name=problem.model_names[m],
        profile=problem.profile_names[problem.profile_of_model[m]],
        slo_s=finite_digits(_whole_objective_s(problem, m)),
        slo=_token_objectives(problem, m),
        groups=groups,
    )


def _prediction(
    problem: PlacementProblem, result: PlanResult, source: UnseenSource
) -> promised.Prediction:
    prediction: Prediction = result.prediction
    places = {name: place for place, name in enumerate(problem.model_names)}
    return promised.Prediction(
        slo_attainment=rounded(prediction.slo_attainment),
        confidence_interval_95=_interval(prediction.confidence_interval_95),
        prediction_interval_95=_interval(prediction.prediction_interval_95),
        training_slo_attainment=digits(result.best.evaluation.slo_attainment),
        upper_bound=_upper_bound(result),
        goodput_rps=digits(prediction.goodput_rps),
        latency_s=_latency(prediction.latency),
        ttft_s=_ttft(prediction.tokens),
        tpot_s=_tpot(prediction.tokens),
        output_tokens_per_s=finite_digits(prediction.output_tokens_per_s or math.inf),
        groups=tuple(
            promised.GroupPrediction(
                name=f"g{g}",
                utilization=rounded(utilization),
                replicas=tuple(
                    promised.EnginePrediction(**vars(engine))
                    # As the groups list them: a search may have the models in another order.
                    for engine in sorted(engines, key=lambda engine: places[engine.model])
                ),
            )
            for g, (utilization, engines) in enumerate(
                zip(prediction.group_utilization, prediction.group_engines, strict=True)
            )
        ),
        arrivals=promised.ArrivalsRecord(
            source=source,
            runs=prediction.num_runs,
            run_s=rounded(prediction.run_s),
            requests=prediction.num_requests,
        ),
    )


def _upper_bound(result: PlanResult) -> promised.UpperBound | None:
    if math.isnan(result.bound.bound):
        return None
    return promised.UpperBound(
        slo_attainment=rounded(result.bound.bound),
        reached=rounded(result.bound_reached),
        limit=result.bound.limit,
    )


def _node_devices(
    problem: PlacementProblem, spans: Sequence[DeviceSpan]
) -> tuple[spec.NodeDevices, ...]:
    return tuple(
        spec.NodeDevices(
            node=f"{problem.pools[span.pool].name}-{span.node}",
            devices=tuple(range(span.first, span.first + span.count)),
        )
        for span in spans
    )


def _latency(latency: LatencyStatistics) -> promised.LatencySummary | None:
    if math.isnan(latency.mean_s):
        return None
    return promised.LatencySummary(
        mean=rounded(latency.mean_s),
        p50=rounded(latency.p50_s),
        p90=rounded(latency.p90_s),
        p99=rounded(latency.p99_s),
    )


def _ttft(tokens: TokenTimes | None) -> promised.LatencySummary | None:
    return None if tokens is None else _latency(tokens.ttft)


def _tpot(tokens: TokenTimes | None) -> promised.LatencySummary | None:
    return None if tokens is None else _latency(tokens.tpot)


def _interval(interval: tuple[float, float]) -> tuple[float, float]:
    return rounded(interval[0]), rounded(interval[1])


def _whole_objective_s(problem: PlacementProblem, m: int) -> float:
    """Return the objective on a model's whole latency; infinite if an LLM has none."""
    engines = problem.engines
    is_llm = engines is not None and engines.is_llm[problem.profile_of_model[m]]
    return float(engines.slo_s[m] if engines is not None and is_llm else problem.slo_s[m])


def _token_objectives(problem: PlacementProblem, m: int) -> TokenObjectives | None:
    """Return the objectives on an LLM's tokens; None if it has none."""
    if problem.engines is None:
        return None
    ttft_s = finite_digits(float(problem.engines.ttft_s[m]))
    tpot_s = finite_digits(float(problem.engines.tpot_s[m]))
    return None if ttft_s is tpot_s is None else TokenObjectives(ttft_s=ttft_s, tpot_s=tpot_s)
