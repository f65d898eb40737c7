"""How long an iteration of an LLM engine takes on each stage (rule 6)."""

from __future__ import annotations

import math

from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.engine_arrays import LATEST_NS, NS_PER_S, Engines, Groups, Work

_LONGEST_NS = 2.0**61
"""Longest time of a stage, so that sums of two times stay within 64 bits."""


@in_kernel
def step_row(engines: Engines, work: Work, engine: int, tokens: int) -> int:
    """Return the row of the step table to interpolate from.

    The search starts at the last row, which rarely changes from one iteration to the next.
    """
    first, last = engines.first_step[engine], engines.last_step[engine]
    row = work.step_row[engine]
    while row + 1 < last and tokens >= engines.step_tokens[row + 1]:
        row += 1
    while row > first and tokens < engines.step_tokens[row]:
        row -= 1
    work.step_row[engine] = row
    return int(row)


@in_kernel
def step_s(engines: Engines, engine: int, stage: int, row: int, tokens: int) -> float:
    """Return a stage's time from the step table: linear also beyond the last row, but not below."""
    below = engines.step_s[row * engines.most_stages + stage]
    fewest = engines.step_tokens[row]
    if row == engines.last_step[engine] or tokens <= fewest:
        return float(below)
    above = engines.step_s[(row + 1) * engines.most_stages + stage]
    wider = engines.step_tokens[row + 1] - fewest
    return float(below + (above - below) * (tokens - fewest) / wider)


@in_kernel
def stage_ns(
    engines: Engines,
    engine: int,
    group: int,
    stage: int,
    of_table_s: float,
    pairs: int,
    held_tokens: int,
) -> int:
    """Return the time of a stage in an iteration.

    Parameters
    ----------
    of_table_s
        Time from the step table.
    pairs
        Pairs of a prompt token and a token at or before it.
    held_tokens
        KV tokens of decoding requests.
    """
    at = engine * engines.most_stages + stage
    work_s = of_table_s + engines.attention_s[at] * pairs + engines.kv_read_s[at] * held_tokens
    rounded_ns = math.floor(min(work_s * engines.slowdown[group] * NS_PER_S + 0.5, _LONGEST_NS))
    time_ns = max(rounded_ns, 1)
    return int(time_ns + engines.iteration_overhead_ns if stage == 0 else time_ns)


@in_kernel
def pass_stages(
    engines: Engines,
    groups: Groups,
    work: Work,
    engine: int,
    group: int,
    tokens: int,
    pairs: int,
    held_tokens: int,
    now_ns: int,
) -> int:
    """Run an iteration through all stages, and return when it ends."""
    row = step_row(engines, work, engine, tokens)
    clock = group * engines.most_stages
    end_ns = now_ns
    for stage in range(engines.num_stages[group]):
        of_table_s = step_s(engines, engine, stage, row, tokens)
        time_ns = stage_ns(engines, engine, group, stage, of_table_s, pairs, held_tokens)
        end_ns = min(max(end_ns, groups.clock_ns[clock + stage]) + time_ns, LATEST_NS)
        groups.clock_ns[clock + stage] = end_ns
        groups.busy_ns[clock + stage] += time_ns
    return end_ns
