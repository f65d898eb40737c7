"""The choice between the best candidates, on more arrivals than they were searched on.

A long search fits its placement to the accidents of the training arrivals a little. Fresh
arrivals do not favor the one that did so most.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.search import Search
from alpaplan.search.work import is_batched, requests_work
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace

FINALISTS = 6
"""Candidates that are compared on the deciding arrivals (a count; 2 to 20)."""

SAME_PARTITION = 2
"""Finalists of one partition at most (a count; 1 to `FINALISTS`): the same groups with nearly
the same replicas do nearly the same."""

STRAIN = 1.25
"""How much faster requests come for those finalists that miss equally few (a factor; 1.1 to 1.5).
Where nothing is missed it tells which placement has the most to spare for a larger burst."""


@dataclass(frozen=True, order=True)
class _Verdict:
    """How a finalist did: attainment first, then attainment under strain, then latency."""

    attainment: float
    strained_attainment: float
    negative_latency_s: float


def decide(search: Search, tried: Sequence[Candidate], deciding: Sequence[Trace]) -> Candidate:
    """Return the candidate that is best over training and deciding arrivals together.

    Parameters
    ----------
    search
        Counts the work. A search that was stopped decides by the training arrivals alone.
    tried
        At least one candidate.
    deciding
        Arrivals like the training's, which no candidate was searched on.
    """
    finalists = _finalists(search.problem, tried)
    if search.stop_reason is not None or not deciding:
        return finalists[0]
    fresh = [Simulator(search.problem, trace) for trace in deciding]
    strained = [Simulator(search.problem, trace.faster(STRAIN)) for trace in deciding]
    verdicts = search.map_attempts(partial(_judge, fresh=fresh, strained=strained), finalists)
    best = max(range(len(finalists)), key=lambda index: verdicts[index])
    search.log(
        f"decision on {len(deciding)} fresh samples ({len(finalists)} finalists)",
        finalists[best].score,
        *(
            f"{candidate.partition}: {verdict.attainment:.3%} over all samples, "
            f"{verdict.strained_attainment:.3%} at {STRAIN} times the rate"
            for candidate, verdict in zip(finalists, verdicts, strict=True)
        ),
    )
    return finalists[best]


def _finalists(problem: PlacementProblem, tried: Sequence[Candidate]) -> list[Candidate]:
    """Return the best candidates in training, only some of each partition, best first.

    The best one without batches is always among them, so that batching has to prove its worth.
    """
    ranked = sorted(tried, key=lambda candidate: candidate.score, reverse=True)
    lacking = ranked[0].score.missing_replicas
    ranked = [candidate for candidate in ranked if candidate.score.missing_replicas == lacking]
    placed = [candidate for candidate in ranked if candidate.placement.replicas.any()]
    chosen: list[Candidate] = []
    of_partition: Counter[str] = Counter()
    for candidate in placed or ranked[:1]:
        if of_partition[candidate.partition] < SAME_PARTITION:
            of_partition[candidate.partition] += 1
            chosen.append(candidate)
    chosen = chosen[:FINALISTS]
    if all(is_batched(problem, candidate.placement) for candidate in chosen):
        single = (c for c in placed if not is_batched(problem, c.placement))
        chosen += itertools.islice(single, 1)
    return chosen


def _judge(
    attempt: Attempt,
    candidate: Candidate,
    fresh: Sequence[Simulator],
    strained: Sequence[Simulator],
) -> _Verdict:
    usual = [candidate.score, *_scores(attempt, candidate, fresh)]
    under_strain = _scores(attempt, candidate, strained)
    return _Verdict(
        float(np.mean([score.attainment for score in usual])),
        float(np.mean([score.attainment for score in under_strain])),
        float(np.mean([score.negative_latency_s for score in usual])),
    )


def _scores(attempt: Attempt, candidate: Candidate, simulators: Sequence[Simulator]) -> list[Score]:
    found = []
    for simulator in simulators:
        evaluation = simulator.evaluate(candidate.placement)
        score = Score.of(attempt.problem, evaluation)
        attempt.count(requests_work(attempt.problem, candidate.placement, evaluation), score)
        found.append(score)
    return found
