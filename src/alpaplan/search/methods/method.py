"""What a search method is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alpaplan.search.budget import work_of
from alpaplan.search.candidate import Candidate
from alpaplan.search.search import Search
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
    """

    find: Callable[[Search], list[Candidate]]
    is_endless: bool = False

    def max_work(self, effort: Effort, num_models: int) -> int | None:
        """Return its budget in simulated requests; None if it ends by itself."""
        return work_of(effort, num_models) if self.is_endless else None
