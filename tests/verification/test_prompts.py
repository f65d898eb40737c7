"""Requests to deployments, and when their tokens come."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alpaplan.verification.prompts import Lengths, TokenStream, completion_body, read_stream


def test_prompts_have_their_length_and_begin_differently() -> None:
    rng = np.random.default_rng(0)
    bodies = [json.loads(completion_body("m", Lengths(64, 5), rng, is_llm=True)) for _ in range(20)]
    assert {len(body["prompt"]) for body in bodies} == {64}
    assert len({tuple(body["prompt"][:4]) for body in bodies}) == 20
    body = bodies[0]
    assert (body["max_tokens"], body["min_tokens"]) == (5, 5)
    assert body["stream"] is True
    assert body["ignore_eos"] is True


def test_fixed_service_models_are_asked_for_one_token() -> None:
    body = json.loads(
        completion_body("m", Lengths(2048, 1), np.random.default_rng(0), is_llm=False)
    )
    assert (len(body["prompt"]), body["max_tokens"]) == (2048, 1)
    assert "stream" not in body


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def test_tokens_come_with_events_that_have_a_choice() -> None:
    first, second = event(choices=[{"text": "a"}]), event(choices=[{"text": ""}])
    usage = event(choices=[], usage={"completion_tokens": 2})
    parts = [
        (1.0, first + second[:10]),  # an event may come in two parts
        (2.0, second[10:]),
        (3.0, b": a comment\n\n" + usage + b"data: [DONE]\n\n"),
    ]
    assert read_stream(parts) == TokenStream((1.0, 2.0), True)


@pytest.mark.parametrize(
    ("choices", "finish_reason", "has_three"),
    [
        ([{"text": "a"}] * 3, None, True),
        ([{"text": "a"}] * 2, None, False),
        ([{"text": "a"}, {"text": "b", "finish_reason": "stop"}], "stop", False),
        # One event may bring several tokens.
        ([{"text": "a b", "finish_reason": None}, {"finish_reason": "length"}], "length", True),
        ([{"finish_reason": 7}], None, False),
    ],
)
def test_an_answer_that_ends_early_lacks_tokens(
    choices: list[dict[str, object]], finish_reason: str | None, has_three: bool
) -> None:
    found = read_stream([(1.0, event(choices=[choice])) for choice in choices])
    assert found.finish_reason == finish_reason
    assert found.has(3) == has_three


def test_choices_that_are_none_are_no_reason() -> None:
    assert read_stream([(1.0, event(choices={"0": "a"}))]) == TokenStream((1.0,), True)


def test_an_error_inside_a_stream_is_trouble() -> None:
    found = read_stream([(1.0, event(choices=[{}])), (2.0, event(error="no memory"))])
    assert found == TokenStream((1.0,), False)
    assert read_stream([(1.0, b"data: {\n")]) == TokenStream((), False)


def test_what_cannot_be_read_is_trouble() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert read_stream([(1.0, b"data: " + deep + b"\n")]) == TokenStream((), False)


def test_a_line_may_come_in_very_many_parts() -> None:
    # Put together anew for each part, they would take minutes.
    parts = [(1.0, b"x" * 4096)] * 10_000
    whole = event(choices=[{"text": "a"}])
    times_s = [(float(at), whole[at : at + 1]) for at in range(len(whole))]
    assert read_stream([*parts, (1.5, b"\n"), *times_s]) == TokenStream((len(whole) - 2.0,), True)
