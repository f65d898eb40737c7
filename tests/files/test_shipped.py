from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files import shipped
from alpaplan.files.shipped import shipped_examples, shipped_profiles


def test_a_checkout_has_them_at_its_top(repository: Path) -> None:
    assert shipped_profiles() == repository / "profiles"
    assert shipped_examples() == repository / "examples"


def test_an_installation_has_them_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    (tmp_path / "shipped" / "profiles").mkdir(parents=True)
    assert shipped_profiles() == tmp_path / "shipped" / "profiles"


def test_an_installation_without_them_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    monkeypatch.setattr(shipped, "_REPOSITORY", tmp_path)
    # A folder of that name above the package is not ours unless it belongs to a checkout.
    (tmp_path / "profiles").mkdir()
    with pytest.raises(InputError, match=r"this installation of alpaplan has no profil"):
        shipped_profiles()
