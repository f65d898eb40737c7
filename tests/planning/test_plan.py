"""The pipeline from inputs to a plan, without a command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alpaplan.errors import AlpaplanError, AlpaplanWarning, InfeasibleError, SpecError
from alpaplan.planning import plan as planning
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.paths import InputPaths, MissingInputError
from alpaplan.planning.plan import Planned, draw_arrivals, plan, random_streams
from alpaplan.planning.settings import PlanSettings
from alpaplan.registry import UnknownNameError
from alpaplan.specs.choices import Effort
from alpaplan.specs.plan import InputRecord, Provenance
from tests import builders as make
from tests.builders import GB
from tests.cli.workspace import Workspace
from tests.solved import solved

QUICK = PlanSettings(method="round-robin")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.make(tmp_path)


def load(profiles: str | None = "profiles") -> Inputs:
    folder = None if profiles is None else Path(profiles)
    return load_inputs(InputPaths(Path("cluster.yaml"), Path("workload.yaml"), folder))


def records(inputs: Inputs, folder: str) -> list[InputRecord]:
    made = plan(inputs, QUICK, folder=Path(folder)).document.provenance
    assert made is not None
    return list(made.inputs)


def test_specs_made_in_memory_can_be_planned_without_files() -> None:
    planned = solved()
    assert planned.document.groups
    assert planned.document.provenance is not None
    assert planned.document.provenance.inputs == ()


def test_a_model_that_is_profiled_below_the_largest_batch_is_named(workspace: Workspace) -> None:
    profile = make.profile(batch_sizes=(1, 4))
    inputs = Inputs.of_specs(
        make.cluster(max_batch_size=5), make.workload(make.model()), {"p": profile}
    )
    said = r"^5 is above every batch size profiled for model 'm' \(profile 'p'\): its largest is 4$"
    with pytest.warns(AlpaplanWarning, match=said):
        plan(inputs, QUICK)
    workspace.write("cluster.yaml", workspace.read("cluster.yaml") + "serving: {max_batch_size: 2}")
    with pytest.warns(
        AlpaplanWarning, match=r"^cluster.yaml:6: serving.max_batch_size: 2 is above"
    ):
        plan(load(), QUICK)


def test_arrivals_are_drawn_with_the_seed() -> None:
    inputs = Inputs.of_specs(make.cluster(), make.workload(make.model()), {"p": make.profile()})
    planned = plan(inputs, replace(QUICK, seed=3))
    expected = draw_arrivals(inputs, random_streams(3)[0])
    np.testing.assert_array_equal(planned.arrivals.training.arrival_s, expected.training.arrival_s)


def test_inputs_are_named_from_the_folder_that_the_plan_goes_to(workspace: Workspace) -> None:
    (workspace.folder / "out").mkdir()
    inputs = load()
    assert [record.path for record in records(inputs, "out")] == [
        "../cluster.yaml",
        "../workload.yaml",
        "../profiles/p.yaml",
    ]
    planned = plan(inputs, QUICK)
    assert planned.document_in(Path("out")) == plan(inputs, QUICK, folder=Path("out")).document


def test_shipped_profiles_are_named_by_name_and_hash(workspace: Workspace) -> None:
    workspace.write(
        "workload.yaml", workspace.read("workload.yaml").replace("profile: p", "profile: bert-1.3b")
    )
    workspace.write(
        "cluster.yaml", workspace.read("cluster.yaml").replace("device: gpu", "device: v100-16gb")
    )
    inputs = load(None)
    (record,) = (record for record in records(inputs, ".") if record.role == "profile")
    assert (record.name, record.path) == ("bert-1.3b", None)
    assert record.sha256 == inputs.files.profiles["bert-1.3b"].sha256


def test_missing_inputs_are_named() -> None:
    with pytest.raises(MissingInputError, match="no cluster and no workload is given"):
        load_inputs(InputPaths())
    with pytest.raises(MissingInputError, match="no workload is given"):
        load_inputs(InputPaths(cluster=Path("cluster.yaml")))


def test_what_cannot_be_placed_is_refused_before_the_search() -> None:
    large = make.profile(weight_bytes=99 * GB)
    inputs = Inputs.of_specs(make.cluster(), make.workload(make.model()), {"p": large})
    with pytest.raises(InfeasibleError, match="cannot be placed"):
        plan(inputs, QUICK)


def test_specs_without_a_file_raise_errors_without_lines() -> None:
    with pytest.raises(SpecError, match="no such model profile, found 'p'"):
        Inputs.of_specs(make.cluster(), make.workload(make.model()), {})


def test_an_unknown_method_is_refused_at_once() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'greedy'"):
        PlanSettings(method="gready")


def test_settings_are_those_of_a_provenance_but_for_clock_and_workers() -> None:
    made = Provenance(alpaplan="0", method="beam", seed=7, effort="low", max_evaluations=9)
    settings = PlanSettings(time_limit_s=2.0, jobs=3).as_made(made)
    assert settings == PlanSettings("beam", 7, Effort.LOW, 9, 2.0, 3)
    assert PlanSettings(effort=Effort.HIGH).as_made(replace_effort(made)).effort is Effort.MEDIUM


def replace_effort(made: Provenance) -> Provenance:
    """Return a provenance as older versions wrote it."""
    return made.model_copy(update={"effort": None})


def test_more_than_memory_holds_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MAX_PAIRS", 7)
    inputs = Inputs.of_specs(
        make.cluster(), make.workload(make.model("a"), make.model("b")), {"p": make.profile()}
    )
    what = "models times devices must be at most 7 for a search, found 2 models on 4 devices"
    with pytest.raises(AlpaplanError, match=what):
        plan(inputs, QUICK)


@pytest.fixture(scope="module")
def mixed() -> Planned:
    """Return a plan for an LLM and a model with a fixed service time."""
    models = [make.llm_model(rate_rps=2.0), make.model("m", rate_rps=2.0)]
    return solved(models, [make.llm_profile(), make.profile()], method="auto", max_evaluations=60)


def test_llms_are_planned_beside_fixed_service_models(mixed: Planned) -> None:
    assert mixed.inputs.issues_of(mixed.document) == []
    is_llm = np.array([True, False])
    of_llms = mixed.placement.replicas[:, is_llm].any(axis=1)
    of_others = mixed.placement.replicas[:, ~is_llm].any(axis=1)
    assert of_llms.any()
    assert of_others.any()
    assert not (of_llms & of_others).any()
    assert mixed.prediction.slo_attainment > 0.9


def test_plans_of_llms_say_when_tokens_come(mixed: Planned) -> None:
    chat, other = mixed.document.models
    assert chat.slo is not None
    assert (chat.slo.ttft_s, chat.slo.tpot_s, chat.slo_s) == (1.0, 0.1, None)
    assert chat.ttft_s is not None
    assert chat.tpot_s is not None
    # A step takes 10 ms with one token, and 20 ms with the 100 of a prompt and one beside them.
    assert 0 < chat.tpot_s.p50 <= 0.02
    assert chat.ttft_s.p50 >= chat.tpot_s.p50
    assert other.ttft_s is other.tpot_s is None
    prediction = mixed.document.prediction
    assert prediction is not None
    assert prediction.upper_bound is None
    assert (prediction.ttft_s, prediction.tpot_s) == (chat.ttft_s, chat.tpot_s)
    # 2 requests a second with 51 tokens each.
    assert prediction.output_tokens_per_s == pytest.approx(102, rel=0.3)
    for group, predicted in zip(mixed.document.groups, prediction.groups, strict=True):
        held = [replica.model for replica in group.replicas if replica.model == "chat"]
        assert [engine.model for engine in predicted.replicas] == held
        for engine in predicted.replicas:
            assert 151 <= engine.kv_peak_tokens <= engine.kv_tokens
            assert engine.preemptions == 0


@pytest.mark.slow
def test_models_of_llms_may_be_in_any_order() -> None:
    models = [
        make.llm_model("chat", rate_rps=2.0),
        make.llm_model("code", rate_rps=1.0, slo={"ttft_s": 0.5}),
        make.model("m", rate_rps=2.0),
    ]
    profiles = {"llm": make.llm_profile(), "p": make.profile()}
    settings = PlanSettings(max_evaluations=30, effort=Effort.LOW)
    found = [
        plan(Inputs.of_specs(make.cluster(), make.workload(*listed), profiles), settings)
        for listed in (models, models[::-1])
    ]
    assert found[0].prediction.slo_attainment == found[1].prediction.slo_attainment
    shapes = [planned.placement.shapes.tolist() for planned in found]
    assert shapes[0] == shapes[1]
    for planned in found:
        assert planned.document.prediction is not None
        pairs = zip(planned.document.groups, planned.document.prediction.groups, strict=True)
        for group, predicted in pairs:
            listed = [engine.model for engine in predicted.replicas]
            assert listed in ([replica.model for replica in group.replicas], [])
