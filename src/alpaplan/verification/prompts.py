"""What is sent to a deployment: requests whose prompts no engine has seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

FIRST_TOKEN, END_TOKEN = 1_000, 30_000
"""Tokens of random prompts (numbers, from the first up to the end): every published vocabulary has
them, and special tokens stand at its ends."""


@dataclass(frozen=True)
class Lengths:
    """How many tokens a request has."""

    input_tokens: int
    output_tokens: int


def completion_body(
    model: str, lengths: Lengths, rng: np.random.Generator, *, is_llm: bool
) -> bytes:
    """Return the body of a request to ``/v1/completions``.

    Parameters
    ----------
    model
        What is asked for.
    lengths
        Of its prompt, and of the answer, which ends there and not before.
    rng
        Draws the prompt: two do not begin alike, so that nothing is found in a prefix cache.
    is_llm
        Whether its tokens are wanted as they come.
    """
    prompt = rng.integers(FIRST_TOKEN, END_TOKEN, lengths.input_tokens).tolist()
    fields: dict[str, Any] = {
        "model": model,
        "prompt": prompt,
        "max_tokens": lengths.output_tokens,
        "temperature": 0,
    }
    if is_llm:
        fields |= {"stream": True, "ignore_eos": True, "min_tokens": lengths.output_tokens}
    return json.dumps(fields, separators=(",", ":")).encode()


@dataclass(frozen=True)
class TokenStream:
    """A streamed answer.

    Parameters
    ----------
    times_s
        When its tokens came: an event may bring several.
    is_well
        Whether it had no error.
    finish_reason
        Why it ended, if that was said: ``length`` if it has all tokens that it may have.
    """

    times_s: tuple[float, ...]
    is_well: bool
    finish_reason: str | None = None

    def has(self, num_tokens: int) -> bool:
        """Whether so many tokens came, as far as can be told."""
        return self.finish_reason == "length" or len(self.times_s) >= num_tokens


def read_stream(parts: list[tuple[float, bytes]]) -> TokenStream:
    """Read a streamed answer.

    Parameters
    ----------
    parts
        The body with its times: server-sent events, of which those with a choice bring tokens.
    """
    times_s: list[float] = []
    begun: list[bytes] = []  # of a line whose end is to come, in pieces: one may be very long
    is_well = True
    finish_reason = None
    for time_s, part in parts:
        end, *lines = part.split(b"\n")
        begun.append(end)
        if not lines:
            continue
        whole, begun = b"".join(begun), [lines.pop()]
        for line in (whole, *lines):
            event = _event(line)
            if event is None:
                continue
            choices = event.get("choices")
            if choices:
                times_s.append(time_s)
                finish_reason = _finish_reason(choices) or finish_reason
            is_well = is_well and "error" not in event
    return TokenStream(tuple(times_s), is_well, finish_reason)


def _finish_reason(choices: Any) -> str | None:
    first = choices[0] if isinstance(choices, list) else None
    reason = first.get("finish_reason") if isinstance(first, dict) else None
    return reason if isinstance(reason, str) else None


def _event(line: bytes) -> Mapping[str, Any] | None:
    """Return what an event says; None of a line without one."""
    name, _, value = line.partition(b":")
    if name != b"data" or value.strip() == b"[DONE]":
        return None
    try:
        event = json.loads(value)
    except (ValueError, RecursionError):
        return {"error": "no JSON"}
    return event if isinstance(event, dict) else None
