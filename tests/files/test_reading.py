from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.document import MAX_DOCUMENT_BYTES, load_any
from alpaplan.files.importers.registry import MEASUREMENT_FORMATS
from alpaplan.files.importers.request import ImportRequest, ignore_progress
from alpaplan.files.logs.assignment_csv import read_assignment
from alpaplan.files.model_config import MAX_CONFIG_BYTES, load_model_config
from alpaplan.files.reading import read_bytes
from alpaplan.files.trace_csv import read_trace

needs_zero = pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device")


def import_table(path: Path) -> None:
    request = ImportRequest((str(path),), ("v100-16gb",), None, None, None, None)
    MEASUREMENT_FORMATS["table"].read(request, ignore_progress).issues.raise_any()


def import_assignment(path: Path) -> None:
    read_assignment(path, None)


READERS = {
    "document": (load_any, f"must be at most {MAX_DOCUMENT_BYTES:,} bytes, found more"),
    "config": (load_model_config, f"must be at most {MAX_CONFIG_BYTES:,} bytes, found more"),
    "trace": (read_trace, "must have lines of at most 16,777,216 bytes, found a longer one"),
    "table": (import_table, "must have lines of at most 16,777,216 bytes, found a longer one"),
    "assignment": (
        import_assignment,
        "must have lines of at most 16,777,216 bytes, found a longer one",
    ),
}


def test_a_file_of_the_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(InputError, match="file: must be at most 4 bytes, found more"):
        read_bytes(path, 4)


@needs_zero
@pytest.mark.parametrize("kind", READERS)
def test_what_never_ends_is_refused(kind: str) -> None:
    read, message = READERS[kind]
    with pytest.raises(InputError) as caught:
        read(Path("/dev/zero"))
    assert message in caught.value.lines[0]


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_only_seems_large_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    read, message = READERS[kind]
    with pytest.raises(InputError) as caught:
        read(path)
    assert message in caught.value.lines[0]


@pytest.mark.parametrize("kind", ["document", "table"])
def test_a_pipe_that_never_ends_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def fill() -> None:
        rows = b"model,device,intra_op,inter_op,stage,batch_size,latency_s,weight_bytes\n"
        try:
            with path.open("wb", buffering=0) as pipe:
                while True:
                    pipe.write(rows)
                    rows = (b"#" * 100_000 + b"\n") * 10
        except BrokenPipeError:
            return

    writer = threading.Thread(target=fill)
    writer.start()
    read, _ = READERS[kind]
    with pytest.raises(InputError, match="must be at most 67,108,864 bytes, found more"):
        read(path)
    writer.join()
