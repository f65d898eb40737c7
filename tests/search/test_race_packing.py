"""A workspace suffices for whatever groups can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alpaplan.problem.memory import keep_what_fits
from alpaplan.search.moves import shares_of_moves
from alpaplan.search.packing import pack_options
from alpaplan.search.race_packing import allocate_workspace
from alpaplan.simulator.fixed_service import packed_requests
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB


def test_there_is_room_for_replicas_that_are_heavy_on_different_stages() -> None:
    profiles = [make.profile(f"p{i}", weight_bytes=14 * GB, shapes=((1, 2),)) for i in range(2)]
    models = [make.model(f"m{i}", f"p{i % 2}") for i in range(4)]
    pool = make.pool(count=16, devices_per_node=4, memory=15 * GB)
    problem = make.problem(models, profiles, make.cluster(pool))
    weights = np.array([[[7, 0], [0, 7]]]) * GB
    problem = replace(problem, stage_weight_bytes=weights)
    held = keep_what_fits(problem, 0, np.arange(4))
    assert held.size == 4
    nothing = Trace(np.zeros(1), np.zeros(1, dtype=np.int32), problem.model_names, 1.0)
    options = pack_options(problem, shares_of_moves())
    workspace = allocate_workspace(
        problem, options, packed_requests(problem, nothing), num_groups=64
    )
    assert workspace.group.size >= 32 * held.size
