"""Decides between the best candidates, on arrivals that the search has not seen.

A long search overfits the training arrivals a little. Fresh arrivals do not favor the candidate
that did so most, and a difference counts only if it is more than chance: between finalists that
paired comparisons cannot tell from the best one, headroom decides.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, best_first
from alpaplan.search.objective import Objective, worst_loss
from alpaplan.search.search import Search
from alpaplan.search.work import is_batched, requests_work
from alpaplan.simulator import Evaluation, Simulator
from alpaplan.simulator.intervals import ratio_interval_95
from alpaplan.workload.trace import Trace

FINALISTS = 6
"""Candidates that are compared on the deciding arrivals (a count; 2 to 20)."""

SAME_PARTITION = 2
"""Most finalists with the same partition (a count; 1 to `FINALISTS`): the same groups with nearly
the same replicas do nearly the same."""

STRAIN = 1.25
"""How many times as fast requests come when finalists are compared that the stated traffic does not
tell apart (a factor; 1.1 to 1.5), unless the search itself was under strain."""

STRAIN_TIE = 0.0003
"""Difference in attainment under strain that still is a tie (a fraction; 0 to 0.001)."""

PAIRED_PARTS = 20
"""Parts that the deciding arrivals are cut into for paired comparisons (a count; 10 to 40): fewer
give wide intervals, and shorter ones are correlated."""


@dataclass(frozen=True)
class _Outcome:
    """How a finalist did on some arrivals.

    Parameters
    ----------
    attainment
        Weighted attainment, averaged over the runs.
    attained, requests : float64[parts]
        Weighted attained requests and all weighted requests, in each part of the runs.
    evaluations
        One for each run.
    """

    attainment: float
    attained: NDArray[np.float64]
    requests: NDArray[np.float64]
    evaluations: tuple[Evaluation, ...]

    def clearly_beats(self, other: _Outcome) -> bool:
        """Whether a paired comparison says at 95% that it attains more."""
        interval = ratio_interval_95(self.requests, self.attained - other.attained)
        return interval is not None and interval[0] > 0


@dataclass(frozen=True)
class _Verdict:
    """How a finalist did: as stated, under strain, and after the loss of a node."""

    stated: _Outcome
    strained: _Outcome
    left_after_loss: float
    merit: float


def decide(search: Search, tried: Sequence[Candidate], deciding: Sequence[Trace]) -> Candidate:
    """Return the candidate that is best over training and deciding arrivals together.

    There are three steps. Candidates stay if paired comparisons cannot tell them from the one with
    the highest attainment; of these, those within `STRAIN_TIE` of the highest attainment under
    strain; of these, the one with the highest merit wins. If the search itself was under strain,
    there is no second step, and merits are those at its strain.

    Parameters
    ----------
    search
        Counts the work. If it was stopped, the training arrivals alone decide.
    tried
        The candidates, at least one.
    deciding
        Arrivals like those for training, which the search has not seen.
    """
    finalists = _finalists(search.problem, tried)
    if search.stop_reason is not None or not deciding:
        return finalists[0]
    has_room = search.strain > 1
    strain = search.strain if has_room else STRAIN
    judge = partial(
        _judge,
        fresh=[Simulator(search.problem, trace) for trace in deciding],
        strained=[Simulator(search.problem, trace.faster(strain)) for trace in deciding],
        objective=Objective(strain),
    )
    verdicts = search.map_attempts(judge, finalists)
    equal = _undecided([verdict.stated for verdict in verdicts])
    if not has_room:
        most = max(verdicts[index].strained.attainment for index in equal)
        equal = [i for i in equal if verdicts[i].strained.attainment >= most - STRAIN_TIE]
    best = max(equal, key=lambda index: (verdicts[index].merit, *_extent(finalists[index])))
    search.log(
        f"decision on {len(deciding)} fresh samples ({len(finalists)} finalists)",
        finalists[best].score,
        *(
            f"{candidate.partition}: {verdict.stated.attainment:.3%} over all samples, "
            f"{verdict.strained.attainment:.3%} at {strain:g} times the rate, "
            f"{verdict.left_after_loss:.1%} after the worst loss of a node"
            for candidate, verdict in zip(finalists, verdicts, strict=True)
        ),
    )
    return finalists[best]


def _undecided(outcomes: Sequence[_Outcome]) -> list[int]:
    """Return the indices of the outcomes that the one with the highest attainment does not beat."""
    best = max(outcomes, key=lambda outcome: outcome.attainment)
    return [i for i, each in enumerate(outcomes) if each is best or not best.clearly_beats(each)]


def _extent(candidate: Candidate) -> tuple[int, int]:
    """Return the numbers of replicas and groups: between equals, more win."""
    placement = candidate.placement
    return int(placement.replicas.sum()), placement.num_groups


def _finalists(problem: PlacementProblem, tried: Sequence[Candidate]) -> list[Candidate]:
    """Return the best candidates in training, best first, a few at most of each partition.

    The best one without batches is always among them, so that batching has to prove its worth.
    """
    ranked = best_first(tried)
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
    objective: Objective,
) -> _Verdict:
    problem, placement = attempt.problem, candidate.placement
    stated = _outcome(attempt, candidate, fresh, [candidate.score.attainment])
    under_strain = _outcome(attempt, candidate, strained)
    merits = [objective.merit(problem, evaluation) for evaluation in under_strain.evaluations]
    left = worst_loss(problem, fresh[0], placement, stated.evaluations[0])
    attempt.count(fresh[0].trace.num_requests)
    merit = float(np.mean(merits)) - objective.loss_of(left)
    return _Verdict(stated, under_strain, left, merit)


def _outcome(
    attempt: Attempt,
    candidate: Candidate,
    simulators: Sequence[Simulator],
    known: Sequence[float] = (),
) -> _Outcome:
    """Simulate a candidate on several traces; `known` attainments count as further runs."""
    problem, placement = attempt.problem, candidate.placement
    parts_each = -(-PAIRED_PARTS // len(simulators))
    attained, requests, evaluations = [], [], []
    for simulator in simulators:
        trace, replay = simulator.trace, simulator.replay(placement)
        weight = problem.model_weight[trace.model]
        edges = np.linspace(0, trace.duration_s, parts_each + 1)[1:-1]
        part = np.searchsorted(edges, trace.arrival_s, side="right")
        done = ~np.isnan(replay.latency_s)
        attained.append(np.bincount(part, weight * done, parts_each))
        requests.append(np.bincount(part, weight, parts_each))
        evaluations.append(replay.evaluation)
        attempt.count(requests_work(problem, placement, replay.evaluation))
    found = [each.weighted_attainment(problem.model_weight) for each in evaluations]
    return _Outcome(
        float(np.mean([*known, *found])),
        np.concatenate(attained),
        np.concatenate(requests),
        tuple(evaluations),
    )
