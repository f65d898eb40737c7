"""What can go wrong because of a user's input, and the exit code each kind ends with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

Location = tuple[str | int, ...]
"""Where in a document: keys and list indices from its top, such as ``("models", 3, "slo_s")``."""


@dataclass(frozen=True)
class Issue:
    """One thing wrong with one place of one document.

    Parameters
    ----------
    where
        Place inside the document; empty for the document as a whole.
    message
        What is wrong and what was found, in one line.
    """

    where: Location
    message: str


class AlpaplanWarning(UserWarning):
    """What a user has to know of an input that is used all the same; commands print it."""


class AlpaplanError(Exception):
    """Anything that a user's input can cause; shown without a traceback."""

    exit_code = 2


class InputError(AlpaplanError):
    """Everything wrong with the files of one invocation, one finished line each.

    Parameters
    ----------
    lines
        ``path:line: where: what is wrong, what was found``.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class SpecError(AlpaplanError):
    """Issues found in a parsed document, before its path and line numbers are known.

    Raised where lines are not known; whoever loaded the file turns it into an `InputError`.

    Parameters
    ----------
    role
        Which document: ``"cluster"``, ``"workload"``, ``"plan"``, ``"trace"``,
        ``"layer-profile"``, or a part of a checkpoint (`alpaplan.profiling.config_format`).
    issues
        What is wrong, in document order.
    """

    def __init__(self, role: str, issues: Iterable[Issue]) -> None:
        self.role = role
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.message for issue in self.issues))


class TooManyArrivalsError(AlpaplanError):
    """An arrival process would leave more arrivals than memory should be filled with."""


class UnprofiledBatchSizeError(AlpaplanError):
    """A batch size outside what a profile was measured for: nothing is extrapolated."""


class InfeasibleError(AlpaplanError):
    """No placement can exist; the message says which model, what it needs and what there is."""

    exit_code = 3


class InterruptedWithoutPlanError(AlpaplanError):
    """The search was stopped before it had a first placement."""

    exit_code = 130


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or an empty string."""
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
