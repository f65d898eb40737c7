"""The tables of what a search tried, and of what its steps gained."""

from __future__ import annotations

from alpaplan.analysis.attempts import (
    AttemptSummary,
    Verdict,
    leading_attempts,
    ranked_attempts,
    step_gains,
)
from alpaplan.report.plan_tables import MAX_ROWS
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.search.planner import PlanResult
from alpaplan.units import format_seconds

LOSERS_SHOWN = 3
"""Attempts that a summary shows beside the winner (a count)."""


def tried_table(result: PlanResult, *, explain: bool = False) -> Table:
    """Return the winner and what lost to it, best first.

    Parameters
    ----------
    result
        What the search found.
    explain
        Whether to show more than the best of a few other divisions into groups.
    """
    num_attempts = len(result.tried)
    made = Table(
        f"Tried: {result.num_evaluations:,} placements in {num_attempts:,} "
        f"attempt{'' if num_attempts == 1 else 's'}, on training arrivals",
        *("method", "groups (intra_op, inter_op)", "replicas", "attainment", "latency", ""),
        right=("replicas", "attainment", "latency"),
    )
    attempts = ranked_attempts(result)
    shown = attempts[:MAX_ROWS] if explain else leading_attempts(result, LOSERS_SHOWN)
    for attempt in shown:
        candidate = attempt.candidate
        made.add_row(
            candidate.method,
            candidate.partition,
            str(int(candidate.placement.replicas.sum())),
            percent(candidate.score.attainment),
            format_seconds(candidate.evaluation.mean_latency_s),
            _describe_verdict(attempt),
        )
    how = "attempts" if explain else "attempts (--explain shows them)"
    made.hide_rows(num_attempts - len(shown), how)
    return made


def steps_table(result: PlanResult) -> Table:
    """Return what each step of a search gained."""
    columns = ("step", "placements", "attainment", "gained")
    made = Table(
        "What each step gained in points, on training arrivals", *columns, right=columns[1:]
    )
    for gain in step_gains(result):
        made.add_row(
            "\n  ".join([gain.step.name, *gain.step.notes]),
            f"{gain.step.num_evaluations:,}",
            percent(gain.step.best.attainment),
            f"{100 * gain.gained:+.2f}",
        )
    return made


def _describe_verdict(attempt: AttemptSummary) -> str:
    if attempt.verdict is Verdict.MISSES_MORE:
        return f"{100 * attempt.missed_more:.2f} points fewer"
    if attempt.verdict is Verdict.SLOWER:
        return f"{format_seconds(attempt.slower_s)} slower"
    return str(attempt.verdict.value)
