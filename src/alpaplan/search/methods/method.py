"""What a search method is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import work_of
from alpaplan.search.candidate import Candidate
from alpaplan.search.caps import find_with_caps, guess_caps
from alpaplan.search.search import Search
from alpaplan.search.selection.required import with_required
from alpaplan.specs.choices import Effort


@dataclass(frozen=True)
class Method:
    """A way to find placements.

    Parameters
    ----------
    find
        Returns everything it tried, in the order in which it tried it.
    is_endless
        Whether it searches until its budget is used up. Other methods end by themselves; cut short,
        they would not be the baselines that they are meant to be.
    chooses_caps
        Whether it chooses caps on batch sizes itself. Other methods get those of `guess_caps`, with
        which they find better placements than with the cluster's limit as the cap.
    follows_workload
        Whether its result may depend on the order of the models in the workload, as with
        AlpaServe's methods. Others see the models in an order of their own.
    """

    find: Callable[[Search], list[Candidate]]
    is_endless: bool = False
    chooses_caps: bool = False
    follows_workload: bool = True

    def max_work(self, effort: Effort, problem: PlacementProblem) -> int | None:
        """Return the budget in simulated requests; None if the method ends by itself."""
        if not self.is_endless:
            return None
        return work_of(
            effort,
            problem.num_models,
            has_llms=problem.engines is not None,
            has_batches=problem.batches is not None,
        )

    def run(self, search: Search) -> list[Candidate]:
        """Return everything that was tried, in that order.

        Candidates that lack required replicas are tried again with these in place of others.
        """
        if search.problem.batches is None or self.chooses_caps:
            found = self.find(search)
        else:
            found = find_with_caps(search, guess_caps(search.problem), self.find)
        lacking = [candidate for candidate in found if candidate.score.missing_replicas]
        return found + search.map_attempts(_complete, lacking) if lacking else found


def _complete(attempt: Attempt, found: Candidate) -> Candidate:
    """Give a placement its required replicas."""
    best = attempt.evaluate(with_required(attempt.problem, found.placement))
    return Candidate.of(found.method, found.partition, best, found.num_evaluations + 1)
