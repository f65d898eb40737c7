"""What people do by hand: each model gets devices of its own, as few as can serve it."""

from __future__ import annotations

from alpaplan.search.candidate import Candidate
from alpaplan.search.methods.method import Method
from alpaplan.search.search import Search
from alpaplan.search.selection.dedicated import select_dedicated


def dedicated(search: Search) -> list[Candidate]:
    """Give every model groups of its own, of the fewest devices, in proportion to its load."""
    return search.map_attempts(select_dedicated, [None])


DEDICATED = Method(dedicated)
