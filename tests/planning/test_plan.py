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
from alpaplan.planning.plan import draw_arrivals, plan, random_streams
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
