"""Compiles the kernels, and keeps the compiled code for later runs where that is possible."""

from __future__ import annotations

import functools
from collections.abc import Callable

from numba import njit, types

from alpaplan.simulator import _kernel, _pooled_kernel
from alpaplan.specs.cluster import Dispatch

Kernel = Callable[..., None]


def _fixed(scalar: types.Type) -> types.Array:
    return types.Array(scalar, 1, "C", readonly=True)


def _fresh(scalar: types.Type) -> types.Array:
    return types.Array(scalar, 1, "C")


_PROBLEM = (
    _fixed(types.float64),  # arrival_s
    _fixed(types.uint32),  # model
    _fresh(types.uint32),  # first_replica
    _fresh(types.uint32),  # group
    _fresh(types.float64),  # stage_latency_s
    types.uint64,  # num_stages
    _fixed(types.float64),  # slo_s
    types.float64,  # request_overhead_s
    _fresh(types.float64),  # clock_s
)
_QUEUES = (
    _fresh(types.float64),  # queue_s
    _fresh(types.uint64),  # queue_head
    _fresh(types.uint64),  # queue_tail
)
_RESULT = (
    _fresh(types.int64),  # assigned
    _fresh(types.int64),  # attained
    _fresh(types.float64),  # latency_sum_s
    _fresh(types.float64),  # request_latency_s
    _fresh(types.int32),  # request_replica
)
_POOLED = (
    _fresh(types.float64),  # arrival_s
    _fresh(types.float64),  # deadline_s
    _fresh(types.float64),  # work_s
    _fresh(types.int64),  # level
    types.float64,  # speed
    _fresh(types.float64),  # left_s
    _fresh(types.int64),  # heap
    _fresh(types.float64),  # dropped_s
)


@functools.cache
def compiled_kernel(dispatch: Dispatch) -> Kernel:
    """Return the kernel of one dispatch rule, compiled for the one signature it is called with.

    The first call after an installation takes a second or two, later runs load what it kept.
    With ``NUMBA_DISABLE_JIT=1`` it is the plain Python function.
    """
    if dispatch is Dispatch.EARLIEST_FINISH:
        return _compile(_kernel.earliest_finish, (*_PROBLEM, *_RESULT))
    return _compile(_kernel.shortest_queue, (*_PROBLEM, *_QUEUES, *_RESULT))


@functools.cache
def compiled_pooled_kernel() -> Kernel:
    """Return the kernel of the pooled machine, compiled as `compiled_kernel` does."""
    return _compile(_pooled_kernel.dropped_work, _POOLED)


def _compile(function: Kernel, arguments: tuple[types.Type, ...]) -> Kernel:
    # Not fastmath: it may reorder additions, and then outcomes are not those that are defined.
    try:
        return njit(arguments, cache=True, nogil=True, error_model="numpy")(function)
    except (RuntimeError, OSError):
        # No folder can be written, or the disk is full: compiled code is then not kept.
        return njit(arguments, nogil=True, error_model="numpy")(function)
