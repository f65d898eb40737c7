"""Messages and places that the spoiled files do not cover."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alpaplan.errors import Issue
from alpaplan.files.validation import MAX_ERRORS, issues_of
from alpaplan.files.yaml_tree import parse_yaml
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.fields import Spec
from alpaplan.specs.registry import DOCUMENT_KINDS
from tests.files.examples import EXAMPLES


def issues(kind: str, old: str, new: str) -> list[Issue]:
    """Validate an example after a replacement, and return what is wrong."""
    assert old in EXAMPLES[kind]
    root, text_issues = parse_yaml(EXAMPLES[kind].replace(old, new, 1))
    assert text_issues == []
    spec_type: type[Spec] = DOCUMENT_KINDS[kind]
    with pytest.raises(ValidationError) as caught:
        spec_type.model_validate(root.value)
    return issues_of(caught.value, spec_type, root)


@pytest.mark.parametrize(
    ("kind", "old", "new", "where", "message"),
    [
        ("cluster", "count: 2", "count: 9999999", ("node_pools", 0, "count"), "at most 1000000"),
        ("cluster", "name: c", f"name: {'n' * 300}", ("name",), "at most 200 characters"),
        ("cluster", "name: c", "name:", ("name",), "must be text, found nothing"),
        ("cluster", "serving:", "serving: []\nx:", ("serving",), "must be a mapping of keys"),
        ("cluster", "serving:", "serving:\n  max_batch: 1", ("serving", "max_batch"), "max_batch_"),
        (
            "workload",
            "states: [{rate_rps: 1, mean_duration_s: 1min}",
            "states: [{rate: 1, mean_duration_s: 1min}",
            ("models", 5, "arrivals", "states", 0, "rate"),
            "unknown key 'rate'; did you mean 'rate_rps'?",
        ),
        (
            "workload",
            "duration_s: 1h, arrivals: {process: poisson, rate_rps: 2}",
            "duration_s: 1h, arrivals: {rate_rps: 2}",
            ("models", 6, "arrivals", "windows", 0, "arrivals"),
            "missing key 'process' (one of deterministic, poisson, gamma, weibull, pareto, mmpp)",
        ),
        ("workload", "process: mmpp", "process: 3", ("models", 5, "arrivals", "process"), "one of"),
        ("workload", "rate_rps: 1}}", "rate_rps: [1]}}", ("models", 0, "arrivals", "rate_rps"), ""),
        (
            "model-profile",
            "{1: [1MB, 0], 2",
            "{1: 5, 2",
            ("configs", 0, "stage_activation_bytes", 1),
            "must be a list, found 5",
        ),
        (
            "model-profile",
            "{1: [1MB, 0], 2: [2MB, 0]}",
            "[1]",
            ("configs", 0, "stage_activation_bytes"),
            "must be a mapping of keys to values, found a list",
        ),
        (
            "layer-profile",
            "{1: 4.1ms",
            "{1: soon",
            ("layers", 0, "latency_s", 2, 1),
            "found 'soon'",
        ),
        (
            "placement-plan",
            "confidence_interval_95: [0.97, 0.99]",
            "confidence_interval_95: [0.97, 0.98, 0.99]",
            ("prediction", "confidence_interval_95"),
            "at most 2, found 3",
        ),
        ("placement-plan", "[0, 1, 2, 3]", "[5000]", ("groups", 0, "devices", 0, "devices", 0), ""),
    ],
)
def test_place_and_message(kind: str, old: str, new: str, where: tuple[Any], message: str) -> None:
    found = issues(kind, old, new)
    assert where in [issue.where for issue in found]
    assert any(message in issue.message for issue in found)


def test_long_values_are_abbreviated() -> None:
    (issue,) = issues("cluster", "1ms", "x" * 5000)
    assert "(5000 characters)" in issue.message
    assert len(issue.message) < 200


def test_endless_errors_are_cut() -> None:
    pools = [1] * (2 * MAX_ERRORS)
    root, _ = parse_yaml(f"kind: cluster\nversion: 1\nname: c\nnode_pools: {pools}\n")
    with pytest.raises(ValidationError) as caught:
        ClusterSpec.model_validate(root.value)
    assert len(issues_of(caught.value, ClusterSpec, root)) == MAX_ERRORS
