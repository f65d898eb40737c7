"""Run the fuzzer: ``python -m tests.fuzz.run --seed 0 --documents 200000``.

Every input is changed at random, but its number and the seed say how. What may not happen:
a traceback, an exit code that is not documented, a warning of a library, a control character on
stdout or stderr, an error without a word, a file that is left half written or beside its place,
more than 10 seconds or 2 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np

from alpaplan.cli import main as alpaplan
from alpaplan.errors import AlpaplanError
from tests.cli.runner import invoke
from tests.fuzz.mutations import mutated_arguments, pick
from tests.fuzz.seeds import COMMANDS, DOCUMENTS, OUTPUT, PLOTS, SEEDS, files_of, write_all

EXIT_CODES = (0, 1, 2, 3)
"""Documented ones that nothing from outside is needed for."""

MAX_S = 10.0
"""Longest run (seconds of the processor)."""

MAX_WAIT_S = 300.0
"""Longest run where other processes have most of the processor (seconds)."""

MAX_BYTES = 2 * 10**9
"""Most memory of the process (bytes)."""

SHARE_VALIDATED = 0.9
"""Of the runs that only validate one document, which takes a few milliseconds."""


class _TooLong(BaseException):
    """Ends a run; nothing that catches errors catches it."""


@dataclass(frozen=True)
class Case:
    """One run.

    Parameters
    ----------
    arguments
        The command line.
    files
        Path -> changed content.
    """

    arguments: list[str]
    files: dict[str, bytes]

    @classmethod
    def draw(cls, seed: int, number: int, share_validated: float = SHARE_VALIDATED) -> Case:
        """Return the case of a number."""
        rng = np.random.default_rng([seed, number])
        if rng.random() < share_validated:
            path = pick(rng, DOCUMENTS)
            return cls(["validate", path], {path: SEEDS[path].mutated(rng)})
        command = pick(rng, PLOTS if rng.random() < 0.01 else COMMANDS)
        if rng.random() < 0.3:
            return cls(mutated_arguments(list(command), rng), {})
        path = pick(rng, files_of(command))
        return cls(list(command), {path: SEEDS[path].mutated(rng)})


class Fuzzer:
    """Runs cases in a folder with the right inputs, which is the working folder.

    Parameters
    ----------
    folder
        An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        write_all(folder)
        self._before = self._contents()
        self.exit_codes: Counter[int] = Counter()

    def run(self, case: Case) -> list[str]:
        """Run a case, and return what is wrong."""
        for path, data in case.files.items():
            (self._folder / path).write_bytes(data)
        try:
            return list(self._wrong(case))
        finally:
            if case.arguments[0] != "validate":
                self._restore()
            for path in case.files:
                (self._folder / path).write_bytes(SEEDS[path].text.encode())

    def _wrong(self, case: Case) -> Iterator[str]:
        with _alarm(), warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            try:
                result = invoke(alpaplan, ["--debug", *case.arguments])
            except _TooLong:
                yield f"took more than {MAX_S:g} s"
                return
        self.exit_codes[result.exit_code] += 1
        if result.exit_code not in EXIT_CODES:
            yield f"exit code {result.exit_code}: {result.exception!r}\n{result.stderr}"
        takes_memory = case.arguments[0] != "validate" or self.exit_codes.total() % 50 == 0
        if takes_memory and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MAX_BYTES:
            yield "took more than 2 GB"
        if "Traceback" in result.output:
            yield f"a traceback:\n{result.stderr}"
        if result.exit_code in (2, 3) and not result.stderr.strip():
            yield "an error without a word"
        odd = {c for c in result.output if unicodedata.category(c) in ("Cc", "Zl", "Zp")} - {"\n"}
        if odd:
            yield f"control characters: {sorted(map(ord, odd))}"
        if case.arguments[0] != "validate":
            yield from self._wrong_files(result.exit_code)

    def _wrong_files(self, exit_code: int) -> Iterator[str]:
        new = {path: data for path, data in self._contents().items() if path not in self._before}
        for path in new:
            if path.endswith(".tmp"):
                yield f"left {path}"
            elif exit_code in (2, 3):
                yield f"wrote {path} and ended with {exit_code}"
            elif path.startswith(f"{OUTPUT}.") and path.endswith((".yaml", ".csv")):
                yield from _unreadable(self._folder / path)

    def _contents(self) -> dict[str, int]:
        return {
            str(path.relative_to(self._folder)): path.stat().st_size
            for path in self._folder.rglob("*")
            if path.is_file()
        }

    def _restore(self) -> None:
        """Remove what is new, and write again what a command may have written over."""
        for path in self._folder.iterdir():
            if path.name not in SEEDS and path.name != "profiles":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        write_all(self._folder)


def _unreadable(path: Path) -> Iterator[str]:
    from alpaplan.files.document import load_any
    from alpaplan.files.trace_csv import read_trace

    try:
        read_trace(path) if path.suffix == ".csv" else load_any(path)
    except AlpaplanError as error:
        # A trace without requests is written, too, and no trace to read.
        if "found only the header" not in str(error):
            yield f"wrote what cannot be read again: {error}"


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """End the block once it has worked for `MAX_S`, or waited for long."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    # Working time, as other processes may have most of the processor.
    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, MAX_S),
        signal.ITIMER_REAL: (signal.SIGALRM, 300),
    }
    usual = {number: signal.signal(number, end) for number, _ in timers.values()}
    for timer, (_, limit_s) in timers.items():
        signal.setitimer(timer, limit_s)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in usual.items():
            signal.signal(number, handler)


def main() -> None:
    """Run cases until there were enough, and keep those that went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--documents", type=int, default=200_000, help="number of cases")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop after this time of the processor"
    )
    parser.add_argument("--validated", type=float, default=SHARE_VALIDATED)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    options = parser.parse_args()
    keep = options.keep.absolute()
    report = os.fdopen(os.dup(1), "w")
    # Traces that go to standard output are written there, past what tests catch.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    start_s, num_run, num_failed = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        fuzzer = Fuzzer(Path(folder))
        for number in range(options.first, options.first + options.documents):
            if time.process_time() > options.seconds:
                break
            case = Case.draw(options.seed, number, options.validated)
            wrong = fuzzer.run(case)
            num_run += 1
            if wrong:
                num_failed += 1
                _keep(keep / f"{options.seed}-{number}", case, wrong)
                print(
                    f"case {number}: {case.arguments}: {wrong[0][-1500:]}", file=report, flush=True
                )
        os.chdir("/")
    codes = ", ".join(f"{code}: {count:,}" for code, count in sorted(fuzzer.exit_codes.items()))
    print(
        f"seed {options.seed}: {num_run:,} documents and command lines in "
        f"{time.monotonic() - start_s:.0f} s, {num_failed:,} went wrong; exit codes {codes}",
        file=report,
        flush=True,
    )
    sys.exit(1 if num_failed else 0)


def _keep(folder: Path, case: Case, wrong: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_all(folder)
    for path, data in case.files.items():
        (folder / path).write_bytes(data)
    text = "\n".join([repr(case.arguments), *wrong]) + "\n"
    (folder / "wrong.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()
