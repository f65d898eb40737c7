"""The independent check of plans with engines: one test for each thing that can be wrong."""

from __future__ import annotations

import pytest

from alpaplan.problem.checker import check_plan
from alpaplan.specs.plan import PlanSpec
from tests import builders as make
from tests.builders import GB

FRACTIONS = [{"model": "a", "kv_fraction": 0.25}, {"model": "b", "kv_fraction": 0.75}]


def issues_of(
    replicas: list[dict[str, object]],
    memory: int = 10 * GB,
    routing: str | None = None,
    process_overhead_bytes: int = 0,
) -> list[tuple[tuple[str | int, ...], str]]:
    """Check one group of engines with weights of 3 GB and contexts of 0.4 and 0.8 GB."""
    group = {
        "name": "g0",
        "device": "gpu",
        "intra_op": 1,
        "inter_op": 1,
        "devices": [{"node": "n-0", "devices": [0]}],
        "replicas": replicas,
    }
    document: dict[str, object] = {"kind": "placement-plan", "version": 1, "groups": [group]}
    if routing is not None:
        document["routing"] = {"dispatch": routing}
    models = make.workload(
        make.llm_model("a"), make.llm_model("b", max_context_tokens=2000), make.model("f")
    )
    profiles = {
        "llm": make.llm_profile(weight_bytes=2 * GB, working_bytes=GB),
        "p": make.profile(weight_bytes=GB),
    }
    on = make.cluster(make.pool(memory=memory), process_overhead_bytes=process_overhead_bytes)
    found = check_plan(on, models, profiles, PlanSpec.model_validate(document))
    return [(issue.where, issue.message) for issue in found]


def test_what_fits_has_no_issues() -> None:
    both: list[dict[str, object]] = [{"model": "a"}, {"model": "b"}]
    assert issues_of(both, 7_600_000_000) == []  # 6 and twice 0.8
    assert issues_of(FRACTIONS, 7_600_000_000) == []
    assert issues_of(both, routing="shortest-queue") == []


def test_caches_have_to_hold_the_longest_context() -> None:
    ((where, message),) = issues_of([{"model": "a"}, {"model": "b"}], 7_599_999_999)
    assert where == ("groups", 0, "replicas", 1)
    assert message == (
        "group 'g0' must have a KV cache for the max_context_tokens (2,000) of 'b', which needs "
        "800000000 bytes (800 MB) on each device of stage 0, but its share is only "
        "799999999 bytes (800 MB)"
    )
    ((where, message),) = issues_of(FRACTIONS, 7_599_999_996)
    assert where == ("groups", 0, "replicas", 0)
    assert "its share is only 399999999 bytes" in message


def test_processes_of_engines_have_to_fit() -> None:
    two: list[dict[str, object]] = [{"model": "a"}, {"model": "b"}]
    ((where, message),) = issues_of(two, 6 * GB, process_overhead_bytes=GB)
    assert where == ("groups", 0, "replicas")
    assert "needs 8000000000 bytes (8 GB) on each device of stage 0" in message


@pytest.mark.parametrize(
    ("replicas", "where", "message"),
    [
        (
            [{"model": "a"}, {"model": "f"}],
            ("groups", 0, "replicas"),
            "must hold either LLMs or fixed-service models, found 'f' beside the LLM 'a'",
        ),
        (
            [{"model": "f", "kv_fraction": 0.5}],
            ("groups", 0, "replicas", 0, "kv_fraction"),
            "has a kv_fraction that is for LLMs, but 'f' is a fixed-service model",
        ),
        (
            [{"model": "a", "max_batch_size": 2}],
            ("groups", 0, "replicas", 0, "max_batch_size"),
            "has a max_batch_size that is for fixed-service models, but 'a' is an LLM",
        ),
    ],
)
def test_kinds_do_not_mix(
    replicas: list[dict[str, object]], where: tuple[str | int, ...], message: str
) -> None:
    assert issues_of(replicas) == [(where, f"group 'g0' {message}")]


def test_a_plan_of_llms_has_the_shortest_queue() -> None:
    ((where, message),) = issues_of([{"model": "a"}], routing="earliest-finish")
    assert where == ("routing", "dispatch")
    assert message.startswith("must be shortest-queue, since the workload has LLMs")


def test_fixed_service_processes_keep_their_working_memory() -> None:
    ((_, message),) = issues_of([{"model": "f"}], 2 * GB, process_overhead_bytes=GB + 1)
    assert "needs 2000000001 bytes" in message
