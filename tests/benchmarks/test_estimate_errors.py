"""Estimates are as good as the guide says, on tables that they were not fitted to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.estimate_errors import grouped, markdown, summary
from tests.benchmarks.estimate_points import (
    Point,
    aiconfigurator_points,
    memory_points,
    splitwise_points,
    vidur_points,
)
from tests.benchmarks.iteration_points import iteration_points

GOAL = 0.15
"""Largest median absolute error of prefill latency."""


def errors(points: list[Point]) -> dict[tuple[object, ...], float]:
    return {key: summary(rows).median_absolute for key, rows in grouped(points, "model").items()}


@pytest.mark.parametrize("gpu", ["a100", "h100", "h200"])
class TestAiconfigurator:
    def test_prefill_latency(self, gpu: str, shared_cases: Path) -> None:
        points = list(aiconfigurator_points(shared_cases, gpu))
        assert len(points) > 1000
        assert summary(points).median_absolute < 0.07
        assert max(errors(points).values()) < GOAL

    def test_memory(self, gpu: str, shared_cases: Path) -> None:
        by_part = grouped(memory_points(shared_cases, gpu), "what")
        medians = {key[0]: summary(points).median_absolute for key, points in by_part.items()}
        assert medians["weights"] < 0.01
        assert medians["kvcache"] < 0.01
        assert medians["activations"] < 0.25
        assert medians["together"] < 0.02


def test_splitwise(shared_cases: Path) -> None:
    points = list(splitwise_points(shared_cases))
    assert len(points) == 152
    assert summary(points).median_absolute < 0.11
    assert all(summary(rows).median_absolute < GOAL for rows in grouped(points, "device").values())
    assert max(errors(points).values()) < GOAL


@pytest.mark.parametrize("gpu", ["a100", "h100", "a40"])
def test_vidur(gpu: str, shared_cases: Path) -> None:
    found = summary(vidur_points(shared_cases, gpu))
    assert found.median_absolute < 0.07
    assert found.percentile_90 < GOAL


@pytest.mark.parametrize("model", ["qwen3-8b", "qwen3-30b-a3b", "qwen3.5-27b"])
def test_iterations(model: str) -> None:
    by_part = grouped(iteration_points((model,)), "what")
    medians = {key[0]: summary(points).median_absolute for key, points in by_part.items()}
    assert medians["decoding"] < GOAL
    assert medians["prompts"] < GOAL
    assert medians["KV bytes"] < 0.001


def test_summary_counted_by_hand() -> None:
    points = [Point({"model": "m"}, estimated, 10.0) for estimated in (8.0, 11.0, 13.0)]
    found = summary(points)
    assert found.num_rows == 3
    assert found.median_absolute == pytest.approx(0.2)
    assert found.bias == pytest.approx(0.1)
    assert found.percentile_90 == pytest.approx(0.3)
    assert markdown("title", grouped(points, "model"))[2] == "| m | 3 | 20.0% | +10.0% | 30.0% |"
