from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import InputError
from alpaplan.files.logs import sorting
from alpaplan.files.logs.records import Form, records_of
from alpaplan.files.logs.sorting import RecordSorter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sorting")


@given(
    chunks=st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=12),
    run_records=st.sampled_from([1, 5, 1000]),
    read_records=st.sampled_from([1, 2, 7]),
)
def test_as_the_standard_library_sorts(
    folder: Path, chunks: list[list[int]], run_records: int, read_records: int
) -> None:
    dtype = Form.REQUEST.dtype
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "RUN_BYTES", run_records * dtype.itemsize)
        patch.setattr(sorting, "MERGE_BYTES", dtype.itemsize)
        patch.setattr(sorting, "MIN_READ_RECORDS", read_records)
        with RecordSorter(dtype, folder) as sorter:
            rows: list[tuple[int, int]] = []
            for chunk in chunks:
                numbers = np.arange(len(rows), len(rows) + len(chunk), dtype=np.int32)
                rows += list(zip(chunk, numbers.tolist(), strict=True))
                times = np.array(chunk, dtype=np.float64)
                sorter.add(records_of(Form.REQUEST, len(chunk), time_s=times, function=numbers))
            assert sorter.num_records == len(rows)
            stored = [row for part in sorter.stored() for row in part.tolist()]
            # Twice, since what is stored is read more than once.
            for _ in range(2):
                found = [row for part in sorter.in_order() for row in part.tolist()]
                assert found == sorted(rows, key=lambda row: row[0])
            assert sorted(stored) == sorted(rows)
    assert list(folder.iterdir()) == []


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "RUN_BYTES", 1)
    absent = tmp_path / "absent"
    with RecordSorter(Form.REQUEST.dtype, absent) as sorter, pytest.raises(InputError) as caught:
        sorter.add(np.zeros(1, Form.REQUEST.dtype))
    assert caught.value.lines == (
        f"{absent}: no temporary file can be written for sorting: no such file or directory",
    )
