"""The pooled machine: what it must drop, by hand and by trying all ways to spend the time."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.simulator.kernels.pooled import Requests, Workspace, dropped_work, dropped_work_s


def requests(*rows: tuple[float, float, float, int], speed: float = 1.0) -> Requests:
    """Make requests of (arrival, deadline, work, level)."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    arrival_s, deadline_s, work_s, level = columns
    return Requests(arrival_s, deadline_s, work_s, level.astype(np.int64), speed)


def test_the_earliest_deadline_goes_first_and_may_interrupt() -> None:
    rows = [(0.0, 9.0, 4.0, 0), (1.0, 3.0, 2.0, 0)]
    assert dropped_work_s(requests(*rows)).tolist() == [0.0]
    # 4 + 2 + 4 seconds of work before 9 s: one is too much.
    assert dropped_work_s(requests(*rows, (2.0, 9.0, 4.0, 0))).tolist() == [1.0]


def test_each_level_has_the_requests_of_those_before() -> None:
    found = dropped_work_s(requests((0.0, 1.0, 1.0, 1), (0.0, 1.0, 0.5, 0), (0.0, 1.0, 2.0, 3)))
    assert found.tolist() == [0.0, 0.5, 0.5, 2.5]


def test_a_faster_machine_and_a_later_start_of_the_clock() -> None:
    rows = [(0.0, 1.0, 1.5, 0), (0.5, 1.5, 2.0, 0)]
    assert dropped_work_s(requests(*rows, speed=2.0)).tolist() == [0.5]
    late = [(begin_s + 1e9, end_s + 1e9, work_s, level) for begin_s, end_s, work_s, level in rows]
    assert dropped_work_s(requests(*late, speed=2.0)).tolist() == [0.5]


def test_no_requests() -> None:
    assert dropped_work_s(requests()).size == 0


def most_unit_jobs(jobs: list[tuple[int, int]], horizon: int) -> int:
    """Return how many unit jobs of (arrival, deadline) fit in unit slots, by augmenting paths."""
    job_in_slot: dict[int, int] = {}

    def place(job: int, tried: set[int]) -> bool:
        arrival, deadline = jobs[job]
        for slot in range(arrival, min(deadline, horizon)):
            if slot not in tried:
                tried.add(slot)
                if slot not in job_in_slot or place(job_in_slot[slot], tried):
                    job_in_slot[slot] = job
                    return True
        return False

    return sum(place(job, set()) for job in range(len(jobs)))


@pytest.mark.parametrize("seed", range(20))
def test_no_way_to_spend_the_time_drops_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrival = np.sort(rng.integers(0, 12, 10))
    deadline, work = arrival + rng.integers(1, 8, 10), rng.integers(1, 5, 10)
    level = rng.integers(0, 3, 10)
    rows = zip(arrival.tolist(), deadline.tolist(), work.tolist(), level.tolist(), strict=True)
    found = dropped_work_s(requests(*rows))
    for highest, dropped_s in enumerate(found):
        kept = level <= highest
        jobs = [
            (int(a), int(d))
            for a, d, w in zip(arrival[kept], deadline[kept], work[kept], strict=True)
            for _ in range(w)
        ]
        assert dropped_s == len(jobs) - most_unit_jobs(jobs, 20)


def test_the_plain_python_kernel_does_the_same() -> None:
    rng = np.random.default_rng(0)
    arrival_s = np.cumsum(rng.exponential(1.0, 200))
    deadline_s = arrival_s + rng.uniform(0.5, 9.0, 200)
    level = rng.integers(0, 4, 200)
    sample = Requests(arrival_s, deadline_s, rng.uniform(0.1, 3.0, 200), level, 1.25)
    from_zero = sample._replace(
        arrival_s=arrival_s - arrival_s[0], deadline_s=deadline_s - arrival_s[0]
    )
    plain_s = np.zeros(4)
    dropped_work(from_zero, Workspace(np.empty(200), np.empty(200, dtype=np.int64)), plain_s)
    assert dropped_work_s(sample).tolist() == plain_s.tolist()
    assert (plain_s > 0).all()
