"""Where long work runs: tasks of values through one executor, here or on a Dask cluster.

A task is a function at the top of a module, with arguments that can be pickled, so that what it
returns depends neither on where it runs nor on what runs beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from alpaplan.errors import AlpaplanError
from alpaplan.search.stopping import StopCriterion, first_of, never
from alpaplan.search.workers import ASK_S, process_pool, stop_flag
from alpaplan.specs.choices import StopReason

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")

CONNECT_S = 10
"""How long to wait for a Dask scheduler (seconds; 3 to 60)."""


@dataclass(frozen=True)
class Surroundings:
    """What a task may use where it runs; its result does not depend on it.

    Parameters
    ----------
    threads
        Threads that it may work in.
    stop
        Asked whether its result is still wanted.
    """

    threads: int = 1
    stop: StopCriterion = never


@dataclass(frozen=True)
class Task:
    """A call that waits for its turn.

    Parameters
    ----------
    key
        What tells it from tasks with other results.
    function
        Called with the arguments and the `Surroundings`.
    arguments
        Values that can be pickled.
    """

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


Chain = Generator[tuple[Task, ...], list[Any], Result]
"""Work in steps: yields tasks that may run side by side, and is sent their results in order."""


class _Here(Executor):
    """Runs each task at once, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task; what it raises is raised here, so that Ctrl-C ends it."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _cancel_each(futures: Iterable[Future[Any]]) -> None:
    """Cancel what has not begun."""
    for future in futures:
        future.cancel()


@dataclass(frozen=True)
class TaskRunner:
    """Runs chains of tasks side by side.

    Parameters
    ----------
    executor
        Where tasks run.
    threads
        Threads that tasks may have together; None: one each.
    stop
        Criterion that running tasks check.
    cancel
        Cancels those of some tasks that have not begun, and makes `stop` end the others.
    can_tell
        Whether running tasks can see that.
    is_here
        Whether they run in this process, and can see what stops it.
    """

    executor: Executor
    threads: int | None
    stop: StopCriterion = never
    cancel: Callable[[Iterable[Future[Any]]], None] = _cancel_each
    can_tell: bool = False
    is_here: bool = False

    def run(self, chains: Mapping[str, Chain[Result]]) -> dict[str, Result]:
        """Run all chains to their ends; tasks of the same key are run once.

        Raises
        ------
        AlpaplanError
            If a process that runs a task is killed.
        BaseException
            What a task or a chain raises, or Ctrl-C: tasks that have not begun are canceled then.
        """
        run = _Run(self, chains)
        with _killed_is_told():
            try:
                return run.to_the_end()
            except BrokenExecutor:
                raise  # all tasks fail at this moment: nobody may cancel one meanwhile
            except BaseException:
                self._end(list(run.futures.values()))
                raise

    def finished(self, tasks: Sequence[Task], stop: StopCriterion = never) -> list[Any]:
        """Run tasks side by side, and return the results of those that were done.

        All are, unless there is a reason to stop or Ctrl-C comes: what has not begun is canceled
        then, and what runs is told to end with what it has, where it can be told.

        Raises
        ------
        AlpaplanError
            If a process that runs a task is killed.
        """
        futures: list[Future[Any]] = []
        with _killed_is_told():
            try:
                for task in tasks:
                    if stop() is not None:
                        break
                    threads = None if self.threads is None else self.threads // len(tasks)
                    asked = first_of(self.stop, stop) if self.is_here else self.stop
                    arguments = (*task.arguments, Surroundings(max(1, threads or 1), asked))
                    futures.append(self.executor.submit(task.function, *arguments))
                _wait(futures, stop)
            except KeyboardInterrupt:
                pass
            if not all(future.done() for future in futures):
                self._end(futures)
            return [each.result() for each in futures if each.done() and not each.cancelled()]

    def _end(self, futures: Sequence[Future[Any]]) -> None:
        """Cancel what has not begun, and wait for what runs, if it can be told to end."""
        self.cancel(futures)
        if self.can_tell:
            _wait(futures)


def _wait(futures: Sequence[Future[Any]], stop: StopCriterion = never) -> None:
    """Wait until all tasks are done or canceled, or there is a reason to stop."""
    while stop() is None:
        # Canceled ones are done too, of which `concurrent.futures.wait` hears later or never.
        pending = [future for future in futures if not future.done()]
        if not pending:
            return
        wait(pending, ASK_S, return_when=FIRST_COMPLETED)


@contextmanager
def _killed_is_told() -> Iterator[None]:
    """Say so if a process that runs tasks was killed, as systems do where memory runs out."""
    try:
        yield
    except BrokenExecutor:
        raise AlpaplanError(
            "a process that worked on this was killed, maybe because memory ran out; use fewer "
            "processes at a time with --jobs"
        ) from None


class _Run(Generic[Result]):
    """Chains under way.

    Parameters
    ----------
    runner
        Runs their tasks.
    chains
        Name -> chain.

    Attributes
    ----------
    futures
        Key of a task -> the task under way or done.
    """

    def __init__(self, runner: TaskRunner, chains: Mapping[str, Chain[Result]]) -> None:
        self.futures: dict[str, Future[Any]] = {}
        self._runner = runner
        self._chains = chains
        self._waiting: dict[str, tuple[Task, ...]] = {}
        self._results: dict[str, Result] = {}

    def to_the_end(self) -> dict[str, Result]:
        """Let each chain go on whenever the tasks that it waits for are done."""
        for name in self._chains:
            self._go_on(name, None)
        while self._waiting:
            for name, tasks in list(self._waiting.items()):
                if all(self.futures[task.key].done() for task in tasks):
                    self._go_on(name, [self.futures[task.key].result() for task in tasks])
            pending = [future for future in self.futures.values() if not future.done()]
            if pending:
                wait(pending, ASK_S, return_when=FIRST_COMPLETED)
        return {name: self._results[name] for name in self._chains}

    def _go_on(self, name: str, found: list[Any] | None) -> None:
        chain = self._chains[name]
        self._waiting.pop(name, None)
        try:
            tasks = next(chain) if found is None else chain.send(found)
        except StopIteration as end:
            self._results[name] = end.value
            return
        self._waiting[name] = tasks
        for task in tasks:
            if task.key not in self.futures:
                self.futures[task.key] = self._submit(task)

    def _submit(self, task: Task) -> Future[Any]:
        threads, executor = self._runner.threads, self._runner.executor
        if threads is not None:
            running = sum(not other.done() for other in self.futures.values())
            threads = max(1, threads // (1 + running))
        around = Surroundings(threads or 1, self._runner.stop)
        return executor.submit(task.function, *task.arguments, around)


@contextmanager
def local_runner(jobs: int, num_chains: int) -> Iterator[TaskRunner]:
    """Run tasks on this machine: in processes of their own if several chains are to run.

    Parameters
    ----------
    jobs
        Cores to use.
    num_chains
        How many chains there are, so that no more processes are started.
    """
    count = min(jobs, num_chains)
    if count <= 1:
        yield TaskRunner(_Here(), jobs, is_here=True)
        return
    with stop_flag() as flag, process_pool(count) as executor:

        def cancel(futures: Iterable[Future[Any]]) -> None:
            flag.show(StopReason.INTERRUPT)
            _cancel_each(futures)

        yield TaskRunner(executor, jobs, flag, cancel, can_tell=True)


@contextmanager
def dask_runner(address: str) -> Iterator[TaskRunner]:
    """Run tasks on a Dask cluster, whose workers need alpaplan of this version.

    A worker that dies has its task repeated by Dask.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    AlpaplanError
        If Dask is not installed, no scheduler answers, or a worker has another alpaplan.
    """
    try:
        from distributed import Client
    except ImportError:
        what = "to run tasks on a Dask cluster, install it: pip install 'alpaplan[dask]'"
        raise AlpaplanError(what) from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise AlpaplanError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        _require_same_version(client, address)
        yield TaskRunner(client.get_executor(pure=False), None)


def _require_same_version(client: Client, address: str) -> None:
    from alpaplan import __version__

    try:
        found = client.run(_version)
    except Exception as error:  # of a worker that lacks it
        raise AlpaplanError(f"a worker of {address} cannot run alpaplan: {error}") from None
    others = {worker: version for worker, version in found.items() if version != __version__}
    if others:
        worker, version = next(iter(others.items()))
        what = f"worker {worker} has alpaplan {version}, must have {__version__} as here"
        raise AlpaplanError(what)


def _version() -> str:
    from alpaplan import __version__

    return __version__
