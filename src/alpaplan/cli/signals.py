"""Signals that end the program: files stay whole, and a search leaves the best plan so far."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from alpaplan.search.stopping import Interrupt

if TYPE_CHECKING:
    from alpaplan.search.attempt import ProgressListener
    from alpaplan.search.budget import Usage
    from alpaplan.search.candidate import Score

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a program when a job is over or its terminal is gone."""

_AGAIN_S = 0.01
"""When a signal that was lost is sent again (seconds): once Python ignores exceptions no more."""


def exit_code(number: int) -> int:
    """Return the exit code of a shell for a process that a signal ended."""
    return 128 + number


@contextmanager
def cleaned_up() -> Iterator[None]:
    """Let signals that end the program run what cleans up, such as removing temporary files.

    Raises
    ------
    SystemExit
        Inside the block, once such a signal comes, with its `exit_code`.
    """

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(exit_code(number))

    # One that is ignored stays so, as under nohup.
    heard = [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]
    with _handled(heard, end), _sent_again():
        yield


@contextmanager
def _sent_again() -> Iterator[None]:
    """Send signals again that came where Python ignores exceptions.

    It does where objects are deleted, and where libraries of other languages call back, as the
    compiler of the kernels does: the signal would be lost, and a traceback be printed.
    """
    usual = sys.unraisablehook

    def send(ignored: sys.UnraisableHookArgs) -> None:
        number = _number_of(ignored.exc_value)
        if number is None:
            usual(ignored)
        else:
            threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = send
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _number_of(error: BaseException | None) -> int | None:
    """Return the signal that an exception comes from; None: from none."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    if isinstance(error, SystemExit):
        return next((each for each in _ENDING if exit_code(each) == error.code), None)
    return None


class SignalInterrupt(Interrupt):
    """Asks a search to stop when a signal comes.

    Attributes
    ----------
    number
        The signal; None: there was none.
    has_placement
        Whether the search has evaluated any, or ends well without.
    """

    def __init__(self) -> None:
        super().__init__()
        self.number: int | None = None
        self.has_placement = False

    def heard_by(self, listener: ProgressListener) -> ProgressListener:
        """Return a listener that also notes that the search has a placement to end with."""

        def listen(used: Usage, score: Score | None) -> None:
            self.has_placement = True
            listener(used, score)

        return listen

    def hear(self, number: int) -> None:
        """Ask to stop because of a signal."""
        self.number = number
        self.ask()


@contextmanager
def interruptible() -> Iterator[SignalInterrupt]:
    """Let the first signal inside the block ask the search to stop; the next one is as usual.

    Such signals are that of Ctrl-C and those that end the program. Before the search has any
    placement, the first one is as usual too.
    """
    interrupt = SignalInterrupt()
    heard = [
        each for each in (signal.SIGINT, *_ENDING) if signal.getsignal(each) is not signal.SIG_IGN
    ]
    usual = {each: signal.getsignal(each) for each in heard}

    def stop(number: int, _frame: FrameType | None) -> None:
        for each, handler in usual.items():
            signal.signal(each, handler)
        if interrupt.has_placement:
            interrupt.hear(number)
        else:
            signal.raise_signal(number)

    with _handled(heard, stop):
        yield interrupt


@contextmanager
def _handled(
    numbers: Sequence[int], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """Handle signals inside the block; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in usual.items():
            signal.signal(number, before)
