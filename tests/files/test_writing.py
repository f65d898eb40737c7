from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.writing import (
    folder_beside,
    open_atomically,
    require_writable,
    write_atomically,
)


def test_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    umask = os.umask(0o027)
    try:
        write_atomically(path, b"new")
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_existing_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reader_of_the_old_file_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomically(path, b"new")
        assert reader.read() == b"old"


def test_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "real" / "plan.yaml"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link = tmp_path / "plan.yaml"
    link.symlink_to(Path("real") / "plan.yaml")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_longest_possible_name(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent/plan.yaml", "cannot be written: no folder"),
        ("folder", "cannot be written: is a directory, must be a file"),
        ("/proc/plan.yaml", "/proc/plan.yaml: cannot be written: no such file or directory"),
        ("file/plan.yaml", "cannot be written: a part of this path is a file"),
        ("n" * 300, "cannot be written: file name too long"),
        ("a\0b", "is not a valid file name"),
    ],
)
def test_impossible_place(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        write_atomically(tmp_path / name, b"new")
    assert message in caught.value.lines[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("error", [OSError(28, "no space"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_device() -> None:
    with pytest.raises(InputError, match="/dev/full: cannot be written: no space left"):
        write_atomically(Path("/dev/full"), b"new")


@pytest.mark.parametrize("error", [OSError(28, "no space"), ValueError("bad"), KeyboardInterrupt()])
def test_errors_of_what_is_written_are_not_those_of_the_file(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(b"old")

    def fail() -> None:
        with open_atomically(path) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_parts_are_written_one_after_another(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    with open_atomically(path) as stream:
        stream.write(b"one ")
        stream.flush()
        assert not path.exists()
        stream.write(b"two")
    assert path.read_bytes() == b"one two"


def test_write_protected_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # what root would not be told
    with pytest.raises(InputError, match="no permission"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("target", ["pipe", "file"])
def test_standard_output_by_name(tmp_path: Path, target: str) -> None:
    program = (
        "from pathlib import Path\n"
        "from alpaplan.files.writing import write_atomically\n"
        "print('before', flush=True)\n"
        "write_atomically(Path('/dev/stdout'), b'plan')"
    )
    command = [sys.executable, "-c", program]
    if target == "pipe":
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout == b"before\nplan"
    else:
        path = tmp_path / "out"
        with path.open("ab") as out:
            subprocess.run(command, stdout=out, check=True)
        assert path.read_bytes().endswith(b"plan")


def test_named_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("place", [".", "missing/plan.yaml", "file/plan.yaml"])
def test_what_cannot_be_written_is_known_before(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        require_writable(tmp_path / place, ())


def test_what_can_be_written_is_not_touched_before(tmp_path: Path) -> None:
    require_writable(tmp_path / "plan.yaml", ())
    require_writable(Path("/dev/null"), ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_takes_no_new_file_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    path = tmp_path / "plan.yaml"
    if is_there:
        path.write_bytes(b"old")
    open_file = os.open

    def refuse(name: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return open_file(name, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot be written: read-only file system"):
        require_writable(path, ())


def test_a_device_without_permission_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # what root would not be told
    with pytest.raises(InputError, match="no permission"):
        require_writable(pipe, ())


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="there is no such file system")
def test_files_are_replaced_wherever_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("/proc/self/cwd/plan.yaml")
    path.write_bytes(b"old")

    def fail() -> None:
        with open_atomically(path) as stream:
            stream.write(b"half")
            stream.flush()
            raise ValueError("half done")

    with pytest.raises(ValueError, match="half done"):
        fail()
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert folder_beside(path) == tmp_path
    assert list(tmp_path.iterdir()) == [tmp_path / "plan.yaml"]


def test_a_single_mounted_file_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old and longer")
    before = path.stat().st_ino

    def refuse(*_: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", refuse)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino == before
    assert list(tmp_path.iterdir()) == [path]
