"""The choice between the best candidates, on more arrivals than they were searched on.

A long search fits its placement to the accidents of the training arrivals a little. Fresh
arrivals do not favour the one that did so most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.context import SearchContext
from alpaplan.simulator import Simulator

FINALISTS = 6
"""Candidates that are compared on the deciding arrivals (a count; 2 to 20)."""


def decide(
    context: SearchContext, tried: Sequence[Candidate], deciding: Sequence[Simulator]
) -> Candidate:
    """Return the candidate that is best over training and deciding arrivals together.

    Parameters
    ----------
    context
        Counts the work. A search that was stopped decides by the training arrivals alone.
    tried
        At least one candidate.
    deciding
        Simulators of arrivals like the training's, which no candidate was searched on.
    """
    ranked = sorted(tried, key=lambda candidate: candidate.score, reverse=True)
    finalists = [candidate for candidate in ranked if candidate.placement.replicas.any()]
    finalists = (finalists or ranked)[:FINALISTS]
    if context.stop_reason is not None or not deciding:
        return finalists[0]
    scores = context.map_attempts(
        lambda own, candidate: _mean_score(own, candidate, deciding), finalists
    )
    best = max(range(len(finalists)), key=lambda index: scores[index])
    context.log(
        f"decision on {len(deciding)} fresh samples ({len(finalists)} finalists)",
        finalists[best].score,
        *(
            f"number {rank + 1} in training: {score.attainment:.3%} over all samples"
            for rank, score in enumerate(scores)
        ),
    )
    return finalists[best]


def _mean_score(
    context: SearchContext, candidate: Candidate, deciding: Sequence[Simulator]
) -> Score:
    scores = [candidate.score]
    for simulator in deciding:
        score = Score.of(context.problem, simulator.evaluate(candidate.placement))
        context.count(simulator.trace.num_requests, score)
        scores.append(score)
    return Score(
        float(np.mean([score.attainment for score in scores])),
        float(np.mean([score.negative_latency_s for score in scores])),
    )
