"""Local improvement: random moves under one acceptance rule (simulated annealing)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.incremental import Change, IncrementalEvaluator
from alpaplan.search.moves import MoveState, moves_for
from alpaplan.search.moves.state import Choices
from alpaplan.search.partition import describe_shapes
from alpaplan.search.search import Search
from alpaplan.simulator import Evaluation

FIRST_TEMPERATURE = 0.01
LAST_TEMPERATURE = 0.0005
"""Temperature at the start and at the end, as parts of what is missed now (fractions; 0.002 to
0.05 and 0 to 0.005). A move that costs this part of the misses is taken every third time."""

IDLE_MOVES = 200
"""Moves in a row that find nothing to change before an attempt ends (a count; 50 to 1,000)."""

PATIENCE = 3
"""Simulated moves without a new best after which an attempt ends, as a multiple of the number of
changes there are: about ``G * M`` additions, ``R**2 / 4`` swaps of R replicas, and 20 changes of
shape (a factor; 2 to 10). Small problems are done long before their budget is."""

SCREENING_SLACK = 0.03
SLACK_REQUESTS = 3
"""How much more a change may lose on the beginning of the training arrivals than on all of them
before it is given up: a part of what is missed there (a fraction; 0 to 0.2), and some requests (a
count; 0 to 20). More slack rejects later, less rejects what the rest would have made good."""

FINAL_ATTEMPTS = 2
"""Attempts that run to the end side by side (a count; 1 to 8), whatever the number of workers."""


@dataclass
class MoveCount:
    """How a move did: how often it was simulated, accepted, and better than before."""

    simulated: int = 0
    accepted: int = 0
    improved: int = 0


@dataclass(frozen=True)
class Improvement:
    """How far an improvement has come; the next attempt takes it up again.

    Parameters
    ----------
    current, best
        Where it is, and the best placement it has seen.
    counts
        Move name -> how it did.
    """

    current: Candidate
    best: Candidate
    counts: Mapping[str, MoveCount] = field(default_factory=dict)


def improve(search: Search, starts: Sequence[Candidate]) -> list[Candidate]:
    """Improve several starts, give up the worse half again and again, and finish the best.

    Each round has an equal part of the budget; without a budget nothing is done.

    Parameters
    ----------
    search
        Its budget is used up, unless a stopping criterion ends it before.
    starts
        Where to start, at least one.

    Returns
    -------
    list[Candidate]
        The best placement of every attempt that ran to the end, best first.
    """
    if not search.budget.is_limited:
        return []
    improvements = [Improvement(start, start) for start in starts]
    num_rounds = max(1, math.ceil(math.log2(max(1, len(improvements) / FINAL_ATTEMPTS))) + 1)
    for number in range(num_rounds):
        span = (number / num_rounds, (number + 1) / num_rounds)
        improvements = search.map_attempts(
            partial(_anneal, span=span), improvements, fraction=1 / (num_rounds - number)
        )
        improvements.sort(key=lambda each: each.best.score, reverse=True)
        notes = _notes(improvements) if number == num_rounds - 1 else ()
        name = f"improvement, round {number + 1} of {num_rounds} ({len(improvements)} placements)"
        search.log(name, improvements[0].best.score, *notes)
        if number < num_rounds - 1:
            improvements = improvements[: max(FINAL_ATTEMPTS, (len(improvements) + 1) // 2)]
    return [each.best for each in improvements]


def _anneal(attempt: Attempt, start: Improvement, span: tuple[float, float]) -> Improvement:
    """Go on over a span of the whole schedule, from 0 to 1, until the attempt's budget is used."""
    walk = _Walk(attempt, start.current)
    best = start.best
    choices = moves_for(attempt.problem)
    moves = [move for move, _ in choices]
    shares = np.cumsum([share for _, share in choices])
    counts = {
        move.__name__: replace(start.counts.get(move.__name__, MoveCount())) for move in moves
    }
    idle = since_best = 0
    while idle < IDLE_MOVES and since_best < _patience(walk.state) and not attempt.exhausted():
        move = moves[min(int(np.searchsorted(shares, attempt.rng.random())), len(moves) - 1)]
        change = move(walk.state, attempt.rng)
        if change is None:
            idle += 1
            continue
        idle = 0
        since_best += 1
        count = counts[move.__name__]
        count.simulated += 1
        before = walk.score
        progress = span[0] + (span[1] - span[0]) * attempt.used_part
        if not walk.accept(change, _loss_allowed(attempt, before, progress)):
            continue
        count.accepted += 1
        count.improved += walk.score > before
        if walk.score > best.score:
            since_best = 0
            best = _candidate(best, walk.state, walk.score)
    return Improvement(_candidate(best, walk.state, walk.score), best, counts)


def _loss_allowed(attempt: Attempt, score: Score, progress: float) -> float:
    """Draw how much merit the next change may lose: the rule of Metropolis et al. (1953).

    Drawn before the change is simulated, so that a simulation can end once it loses more.
    """
    part = FIRST_TEMPERATURE + (LAST_TEMPERATURE - FIRST_TEMPERATURE) * min(1.0, progress)
    worth = attempt.space.objective.worth(score.attainment)
    temperature = part * (1.0 - score.attainment) * worth
    return -temperature * math.log(1.0 - attempt.rng.random())


class _Walk:
    """Where an attempt is: a placement with its evaluations, moved on by accepted changes.

    Parameters
    ----------
    attempt
        Counts what it simulates.
    start
        Where it starts.
    """

    def __init__(self, attempt: Attempt, start: Candidate) -> None:
        space = attempt.space
        self._attempt = attempt
        self._full = IncrementalEvaluator(space.problem, space.training)
        self._screening = IncrementalEvaluator(space.problem, space.screening)
        self._screened = space.screening.evaluate(start.placement)
        self.score = start.score
        choices = Choices.of(space.problem, has_room=space.objective.is_strained)
        self.state = MoveState(choices, start.placement, start.evaluation)

    def accept(self, change: Change, loss_allowed: float) -> bool:
        """Make a change unless it loses more merit than is allowed."""
        problem, state = self._attempt.problem, self.state
        placement = change.applied_to(state.placement)
        missing = int(missing_replicas(problem, placement).sum())
        if missing > self.score.missing_replicas:
            return False
        screened, screened_work = self._screening.evaluate(
            state.placement, self._screened, change, placement
        )
        fewer_missing = missing < self.score.missing_replicas
        if not fewer_missing and self._hopeless(screened, loss_allowed):
            self._attempt.count(screened_work)
            return False
        evaluation, work = self._full.evaluate(state.placement, state.evaluation, change, placement)
        work += screened_work
        if not fewer_missing and self._too_bad(evaluation, loss_allowed):
            self._attempt.count(work)
            return False
        space = self._attempt.space
        score = space.score_of(placement, evaluation, missing)
        self._attempt.count(work + space.objective.penalty_work(problem), score)
        if score < self.score and self.score.compared - score.compared >= loss_allowed:
            return False
        self.state = state.at(placement, evaluation)
        self._screened, self.score = screened, score
        return True

    def _too_bad(self, evaluation: Evaluation, loss_allowed: float) -> bool:
        """Whether it would lose too much even without any penalty."""
        objective = self._attempt.space.objective
        if not objective.is_strained:
            return False
        merit = objective.merit(self._attempt.problem, evaluation)
        return self.score.compared - merit >= loss_allowed

    def _hopeless(self, screened: Evaluation, loss_allowed: float) -> bool:
        problem, objective = self._attempt.problem, self._attempt.space.objective
        attainment = self._screened.weighted_attainment(problem.model_weight)
        old = objective.merit(problem, self._screened)
        new = objective.merit(problem, screened)
        slack = SCREENING_SLACK * (1 - attainment) + SLACK_REQUESTS / self._screened.requests.sum()
        return bool(old - new > loss_allowed + slack * objective.worth(attainment))


def _patience(state: MoveState) -> int:
    num_replicas = int(state.placement.replicas.sum())
    return PATIENCE * (state.placement.replicas.size + num_replicas**2 // 4 + 20)


def _notes(improvements: Sequence[Improvement]) -> list[str]:
    """Describe how each move did in the improvements that ran to the end, a line each."""
    lines = []
    for name in improvements[0].counts:
        counts = [each.counts[name] for each in improvements]
        simulated, accepted, improved = (
            sum(getattr(count, what) for count in counts)
            for what in ("simulated", "accepted", "improved")
        )
        lines.append(f"{name}: {simulated} simulated, {accepted} accepted, {improved} better")
    return lines


def _candidate(like: Candidate, state: MoveState, score: Score) -> Candidate:
    return replace(
        like,
        method="improve",
        partition=describe_shapes(state.choices.problem, state.placement.shapes.tolist()),
        placement=state.placement,
        score=score,
        evaluation=state.evaluation,
    )
