"""Allocates the arrays of idle engines, and of what they are to do."""

from __future__ import annotations

import numpy as np

from alpaplan.simulator.kernels.engine_arrays import (
    LONG_AGO_NS,
    NEVER_NS,
    NO_HEAD,
    NONE,
    Engines,
    Groups,
    Outcome,
    Work,
)


def idle_groups(engines: Engines) -> Groups:
    """Return groups that have always been idle."""
    num_groups, most_stages = engines.num_stages.size, engines.most_stages
    most_engines = np.diff(engines.first_of_group)
    in_flight = int((most_engines * engines.num_stages).max(initial=1))
    ring = num_groups << (in_flight - 1).bit_length()
    return Groups(
        clock_ns=np.full(num_groups * most_stages, LONG_AGO_NS),
        busy_ns=np.zeros(num_groups * most_stages),
        try_ns=np.full(num_groups, NEVER_NS),
        end_ns=np.full(num_groups, NEVER_NS),
        flight_end_ns=np.empty(ring, dtype=np.int64),
        flight_engine=np.empty(ring, dtype=np.int64),
        flight_cohort=np.empty(ring, dtype=np.int64),
        num_ended=np.zeros(num_groups, dtype=np.int64),
        num_begun=np.zeros(num_groups, dtype=np.int64),
        num_unfinished=np.zeros(num_groups, dtype=np.int64),
        first_finished=np.full(num_groups, NONE),
        last_finished=np.full(num_groups, NONE),
    )


def idle_engines(engines: Engines, num_requests: int) -> Work:
    """Return engines with empty caches.

    Parameters
    ----------
    engines
        The engines.
    num_requests
        How many requests there will be.
    """
    num_engines, num_cohorts = engines.group.size, engines.most_stages + 1
    most_running = max(1, min(engines.max_num_seqs, num_requests))
    cohorts = np.arange(num_engines * num_cohorts).reshape(num_engines, num_cohorts)

    def zeros(size: int = num_engines) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.zeros(size, dtype=np.int64)

    return Work(
        free_tokens=engines.kv_tokens.copy(),
        peak_tokens=zeros(),
        num_running=zeros(),
        num_begun=zeros(),
        num_ended=zeros(),
        begun_ns=np.full(num_engines, LONG_AGO_NS),
        prompt=np.full(num_engines, NONE),
        prompt_tokens=zeros(),
        prompt_done=zeros(),
        prompt_iteration=zeros(),
        first_waiting=np.full(num_engines, NONE),
        last_waiting=np.full(num_engines, NONE),
        returned=np.empty(num_engines * most_running, dtype=np.int64),
        num_returned=zeros(),
        head_tokens=np.full(num_engines, NO_HEAD),
        step_row=engines.first_step.copy(),
        cohort=cohorts[:, 0].copy(),
        # The first one is in use, and its place in the list is free.
        spare=np.roll(cohorts, -1, axis=1).ravel(),
        num_spare=np.full(num_engines, num_cohorts - 1),
        members=np.empty(cohorts.size * most_running, dtype=np.int64),
        num_members=zeros(cohorts.size),
        tick=zeros(cohorts.size),
        held_tokens=zeros(cohorts.size),
        next_request=np.empty(num_requests, dtype=np.int32),
        num_emitted=np.zeros(num_requests, dtype=np.int32),
        completing=np.empty(most_running, dtype=np.int64),
        most_running=most_running,
    )


def empty_outcome(num_engines: int, num_requests: int, *, each: bool) -> Outcome:
    """Return an outcome for a kernel to write to.

    Parameters
    ----------
    num_engines, num_requests
        How many engines and requests there are.
    each
        Whether the fate of each request is recorded, and not only counts.
    """
    recorded = num_requests if each else 0
    return Outcome(
        sent=np.zeros(num_engines, dtype=np.int64),
        served=np.zeros(num_engines, dtype=np.int64),
        attained=np.zeros(num_engines, dtype=np.int64),
        preemptions=np.zeros(num_engines, dtype=np.int64),
        latency_sum_ns=np.zeros(num_engines),
        first_token_ns=np.full(num_requests, NEVER_NS)
        if each
        else np.empty(num_requests, np.int64),
        finish_ns=np.full(num_requests, NEVER_NS) if each else np.empty(num_requests, np.int64),
        engine=np.full(recorded, NONE, dtype=np.int32),
        in_time=np.zeros(recorded, dtype=np.bool_),
    )
