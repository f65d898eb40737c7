"""Columns of token counts in logs of LLMs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import MAX_TOKENS, float_column, floats
from alpaplan.files.csv_table import Chunk
from alpaplan.files.logs.records import LogReading, LogTable, column_of, usual_column
from alpaplan.units import format_value

INPUT_COLUMNS = (
    "input_tokens", "input_length", "prompt_tokens", "contexttokens", "context_tokens",
    "prompt_length", "request tokens", "num_prefill_tokens", "data.input_tokens",
    "usage.prompt_tokens", "usage.input_tokens",
)  # fmt: skip
OUTPUT_COLUMNS = (
    "output_tokens", "output_length", "completion_tokens", "generatedtokens", "generated_tokens",
    "response_length", "response tokens", "num_decode_tokens", "data.output_tokens",
    "usage.completion_tokens", "usage.output_tokens",
)  # fmt: skip
"""Names of columns that are looked for, whatever their case; the first one that is there counts.
Published logs have them (Azure, Mooncake, ServeGen, BurstGPT, Vidur), and APIs of servers."""


def token_columns(log: LogTable, reading: LogReading) -> tuple[int, int] | None:
    """Return the positions of input and output tokens; None if nobody names them or finds both.

    Raises
    ------
    InputError
        If a column that the user names is absent, or the other one is.
    """
    if reading.input_column is None and reading.output_column is None:
        usual = (usual_column(log, INPUT_COLUMNS), usual_column(log, OUTPUT_COLUMNS))
        return None if usual[0] is None or usual[1] is None else (usual[0], usual[1])
    return (
        column_of(log, reading.input_column, INPUT_COLUMNS, "input"),
        column_of(log, reading.output_column, OUTPUT_COLUMNS, "output"),
    )


def read_tokens(
    chunk: Chunk,
    columns: tuple[int, int] | None,
    reading: LogReading,
    *,
    may_lack: bool = True,
) -> dict[str, NDArray[np.int32]]:
    """Return the token counts of rows as columns of records.

    Parameters
    ----------
    chunk, columns
        Where they are; None if the file has none.
    reading
        Told that there are token counts, and how many of them were 0.
    may_lack
        Whether cells may be empty, such as those of requests that no LLM answers.

    Returns
    -------
    int32[num_rows] by field
        Counts from 1 on; 0 where a cell is empty. A request of 0 tokens, such as one that failed,
        counts as one of 1: engines read and write at least that.
    """
    if columns is None:
        none = np.zeros(len(chunk.lines), dtype=np.int32)
        return {"input_tokens": none, "output_tokens": none}
    reading.has_tokens = True
    tokens = {}
    for field, column in zip(("input_tokens", "output_tokens"), columns, strict=True):
        counts, num_raised = _counts(chunk, column, may_lack=may_lack)
        reading.num_raised += num_raised
        tokens[field] = counts
    return tokens


def _counts(chunk: Chunk, column: int, *, may_lack: bool) -> tuple[NDArray[np.int32], int]:
    """Read whole numbers, and return how many of them were 0."""
    values = float_column(chunk, column)
    if values is None or not _are_counts(values).all():
        values = _one_by_one(chunk, column, may_lack=may_lack)
    is_zero = values == 0
    counts = np.where(is_zero, 1, np.where(np.isnan(values), 0, values))
    return counts.astype(np.int32), int(np.count_nonzero(is_zero))


def _one_by_one(chunk: Chunk, column: int, *, may_lack: bool) -> NDArray[np.float64]:
    """Read cells of which some are empty or wrong; these become NaN."""
    texts = chunk.column(column)
    found = np.full(len(texts), np.nan)
    for row, (line, text) in enumerate(zip(chunk.lines, texts, strict=True)):
        if may_lack and not text.strip():
            continue
        value = floats([text])
        if value is not None and _are_counts(value).all():
            found[row] = value[0]
        else:
            what = f"must be a whole number from 0 to {MAX_TOKENS:,}"
            chunk.issues.add(line, f"{chunk.header[column]}: {what}, found {format_value(text)}")
    return found


def _are_counts(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether numbers are counts; many tools write whole numbers with a fraction of 0."""
    is_count: NDArray[np.bool_] = (
        (values >= 0) & (values <= MAX_TOKENS) & (values == np.floor(values))
    )
    return is_count
