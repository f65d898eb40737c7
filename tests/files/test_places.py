from __future__ import annotations

import os
from pathlib import Path

import pytest

from alpaplan.files.places import descriptor_of, is_same_file, is_stream

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="there is no such file system"
)


@needs_proc
@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/dev/stdout", 1),
        ("/dev/stderr", 2),
        ("/dev/fd/0", 0),
        ("/proc/self/fd/17", 17),
        ("/proc/thread-self/fd/2", 2),
        ("/proc/1/fd/2", None),
        ("/proc/self/cwd", None),
        ("/dev/null", None),
        ("/dev/shm/file", None),
    ],
)
def test_what_is_open_already(path: str, number: int | None) -> None:
    assert descriptor_of(Path(path)) == number


@needs_proc
def test_links_to_what_is_open_already(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/dev/stdout")
    (tmp_path / "folder").symlink_to("/proc/self/fd")
    (tmp_path / "loop").symlink_to("loop")
    assert descriptor_of(tmp_path / "out") == 1
    assert descriptor_of(tmp_path / "folder" / "1") == 1
    assert descriptor_of(tmp_path / "loop") is None


def test_streams_are_told_by_what_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    assert is_stream(tmp_path / "pipe")
    assert is_stream(Path("/dev/null"))
    assert not is_stream(tmp_path / "file")
    assert not is_stream(tmp_path)
    assert not is_stream(Path("/dev/absent"))


def test_files_that_are_the_same(tmp_path: Path) -> None:
    file, link, hard = (tmp_path / name for name in ("file", "link", "hard"))
    file.write_bytes(b"same")
    link.symlink_to(file)
    hard.hardlink_to(file)
    (tmp_path / "copy").write_bytes(b"same")
    assert is_same_file(file, link)
    assert is_same_file(hard, link)
    assert not is_same_file(file, tmp_path / "copy")
    assert not is_same_file(file, tmp_path / "absent")
    assert not is_same_file(tmp_path / "absent", file)
    assert not is_same_file(Path("/dev/null"), Path("/dev/null"))
    assert not is_same_file(Path("a\0b"), file)
