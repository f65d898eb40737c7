"""Results of a simulation: counts by model and group, and the fate of each request."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.group_state import GroupState

Amount = TypeVar("Amount", np.int64, np.float64)


@dataclass(frozen=True)
class Evaluation:
    """Counts of one simulation: `M` models, `G` groups in plan order.

    Counts of simulations that continue each other add up to those of a single one: if a batch turns
    out other than planned, the later simulation counts the difference.

    Parameters
    ----------
    requests : int64[M]
        Requests of each model, including models without a replica.
    attained : int64[M]
        Those finished within their deadline.
    latency_sum_s : float64[M]
        Sum of the latencies of attained requests.
    group_requests : int64[G]
        Requests sent to each group, accepted or rejected there.
    group_attained : int64[G]
        Those accepted.
    group_busy_s : float64[G]
        How long a stage of the group worked, averaged over its stages.
    iterations
        Iterations of LLM engines that were simulated.
    """

    requests: NDArray[np.int64]
    attained: NDArray[np.int64]
    latency_sum_s: NDArray[np.float64]
    group_requests: NDArray[np.int64]
    group_attained: NDArray[np.int64]
    group_busy_s: NDArray[np.float64]
    iterations: int = 0

    @classmethod
    def of_replicas(
        cls,
        requests: NDArray[np.int64],
        model: NDArray[np.int64],
        group: NDArray[np.int64],
        *,
        sent: NDArray[np.int64],
        attained: NDArray[np.int64],
        latency_sum_s: NDArray[np.float64],
        group_busy_s: NDArray[np.float64],
    ) -> Evaluation:
        """Sum what replicas did, ``R`` of them, by model and by group.

        Parameters
        ----------
        requests : int64[M]
            Requests of each model.
        model, group : int64[R]
            Each replica's.
        sent : int64[R]
            Requests sent to each.
        attained : int64[R], latency_sum_s : float64[R]
            Those that were attained, and the sum of their latencies.
        group_busy_s : float64[G]
            As in the result.
        """
        num_models, num_groups = requests.size, group_busy_s.size
        return cls(
            requests=requests,
            attained=total(attained, model, num_models),
            latency_sum_s=total(latency_sum_s, model, num_models),
            group_requests=total(sent, group, num_groups),
            group_attained=total(attained, group, num_groups),
            group_busy_s=group_busy_s,
        )

    @property
    def slo_attainment(self) -> float:
        """Fraction of all requests that were attained; NaN if there were none."""
        return ratio(float(self.attained.sum()), float(self.requests.sum()))

    @property
    def mean_latency_s(self) -> float:
        """Mean latency of attained requests; NaN if there were none."""
        return ratio(float(self.latency_sum_s.sum()), float(self.attained.sum()))

    def with_models(self, order: NDArray[np.int64]) -> Evaluation:
        """Return the same counts with renumbered models.

        Parameters
        ----------
        order : int64[M]
            Number here of each model there.
        """
        return replace(
            self,
            requests=self.requests[order],
            attained=self.attained[order],
            latency_sum_s=self.latency_sum_s[order],
        )

    def weighted_attainment(self, model_weight: NDArray[np.float64]) -> float:
        """Return the fraction attained if each request counts as much as its model's weight.

        Parameters
        ----------
        model_weight : float64[M]
            How much one attained request of each model counts.

        Returns
        -------
        float
            Between 0 and 1; NaN if no request counts.
        """
        return ratio(float(self.attained @ model_weight), float(self.requests @ model_weight))


@dataclass(frozen=True)
class EngineReplay:
    """What LLM engines did: every request's tokens, and each of the `E` engines.

    Parameters
    ----------
    ttft_s, tpot_s, end_to_end_s : float64[N]
        Times to the first token, per output token after it, and to the finish of each request,
        attained or not; NaN if it never got that far, or has only one token.
    stage_busy_s : float64[G, S]
        How long each stage of each group worked.
    group, model : int64[E], int64[E]
        Group and model of each engine, by group in plan order and there in replica order.
    kv_tokens, kv_peak_tokens : int64[E]
        KV tokens that each engine's cache holds, and the most that were in use.
    preemptions, iterations : int64[E]
        How often each engine preempted a request, and how many iterations it ran.
    """

    ttft_s: NDArray[np.float64]
    tpot_s: NDArray[np.float64]
    end_to_end_s: NDArray[np.float64]
    stage_busy_s: NDArray[np.float64]
    group: NDArray[np.int64]
    model: NDArray[np.int64]
    kv_tokens: NDArray[np.int64]
    kv_peak_tokens: NDArray[np.int64]
    preemptions: NDArray[np.int64]
    iterations: NDArray[np.int64]


@dataclass(frozen=True)
class EarlierFates:
    """What became of requests that waited when a simulation began, `W` of them.

    Parameters
    ----------
    number : int64[W]
        Their numbers, as in `alpaplan.simulator.group_state.WaitingRequests`.
    latency_s, batch_size : float64[W], int32[W]
        As in `Replay`. They replace what the earlier simulation expected.
    """

    number: NDArray[np.int64]
    latency_s: NDArray[np.float64]
    batch_size: NDArray[np.int32]


@dataclass(frozen=True)
class Replay:
    """The fate of every request of one simulation.

    Parameters
    ----------
    evaluation
        The counts.
    latency_s : float64[N]
        Latency of each request in trace order; NaN if it was not attained.
    group : int32[N]
        Group that each request was sent to; -1 if no group holds its model.
    end_state
        What the groups still have to do afterwards; None with LLMs, from whose engines no
        simulation can continue.
    batch_size : int32[N], optional
        Size of the batch in which each attained request ran, 0 for the others. None where the
        problem has no batches.
    engines
        What engines did; None if no model is an LLM.
    earlier
        The fates of requests that waited in the state at the start; None if there are none.
        Requests that wait at the end have the fates that they get if no others arrive.
    """

    evaluation: Evaluation
    latency_s: NDArray[np.float64]
    group: NDArray[np.int32]
    end_state: GroupState | None
    batch_size: NDArray[np.int32] | None = None
    engines: EngineReplay | None = None
    earlier: EarlierFates | None = None

    @property
    def state(self) -> GroupState:
        """What the groups still have to do afterwards; raises a `ValueError` with LLMs."""
        if self.end_state is None:
            raise ValueError("a simulation of LLM engines has no state to go on from")
        return self.end_state


def total(amount: NDArray[Amount], owner: NDArray[np.int64], num_owners: int) -> NDArray[Amount]:
    """Sum the amounts of each owner. Floats hold all counts below 2**53 exactly."""
    return np.bincount(owner, amount, num_owners).astype(amount.dtype, copy=False)


def ratio(part: float, whole: float) -> float:
    """Return a fraction or a rate; NaN if the whole is 0."""
    return part / whole if whole else math.nan
