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
        Whether it goes on for as long as it may. Other methods end by themselves; cut short they
        would not be the baselines that they are.
    chooses_caps
        Whether it decides how far replicas batch. Other methods get `guess_caps`, with which they
        find better placements than if all batches could be as large as the cluster allows.
    follows_workload
        Whether it looks at models in the workload's order, as AlpaServe's methods do. Others have
        an order that does not depend on the document, and so find the same for the same models.
    """

    find: Callable[[Search], list[Candidate]]
    is_endless: bool = False
    chooses_caps: bool = False
    follows_workload: bool = True

    def max_work(self, effort: Effort, problem: PlacementProblem) -> int | None:
        """Return its budget in simulated requests; None if it ends by itself."""
        if not self.is_endless:
            return None
        return work_of(
            effort,
            problem.num_models,
            has_llms=problem.engines is not None,
            has_batches=problem.batches is not None,
        )

    def run(self, search: Search) -> list[Candidate]:
        """Return everything that it tried, in the order in which it tried it.

        Where replicas that models have to have are missing, they take the place of others.
        """
        if search.problem.batches is None or self.chooses_caps:
            found = self.find(search)
        else:
            found = find_with_caps(search, guess_caps(search.problem), self.find)
        lacking = [candidate for candidate in found if candidate.score.missing_replicas]
        return found + search.map_attempts(_complete, lacking) if lacking else found


def _complete(attempt: Attempt, found: Candidate) -> Candidate:
    """Give a placement the replicas that models have to have."""
    best = attempt.evaluate(with_required(attempt.problem, found.placement))
    return Candidate.of(found.method, found.partition, best, found.num_evaluations + 1)
