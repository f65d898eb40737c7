from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from alpaplan.cli import main
from alpaplan.guide.pages import INDEX, page_text, topics
from tests.cli.runner import invoke


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = invoke(main, ["guide", *arguments])
    assert result.exit_code == exit_code, result.output
    return result


def test_shows_a_page() -> None:
    lines = run("words").stdout.splitlines()
    assert lines[:2] == ["Words", "═════"]
    assert any(line.strip().startswith("goodput ") for line in lines)


def test_shows_the_index_without_a_topic() -> None:
    out = run().stdout
    assert out == run(INDEX).stdout
    for topic in topics():
        assert f" • {topic}: " in out


def test_lists_the_topics_a_line_each() -> None:
    lines = run("--list").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == list(topics())
    assert [line.split("  ")[-1].strip() for line in lines] == list(topics().values())


def test_an_unknown_topic() -> None:
    result = run("simulat", exit_code=2)
    assert "found 'simulat'; did you mean 'simulate'?" in result.stderr
    assert all(topic in result.stderr for topic in topics())


@pytest.mark.parametrize("topic", topics())
@pytest.mark.parametrize("width", [80, 100])
def test_nothing_is_lost_or_wider_than_asked_for(
    topic: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = run(topic).stdout
    assert max(map(len, out.splitlines())) <= width
    assert "…" not in out
    assert "](" not in out
    assert len("".join(out.split())) > 0.8 * len("".join(page_text(topic).split()))


def test_a_long_page_goes_through_the_pager_of_a_terminal(tmp_path: Path) -> None:
    pager = tmp_path / "less"
    pager.write_text('#!/bin/sh\necho "paged"; cat\n', encoding="utf-8")
    pager.chmod(0o755)
    for topic, is_paged in (("files", True), ("simulation", False)):
        text = on_a_terminal(["guide", topic], {"PAGER": str(pager), "LINES": "120"})
        assert text.startswith("paged") == is_paged
        assert "\x1b[" in text  # colors


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Run a command on a pseudo-terminal of 80 columns; return what it shows."""
    program = "import sys; from alpaplan.cli import main; main(sys.argv[1:])"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=theirs,
        stdout=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
