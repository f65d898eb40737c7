"""What devices hold, device by device: the memory rule, taken apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alpaplan.files.document import load_document
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.placements import placement_of_plan
from alpaplan.problem import Placement
from alpaplan.problem.memory import memory_fill
from alpaplan.problem.memory_rule import usable_bytes_of_pools
from alpaplan.problem.stage_memory import memory_of_groups
from alpaplan.specs.plan import PlanSpec


def of_example(repository: Path, name: str) -> tuple[Inputs, Placement]:
    """Return an example's inputs and the placement of its plan."""
    plan = load_document(repository / "examples" / name / "plan.yaml", PlanSpec)
    inputs = load_inputs(InputPaths().or_those_of(plan))
    return inputs, placement_of_plan(inputs.problem, inputs.cluster, plan.spec)


def test_fixed_service_models_hold_what_the_memory_rule_says(repository: Path) -> None:
    inputs, placement = of_example(repository, "alpaserve-s3")
    found = list(memory_of_groups(inputs.problem, placement))
    fill = [int(memory.used_bytes.max()) / memory.usable_bytes for memory in found]
    assert fill == pytest.approx(memory_fill(inputs.problem, placement).tolist())
    for memory, held in zip(found, placement.replicas, strict=True):
        assert memory.models.tolist() == np.flatnonzero(held).tolist()
        assert not memory.kv_bytes.any()
        assert not memory.kv_tokens.any()
        assert (memory.working_bytes >= 0).all()


def test_caches_take_what_engines_leave_but_for_less_than_a_token(repository: Path) -> None:
    inputs, placement = of_example(repository, "quickstart")
    (usable,) = usable_bytes_of_pools(inputs.problem)
    engines = inputs.problem.engines
    assert engines is not None
    for memory, shape in zip(
        memory_of_groups(inputs.problem, placement), placement.shapes, strict=True
    ):
        assert memory.usable_bytes == usable
        assert (memory.used_bytes <= usable).all()
        if not memory.kv_tokens.any():
            continue
        # On the stage with the least room nobody could have another token.
        profiles = inputs.problem.profile_of_model[memory.models]
        stages = memory.used_bytes.size
        per_token = engines.stage_kv_bytes_per_token[shape, profiles, :stages]
        left = usable - memory.used_bytes
        assert (left < per_token.sum(axis=0) + memory.models.size).any()
        assert (memory.kv_bytes == memory.kv_tokens[:, np.newaxis] * per_token).all()
