from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files import profiles
from alpaplan.files.profiles import load_folder, load_profiles, profile_names
from tests.files.examples import CLUSTER, MODEL_PROFILE


def put(folder: Path, file: str, name: str) -> Path:
    """Write a valid profile of the given name."""
    path = folder / file
    path.write_text(MODEL_PROFILE.replace("name: p", f"name: {name!r}"))
    return path


def test_profiles_are_found_by_file_name_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.yaml", "a")
    put(tmp_path, "b.yml", "b")
    put(tmp_path, "another-a.yaml", "a")  # not looked into: nothing is missing
    monkeypatch.setattr(profiles, "_scan", None)
    found = load_profiles(tmp_path, ["b", "a", "b"])
    assert {name: document.path.name for name, document in found.items()} == {
        "b": "b.yml",
        "a": "a.yaml",
    }
    assert list(found) == ["b", "a"]
    assert found["a"].spec.name == "a"


def test_profiles_under_other_file_names_are_found_by_their_name(tmp_path: Path) -> None:
    put(tmp_path, "x.yaml", "meta/llama")
    put(tmp_path, "a.yaml", "b")
    put(tmp_path, "y.yml", "a")
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    (tmp_path / "notes.txt").write_text("name: c")
    found = load_profiles(tmp_path, ["a", "meta/llama", "b", "c"])
    assert {name: document.path.name for name, document in found.items()} == {
        "a": "y.yml",
        "meta/llama": "x.yaml",
        "b": "a.yaml",
    }
    assert profile_names(tmp_path) == ["a", "b", "meta/llama"]


@pytest.mark.parametrize("files", [("x.yaml", "y.yaml"), ("a.yaml", "a.yml")])
def test_two_files_of_one_name_are_refused(tmp_path: Path, files: tuple[str, str]) -> None:
    first, second = (put(tmp_path, file, "a") for file in files)
    with pytest.raises(InputError) as caught:
        load_profiles(tmp_path, ["a"])
    assert caught.value.lines == (f"{second}:1: name: duplicate 'a', also in {first}",)


def test_problems_of_all_profiles_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        path = put(tmp_path, f"{name}.yaml", name)
        path.write_text(path.read_text().replace("intra_op: 1", "intra_op: 0"))
    with pytest.raises(InputError) as caught:
        load_profiles(tmp_path, ["a", "b"])
    assert [line.split(": ")[0] for line in caught.value.lines] == [
        f"{tmp_path / 'a.yaml'}:7",
        f"{tmp_path / 'b.yaml'}:7",
    ]


def test_broken_files_matter_only_if_a_name_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "x.yaml", "a")
    broken = tmp_path / "broken.yaml"
    broken.write_text("kind: [\n")
    assert list(load_profiles(tmp_path, ["a"])) == ["a"]
    assert profile_names(tmp_path) == ["a"]
    with pytest.raises(InputError) as caught:
        load_profiles(tmp_path, ["a", "b"])
    (line,) = caught.value.lines
    assert line.startswith(f"{broken}:1: not valid YAML")


def test_unneeded_profiles_are_not_validated(tmp_path: Path) -> None:
    put(tmp_path, "x.yaml", "a")
    (tmp_path / "y.yaml").write_text("kind: model-profile\nname: b\n")
    assert list(load_profiles(tmp_path, ["a"])) == ["a"]


def test_folder_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or directory"):
        load_profiles(tmp_path / "absent", ["a"])
    with pytest.raises(InputError, match="is a file, must be a folder"):
        load_profiles(put(tmp_path, "a.yaml", "a"), ["a"])


def test_all_profiles_of_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "b.yaml", "x")
    put(tmp_path, "a.yml", "y")
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    (tmp_path / "notes.txt").write_text("kind: model-profile")
    assert [document.spec.name for document in load_folder(tmp_path)] == ["y", "x"]


def test_what_is_wrong_in_a_folder_of_profiles_comes_together(tmp_path: Path) -> None:
    put(tmp_path, "good.yaml", "x")
    (tmp_path / "kind.yaml").write_text("kind: model-profil\n")
    (tmp_path / "short.yaml").write_text("kind: model-profile\nversion: 1\nname: b\n")
    with pytest.raises(InputError) as caught:
        load_folder(tmp_path)
    first, second = caught.value.lines
    assert first.startswith(f"{tmp_path / 'kind.yaml'}:1: kind: must be one of")
    assert second == f"{tmp_path / 'short.yaml'}:1: missing key 'configs'"


def test_a_folder_without_profiles_is_named(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    with pytest.raises(InputError) as caught:
        load_folder(tmp_path)
    assert caught.value.lines == (f"{tmp_path}: has no model profiles",)
    with pytest.raises(InputError, match="no such file or directory"):
        load_folder(tmp_path / "absent")
