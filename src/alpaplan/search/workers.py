"""Where attempts run: one after another, in threads, or in other processes.

A search hands tasks to its workers and never knows where they run. Stopping criteria and progress
listeners stay in the process that plans.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList
from typing import Protocol, TypeVar

from alpaplan.errors import AlpaplanWarning
from alpaplan.search.attempt import Outcome, Task, Watch
from alpaplan.search.idle_threads import IdleThreads
from alpaplan.search.threads import num_startable
from alpaplan.specs.choices import StopReason

Found = TypeVar("Found")

ASK_S = 0.1
"""Seconds between two checks of the stopping criteria while other processes work."""


FEWEST_TO_HELP = 3
"""Fewest threads of which idle ones help attempts (a count; 2 to 4). Two are busy with attempts
until the last one: what one saves there is less than what it simulates in vain."""


class Workers(Protocol):
    """Makes attempts."""

    def run(self, tasks: Sequence[Task[Found]], watch: Watch) -> list[Outcome[Found]]:
        """Make all attempts; their outcomes are in the order of the tasks."""


class SerialWorkers:
    """Makes attempts one after another."""

    def run(self, tasks: Sequence[Task[Found]], watch: Watch) -> list[Outcome[Found]]:
        """Make all attempts."""
        return [task.run(watch) for task in tasks]


class ThreadWorkers:
    """Makes attempts in threads, which is enough: the kernels release the interpreter's lock.

    Parameters
    ----------
    executor
        The threads.
    idle
        Counts those that work, and lets attempts use the others.
    """

    def __init__(self, executor: Executor, idle: IdleThreads) -> None:
        self._executor = executor
        self._idle = idle

    def run(self, tasks: Sequence[Task[Found]], watch: Watch) -> list[Outcome[Found]]:
        """Make all attempts."""

        def make(task: Task[Found]) -> Outcome[Found]:
            with self._idle.attempt():
                return task.run(watch, self._idle)

        return list(self._executor.map(make, tasks))


class ProcessWorkers:
    """Makes attempts in other processes of this machine.

    Attempts there check a flag that is set here once a stopping criterion ends the search. The
    listener is told what an attempt has used only when it is over, without scores.

    Parameters
    ----------
    executor
        The processes.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def run(self, tasks: Sequence[Task[Found]], watch: Watch) -> list[Outcome[Found]]:
        """Make all attempts."""
        with stop_flag() as flag:
            futures = [self._executor.submit(task.run, Watch(flag)) for task in tasks]
            pending = set(futures)
            try:
                while pending:
                    reason = watch.stop()
                    if reason is not None:
                        flag.show(reason)
                    done, pending = wait(pending, ASK_S, return_when=FIRST_COMPLETED)
                    for future in done:
                        watch.on_evaluation(future.result().used, None)
            finally:
                # After an error, the others end soon; until then they need the flag.
                flag.show(StopReason.INTERRUPT)
                for future in pending:
                    future.cancel()
                wait(pending)
        return [future.result() for future in futures]


class StopFlag:
    """A stopping criterion that is set in one process and asked in others.

    Parameters
    ----------
    shared
        In memory that they share, the number of the reason to stop, from 1; 0 if there is none.
    """

    def __init__(self, shared: ShareableList[int]) -> None:
        self._shared: ShareableList[int] | None = shared
        self._name = shared.shm.name

    def show(self, reason: StopReason) -> None:
        """Stop all who ask from now on."""
        if self._shared is not None:
            self._shared[0] = 1 + list(StopReason).index(reason)

    def __call__(self) -> StopReason | None:
        """Return the reason to stop, if there is one."""
        if self._shared is None:
            return StopReason.INTERRUPT
        number = self._shared[0]
        return list(StopReason)[number - 1] if number else None

    def __getstate__(self) -> str:
        return self._name

    def __setstate__(self, name: str) -> None:
        self._name = name
        try:
            self._shared = ShareableList(name=name)
        except FileNotFoundError:  # who waited for the result is gone
            self._shared = None


@contextmanager
def stop_flag() -> Iterator[StopFlag]:
    """Make a flag that tasks in other processes of this machine can be given."""
    _start_resource_tracker()
    shared = ShareableList([0])
    try:
        yield StopFlag(shared)
    finally:
        shared.shm.close()
        shared.shm.unlink()


@contextmanager
def threads(count: int) -> Iterator[Workers]:
    """Work in `count` threads at a time, or as many as the system allows; for one, in none.

    Warns
    -----
    AlpaplanWarning
        If there can be fewer than `count`; the same is found, only later.
    """
    # A thread that helps works while those of attempts that have ended still wait for others.
    helping = count - 1 if count >= FEWEST_TO_HELP else 0
    allowed = num_startable(count + helping) if count > 1 else 1
    if allowed < count:
        message = f"the system allows only {allowed} of {count} threads, so the search takes longer"
        warnings.warn(AlpaplanWarning(message), stacklevel=3)
        count = allowed
    if count <= 1:
        yield SerialWorkers()
        return
    with ThreadPoolExecutor(count) as attempts:
        if not helping or allowed < count + helping:
            yield ThreadWorkers(attempts, IdleThreads(count))
            return
        with ThreadPoolExecutor(helping) as helpers:
            yield ThreadWorkers(attempts, IdleThreads(count, helpers))


@contextmanager
def processes(count: int) -> Iterator[Workers]:
    """Work in `count` processes."""
    with process_pool(count) as executor:
        yield ProcessWorkers(executor)


@contextmanager
def process_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Start `count` processes of this machine, as tasks come.

    They are spawned, as a fork of this process would lack its threads.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _begin_process) as executor:
        yield executor


def _start_resource_tracker() -> None:
    """Start what Python removes shared memory with, such that no signal of a terminal ends it.

    It leaves out SIGINT and SIGTERM by itself.
    """
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        return
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, usual)


def _begin_process() -> None:
    """Leave signals to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # so that those for a whole group, as of a closed terminal, are not for this
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End at once if the process that started this one is gone, whatever has killed it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
