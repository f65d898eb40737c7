"""`alpaplan report`: a page in a file, written whole, over no input."""

from __future__ import annotations

import pytest

from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

pytest.importorskip("jinja2")


def test_a_page_has_what_the_inputs_tell(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    result = workspace.run("report", "plan.yaml", *INPUTS, "-o", "report.html")
    assert (result.stdout, result.stderr) == ("", "")
    page = workspace.read("report.html")
    assert page.startswith("<!DOCTYPE html>\n")
    assert "small on small" in page
    assert "More and less traffic" in page
    again = workspace.run("report", "plan.yaml", *INPUTS, "-o", "-").stdout
    assert again == page


def test_without_inputs_there_is_no_curve(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    workspace.run("report", "plan.yaml", "-o", "report.html")
    assert "More and less traffic" not in workspace.read("report.html")


@pytest.mark.parametrize("target", ["plan.yaml", "cluster.yaml", "profiles/p.yaml"])
def test_no_input_is_overwritten(workspace: Workspace, target: str) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    before = workspace.read(target)
    result = workspace.run("report", "plan.yaml", *INPUTS, "-o", target, exit_code=2)
    assert "an input of this command" in result.stderr
    assert workspace.read(target) == before


def test_a_folder_that_is_not_there_is_told_of(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    result = workspace.run("report", "plan.yaml", "-o", "gone/report.html", exit_code=2)
    assert "no folder gone" in result.stderr


def test_the_file_is_required(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    assert "-o" in workspace.run("report", "plan.yaml", exit_code=2).stderr
