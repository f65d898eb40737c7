"""The table of what batches take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import SpecError
from alpaplan.problem import GroupShape, PlacementProblem, build_batches, service
from alpaplan.problem.batching import BatchTable
from alpaplan.problem.feasibility import shapes_with_room
from alpaplan.profiling.batch_sizes import stage_activation_bytes, stage_latency_s
from alpaplan.specs.choices import Dispatch
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make


def profile(name: str, inter_op: int, *batches: tuple[int, list[float], list[int]]) -> object:
    """Return a profile of one configuration: (size, stage latencies, stage activations)."""
    return {
        "kind": "model-profile",
        "version": 1,
        "name": name,
        "configs": [
            {
                "device": "gpu",
                "intra_op": 1,
                "inter_op": inter_op,
                "stage_weight_bytes": [1] * inter_op,
                "stage_latency_s": {size: latency_s for size, latency_s, _ in batches},
                "stage_activation_bytes": {size: num_bytes for size, _, num_bytes in batches},
            }
        ],
    }


DIP = profile("dip", 2, (1, [0.5, 1.0], [2, 9]), (2, [0.25, 3.0], [8, 3]), (4, [1.0, 4.0], [5, 4]))
ALONE = profile("alone", 1, (1, [0.5], [7]))


def problem_of(*documents: object, **serving: Any) -> PlacementProblem:
    profiles = [ModelProfileSpec.model_validate(document) for document in documents]
    models = [make.model(item.name, item.name) for item in profiles]
    return make.problem(models, profiles, make.cluster(**serving))


def table_of(problem: PlacementProblem) -> BatchTable:
    assert problem.batches is not None
    return problem.batches


def test_rows_are_the_sizes_up_to_the_cap_of_each_configuration() -> None:
    problem = problem_of(DIP, ALONE, max_batch_size=3, stage_overhead=0.5)
    table = table_of(problem)
    assert problem.shapes == (GroupShape(0, 1, 1), GroupShape(0, 1, 2))
    assert table.largest.tolist() == [[0, 1], [3, 0]]
    assert table.first_row[problem.supported].tolist() == [0, 1]
    # Sizes 1 and 2 are profiled, 3 is between 2 and 4; two stages double with the overhead.
    assert table.stage_latency_s.tolist() == [[0.75, 0], [1.0, 2.0], [0.5, 6.0], [1.25, 7.0]]
    # No size up to 3 takes more than 2 does on the first stage, and than 1 on the second.
    assert table.stage_activation_bytes.tolist() == [[7, 0], [2, 9], [8, 9], [8, 9]]
    assert problem.stage_activation_bytes[1, 0].tolist() == [8, 9]


def test_a_cap_above_the_profiled_sizes_ends_at_them() -> None:
    table = table_of(problem_of(DIP, max_batch_size=1000))
    assert table.largest.tolist() == [[4]]
    assert len(table.stage_latency_s) == 4


@pytest.mark.parametrize("documents", [[DIP, ALONE], [ALONE]])
def test_without_batches_there_is_no_table(documents: list[object]) -> None:
    problem = problem_of(*documents, max_batch_size=1 if len(documents) > 1 else 8)
    assert problem.batches is None
    with pytest.raises(ValueError, match="without batches"):
        service.simulated_batch_stages_s(problem)


@pytest.mark.parametrize("dispatch", list(Dispatch))
def test_batches_are_rounded_as_requests_alone_are(dispatch: Dispatch) -> None:
    problem = problem_of(DIP, max_batch_size=3, stage_overhead=0.1, dispatch=dispatch)
    found = service.simulated_batch_stages_s(problem)
    exact = table_of(problem).stage_latency_s
    single = exact.astype(np.float32)
    assert (found != exact).any() == (dispatch == Dispatch.EARLIEST_FINISH)
    assert (found == (single if dispatch == Dispatch.EARLIEST_FINISH else exact)).all()
    assert (found[0] == service.simulated_stages_s(problem)[0, 0]).all()


def test_more_sizes_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_batches, "MAX_TABLE_NUMBERS", 7)
    with pytest.raises(SpecError, match=r"makes 8 stage latencies .*: lower it, found 9") as caught:
        problem_of(DIP, max_batch_size=9)
    assert [issue.where for issue in caught.value.issues] == [("serving", "max_batch_size")]


@given(
    sizes=st.sets(st.integers(2, 9), max_size=4),
    cap=st.integers(1, 12),
    numbers=st.data(),
)
def test_every_row_is_what_the_profile_says_of_its_size(
    sizes: set[int], cap: int, numbers: st.DataObject
) -> None:
    latency_s = st.lists(st.floats(1e-3, 10), min_size=2, max_size=2)
    num_bytes = st.lists(st.integers(0, 2**50), min_size=2, max_size=2)
    batches = [(n, numbers.draw(latency_s), numbers.draw(num_bytes)) for n in [1, *sorted(sizes)]]
    spec = ModelProfileSpec.model_validate(profile("p", 2, *batches))
    on = make.cluster(make.pool(memory=2**52), max_batch_size=cap)
    problem = make.problem(profiles=[spec], on=on)
    largest = min(cap, max(sizes, default=1))
    (config,) = spec.fixed_configs
    if largest == 1:
        assert problem.batches is None
        return
    table = table_of(problem)
    assert table.largest.tolist() == [[largest]]
    assert table.stage_latency_s.tolist() == [
        list(stage_latency_s(config, n)) for n in range(1, largest + 1)
    ]
    needed = [stage_activation_bytes(config, n) for n in range(1, largest + 1)]
    assert table.stage_activation_bytes.tolist() == [
        [max(stage) for stage in zip(*needed[: n + 1], strict=True)] for n in range(largest)
    ]
    assert problem.stage_latency_s[0, 0].tolist() == table.stage_latency_s[0].tolist()


@pytest.mark.parametrize(
    ("memory", "needed"), [(17, 12), (16, 8), (13, 8), (12, 4), (9, 4), (8, 4)]
)
def test_no_batch_is_larger_than_what_a_replica_alone_has_memory_for(
    memory: int, needed: int
) -> None:
    # Weights of 5 bytes, and 4 for each of at most 3 requests.
    profile = make.profile("p", 0.1, 5, [(1, 1)], activation_bytes=4, batch_sizes=(1, 9))
    on = make.cluster(make.pool(memory=memory), max_batch_size=3)
    problem = make.problem(profiles=[profile], on=on)
    assert problem.stage_activation_bytes.tolist() == [[[needed]]]
    largest = 1 if problem.batches is None else problem.batches.largest.item()
    assert largest == needed // 4
    assert shapes_with_room(problem).item() == (memory >= 9)
