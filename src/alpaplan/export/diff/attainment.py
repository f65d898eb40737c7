"""What the placement in use attains while plans change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.export.diff.fleet import Engine, Fleet, Origin
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import batch_caps
from alpaplan.problem.transition import with_rows
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class Attainment:
    """Requests attained: a fraction of all, and of each model's; NaN if there were none.

    Parameters
    ----------
    of_all
        Of all requests.
    of_model
        Model -> of its requests.
    """

    of_all: float
    of_model: dict[str, float]


class Attainments:
    """Simulates the replicas in use on one trace, each with its own plan's profile.

    Parameters
    ----------
    fleet
        What runs.
    trace
        Requests of the new workload's models.
    """

    def __init__(self, fleet: Fleet, trace: Trace) -> None:
        self._fleet, self._trace = fleet, trace
        names = fleet.problem.model_names
        self._number = {name: number for number, name in enumerate(names)}
        self._found: dict[frozenset[int], Attainment] = {}

    def of(self, used: frozenset[int]) -> Attainment:
        """Return what is attained while some engines are used, idle at first."""
        if used not in self._found:
            self._found[used] = self._simulated(used)
        return self._found[used]

    def _simulated(self, used: Collection[int]) -> Attainment:
        problem, placement = self._placement([self._fleet.engines[e] for e in sorted(used)])
        found = Simulator(problem, self._trace).evaluate(placement)
        counts = zip(found.attained.tolist(), found.requests.tolist(), strict=True)
        fractions = [attained / sent if sent else float("nan") for attained, sent in counts]
        of_model = dict(zip(problem.model_names, fractions, strict=True))
        return Attainment(found.slo_attainment, of_model)

    def _placement(self, engines: list[Engine]) -> tuple[PlacementProblem, Placement]:
        """Return the groups in use, in the order of slots, as a placement of their own problem."""
        engines = [engine for engine in engines if self._counts(engine)]
        slots = sorted({engine.slot for engine in engines})
        row_of_slot = {slot: row for row, slot in enumerate(slots)}
        num_models = len(self._number)
        axes = (len(slots), num_models)
        replicas = np.zeros(axes, dtype=np.bool_)
        caps, order, tokens = (np.zeros(axes, dtype=np.int64) for _ in range(3))
        fractions = np.zeros(axes)
        profiles = np.tile(self._fleet.problem.profile_of_model, (len(slots), 1))
        for position, engine in enumerate(sorted(engines, key=_listed)):
            place = row_of_slot[engine.slot], self._number[engine.model]
            replicas[place] = True
            profiles[place] = engine.profile
            caps[place] = engine.replica.max_batch_size or 0
            fractions[place] = engine.replica.kv_fraction or 0.0
            order[place] = position
            tokens[place] = engine.kv_tokens
        shapes = self._fleet.shapes[slots]
        problem = with_rows(self._fleet.problem, shapes, profiles)
        rows: NDArray[np.int64] = np.arange(len(slots))
        caps[batch_caps(problem, Placement(rows, replicas)) <= caps] = 0
        return problem, Placement(rows, replicas, caps, fractions, order, tokens)

    def _counts(self, engine: Engine) -> bool:
        """Whether requests can be sent there: the new workload has the model, as the same kind."""
        number = self._number.get(engine.model)
        table = self._fleet.problem.engines
        if number is None or table is None:
            return number is not None
        return bool(
            table.is_llm[engine.profile]
            == table.is_llm[self._fleet.problem.profile_of_model[number]]
        )


def _listed(engine: Engine) -> tuple[int, bool, int]:
    """Sort by group, and there what is of the new plan first, as both plans list it."""
    return engine.slot, engine.origin is Origin.OLD, engine.position
