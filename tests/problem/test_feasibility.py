"""Models that cannot be served: what is said of them."""

from __future__ import annotations

import pytest

from alpaplan.errors import InfeasibleError
from alpaplan.problem.feasibility import (
    check_feasible,
    check_servable,
    describe_unservable,
    servable_replicas,
    unservable_models,
)
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB


def why_infeasible(profile: ModelProfileSpec, num_models: int = 1) -> str:
    """Return what is said of models that fit nowhere."""
    models = [make.model(f"m{i}") for i in range(num_models)]
    problem = make.problem(models, profiles=[profile])
    with pytest.raises(InfeasibleError) as caught:
        check_feasible(problem, {"p": profile})
    return str(caught.value)


def test_too_large_a_model_is_named_with_bytes_and_its_closest_configuration() -> None:
    text = why_infeasible(make.profile(weight_bytes=44 * GB))
    assert "model 'm0' cannot be placed: profile 'p' needs 11000000000 bytes (11 GB)" in text
    assert "stage 0" in text
    assert "intra_op 1, inter_op 4" in text
    assert "but only 10000000000 bytes (10 GB) are available" in text


def test_a_model_without_a_configuration_for_the_cluster_is_named_with_both_sides() -> None:
    text = why_infeasible(make.profile(device="tpu", shapes=[(1, 1), (16, 1)]), num_models=5)
    assert "models 'm0', 'm1', 'm2' and 2 more cannot be placed" in text
    assert "it has groups of 1 x tpu, 16 x tpu, the cluster has 1 x 4 gpu" in text


def test_what_fits_is_feasible() -> None:
    profile = make.profile(weight_bytes=40 * GB)
    check_feasible(make.problem(profiles=[profile]), {"p": profile})


def test_models_slower_than_their_objective_are_named_with_their_best_latency() -> None:
    on = make.cluster(request_overhead_s=0.01)
    models = [make.model("fast"), make.model("slow", slo_s=0.03)]
    problem = make.problem(models, on=on)
    (slow,) = unservable_models(problem)
    assert (slow.name, slow.limit_s) == ("slow", 0.03)
    assert slow.best_s == pytest.approx(0.06)
    assert problem.shapes[slow.shape].intra_op == 2
    check_servable(problem)


def test_an_objective_that_is_just_met_is_servable() -> None:
    problem = make.problem([make.model(slo_s=0.05), make.model("m1", slo_s=0.1)])
    assert servable_replicas(problem).any(axis=1).tolist() == [True] * 5
    assert servable_replicas(problem)[:, 0].sum() == 2


def test_no_servable_model_at_all_is_infeasible() -> None:
    problem = make.problem([make.model(f"m{i}", slo_s=0.001) for i in range(12)])
    with pytest.raises(InfeasibleError, match="no model can meet its latency objective") as caught:
        check_servable(problem)
    assert "and 2 more" in str(caught.value)


class TestLlms:
    def test_what_is_too_large_is_named_with_its_cache(self) -> None:
        profile = make.llm_profile(weight_bytes=9 * GB, working_bytes=GB, shapes=[(1, 1)])
        problem = make.problem([make.llm_model()], [profile])
        with pytest.raises(InfeasibleError) as caught:
            check_feasible(problem, {"llm": profile})
        assert (
            "model 'chat' cannot be placed: profile 'llm' needs 10400000000 bytes (10.4 GB) on "
            "each device of stage 0 in its closest configuration (gpu, intra_op 1, inter_op 1), "
            "with a KV cache of 1,000 tokens, but only 10000000000 bytes (10 GB) are available"
        ) in str(caught.value)

    def test_what_is_too_slow_is_named_with_the_objective(self) -> None:
        models = [
            make.llm_model("m0", slo={"ttft_s": 0.006}),
            make.llm_model("m1", slo={"ttft_s": 1.0, "tpot_s": 0.004}),
            make.llm_model("m2", slo=None, slo_s=0.014),
            make.llm_model("m3", slo={"ttft_s": 0.007, "tpot_s": 0.005}, slo_s=0.0121),
        ]
        # Half of 10 ms on two devices, and 2 ms for each request.
        profiles = [make.llm_profile(shapes=[(1, 1), (2, 1)])]
        problem = make.problem(models, profiles, make.cluster(request_overhead_s=0.002))
        lines = [describe_unservable(problem, model) for model in unservable_models(problem)]
        assert [line.removesuffix(" (gpu, intra_op 2, inter_op 1)") for line in lines] == [
            "model 'm0' cannot give its first token within 6 ms: its best TTFT is 7 ms",
            "model 'm1' cannot give each further token within 4 ms: its best TPOT is 5 ms",
        ]
        assert servable_replicas(problem).tolist() == [
            [False, False, False, False],
            [False, False, True, True],
        ]
