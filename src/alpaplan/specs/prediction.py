"""What a plan promises: the part of the document that its simulation fills."""

from __future__ import annotations

from pydantic import Field

from alpaplan.specs.choices import BoundLimit, UnseenSource
from alpaplan.specs.fields import (
    Fraction,
    Name,
    NonNegativeNumber,
    NonNegativeSeconds,
    PositiveNumber,
    Spec,
)

HELD_ATTAINMENT = 0.99
"""Attainment that headroom is about (a fraction)."""

MAX_NODE_LOSSES = 10
"""Nodes whose loss a plan tells of (a count): the worst ones."""


class LatencySummary(Spec):
    """Mean and percentiles of times."""

    mean: NonNegativeSeconds
    p50: NonNegativeSeconds
    p90: NonNegativeSeconds
    p99: NonNegativeSeconds


class ArrivalsRecord(Spec):
    """The arrivals that a number was measured on."""

    source: UnseenSource = Field(
        description="new samples of the workload, or the last part of its recorded arrivals"
    )
    runs: int = Field(strict=True, ge=1)
    run_s: NonNegativeSeconds = Field(description="length of each run")
    requests: int = Field(strict=True, ge=0, description="of all runs together")


class UpperBound(Spec):
    """An attainment that no placement exceeds on some arrivals, and this plan's on the same."""

    slo_attainment: Fraction
    reached: Fraction
    limit: BoundLimit | None = Field(default=None, description="what keeps the bound below 1")


class NodeLoss(Spec):
    """What a plan attains without the groups that have a device on one node."""

    node: Name
    slo_attainment: Fraction


class EnginePrediction(Spec):
    """What to expect of an LLM's engine, in all runs together."""

    model: Name
    kv_tokens: int = Field(strict=True, ge=0, description="that its KV cache holds")
    kv_peak_tokens: int = Field(strict=True, ge=0, description="most that were taken at once")
    preemptions: int = Field(strict=True, ge=0, description="requests that lost their KV tokens")


class GroupPrediction(Spec):
    """What to expect of one group."""

    name: Name
    utilization: Fraction = Field(description="mean busy fraction of its stages")
    replicas: tuple[EnginePrediction, ...] = Field(default=(), description="of a group of LLMs")


class Prediction(Spec):
    """What to expect of the plan, measured on arrivals that the search did not see."""

    slo_attainment: Fraction
    confidence_interval_95: tuple[Fraction, Fraction] | None = Field(
        default=None, description="of the mean attainment over many runs"
    )
    prediction_interval_95: tuple[Fraction, Fraction] | None = Field(
        default=None, description="of the attainment of one more run of this length"
    )
    training_slo_attainment: Fraction | None = Field(
        default=None,
        description="on the arrivals that the search saw: too optimistic",
    )
    upper_bound: UpperBound | None = None
    goodput_rps: NonNegativeNumber | None = None
    latency_s: LatencySummary | None = Field(default=None, description="of attained requests")
    ttft_s: LatencySummary | None = Field(
        default=None, description="to the first token, of all served requests for LLMs"
    )
    tpot_s: LatencySummary | None = Field(
        default=None, description="for each token after the first, of the same"
    )
    output_tokens_per_s: NonNegativeNumber | None = Field(
        default=None, description="tokens of the answers of LLMs"
    )
    headroom_rate_scale: PositiveNumber | None = Field(
        default=None,
        description=f"how many times all rates may grow until less than {HELD_ATTAINMENT:.0%} "
        "is attained",
    )
    node_loss: tuple[NodeLoss, ...] = Field(
        default=(),
        max_length=MAX_NODE_LOSSES,
        description="attainment after the loss of a node, the worst first",
    )
    groups: tuple[GroupPrediction, ...] = ()
    arrivals: ArrivalsRecord | None = None
