"""Measured iterations of an engine, and the step times that a profile of an LLM keeps of them.

What an iteration takes is a time for its tokens, and two terms in proportion to the work of
attention: pairs of a prompt token and a token at or before it, and KV tokens that decoding requests
attend to. The two are fitted, the times for each number of tokens are what is left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.engine import EngineConfig

LARGEST_STEP_TOKENS = 8192
"""Most tokens of an iteration that are taken over (a count; 2,048 to 16,384): engines take no more
of prompts at once by default. vLLM has 8,192 on devices of 70 GB and more, 2,048 on others."""

SHORTEST_STEP_S = 1e-9
"""Least time of a table (s), as whole nanoseconds are what a simulation counts in."""


@dataclass(frozen=True)
class MeasuredStep:
    """One iteration.

    Parameters
    ----------
    num_tokens
        Tokens that go through the model.
    num_pairs
        Pairs of a prompt token and a token at or before it.
    num_kv_tokens
        KV tokens that decoding requests attend to.
    seconds
        What it took, above 0.
    """

    num_tokens: int
    num_pairs: int
    num_kv_tokens: int
    seconds: float

    @classmethod
    def of_prompts(cls, num_prompts: int, input_tokens: int, seconds: float) -> MeasuredStep:
        """Return the iteration of whole prompts of one length, without decoding requests."""
        pairs = num_prompts * (input_tokens * (input_tokens + 1) // 2)
        return cls(num_prompts * input_tokens, pairs, 0, seconds)

    @classmethod
    def of_decoding(cls, num_requests: int, kv_tokens: int, seconds: float) -> MeasuredStep:
        """Return the iteration of decoding requests that attend to `kv_tokens` each."""
        return cls(num_requests, 0, num_requests * kv_tokens, seconds)


@dataclass(frozen=True)
class StepTimes:
    """What iterations take.

    Parameters
    ----------
    step_s
        Tokens -> seconds, rising in tokens, with one row or more.
    attention_s
        For each pair of a prompt token and a token at or before it.
    kv_read_s
        For each KV token that decoding requests attend to.
    """

    step_s: Mapping[int, float]
    attention_s: float
    kv_read_s: float

    def seconds(self, num_tokens: int, num_pairs: float = 0, num_kv_tokens: float = 0) -> float:
        """Return what an iteration takes, `SHORTEST_STEP_S` at least."""
        attention_s = self.attention_s * num_pairs + self.kv_read_s * num_kv_tokens
        return max(SHORTEST_STEP_S, interpolated_step_s(self.step_s, num_tokens) + attention_s)


def stage_times(config: EngineConfig, stage: int) -> StepTimes:
    """Return what iterations take on one stage of a configuration."""
    none = (0.0,) * config.inter_op
    return StepTimes(
        {tokens: stages_s[stage] for tokens, stages_s in config.stage_step_s.items()},
        (config.stage_attention_s or none)[stage],
        (config.stage_kv_read_s or none)[stage],
    )


def interpolated_step_s(step_s: Mapping[int, float], num_tokens: int) -> float:
    """Return the time of an iteration of so many tokens, without the terms of attention.

    The first row's up to it, between two rows on the line through them, and beyond the last on the
    line through the last two; of one row, its time.
    """
    rows = sorted(step_s)
    if num_tokens <= rows[0] or len(rows) == 1:
        return step_s[rows[0]]
    above = min(bisect_left(rows, num_tokens), len(rows) - 1)
    first, last = rows[above - 1], rows[above]
    rise_s = step_s[last] - step_s[first]
    return step_s[first] + rise_s * (num_tokens - first) / (last - first)


def fit_steps(steps: Sequence[MeasuredStep]) -> StepTimes:
    """Fit the two terms of attention and the time for each number of tokens that was measured.

    By least squares of the relative errors, with terms that are not negative. Times of numbers of
    tokens that occur once are met exactly.
    """
    weights = np.array([1 / step.seconds for step in steps])
    work = np.array([[step.num_pairs, step.num_kv_tokens] for step in steps], dtype=float)
    seconds = np.array([step.seconds for step in steps])
    tokens, group = np.unique([step.num_tokens for step in steps], return_inverse=True)
    squares = np.bincount(group, weights**2)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(group, weights**2 * values) / squares

    apart = np.stack([column - mean(column)[group] for column in work.T], axis=1)
    terms = _not_negative(apart * weights[:, None], (seconds - mean(seconds)[group]) * weights)
    left_s = mean(seconds - work @ terms)
    step_s = {
        int(count): max(float(left), SHORTEST_STEP_S)
        for count, left in zip(tokens, left_s, strict=True)
    }
    return StepTimes(step_s, float(terms[0]), float(terms[1]))


def _not_negative(work: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares factors of two columns; one that would be negative is 0."""
    terms = np.zeros(2)
    free = [column for column in range(2) if np.any(work[:, column])]
    while free:
        scale = np.abs(work[:, free]).max(axis=0)
        found = np.linalg.lstsq(work[:, free] / scale, seconds, rcond=None)[0] / scale
        if (found >= 0).all():
            found[found * np.abs(work[:, free]).max(axis=0) < SHORTEST_STEP_S] = 0
            terms[free] = found
            break
        del free[int(np.argmin(found))]
    return terms


def left_out_errors(steps: Sequence[MeasuredStep]) -> list[float]:
    """Return the relative error of each step as the others predict it: (predicted - is) / is.

    Steps with the fewest and the most tokens of all are left out of this where no other has as
    many: nothing could tell what they take. Empty if there are no others.
    """
    counts = [step.num_tokens for step in steps]
    ends = {count for count in (min(counts), max(counts)) if counts.count(count) == 1}
    errors = []
    for index, step in enumerate(steps):
        if step.num_tokens in ends:
            continue
        others = fit_steps([*steps[:index], *steps[index + 1 :]])
        predicted_s = others.seconds(step.num_tokens, step.num_pairs, step.num_kv_tokens)
        errors.append(predicted_s / step.seconds - 1)
    return errors
