"""Choices that documents and commands offer by name; listing them imports no specification."""

from __future__ import annotations

from enum import StrEnum


class Dispatch(StrEnum):
    """Which of the groups that hold a model gets a request."""

    SHORTEST_QUEUE = "shortest-queue"
    EARLIEST_FINISH = "earliest-finish"


def rule_for_llms(found: Dispatch) -> str:
    """Describe which dispatch rule a workload with LLMs has to have, and which was found."""
    return f"must be {Dispatch.SHORTEST_QUEUE}, since the workload has LLMs, found {found}"


class Spread(StrEnum):
    """What the groups of a model's required replicas must not share."""

    NONE = "none"
    NODE = "node"


class Serving(StrEnum):
    """How an engine serves what a profile was made for."""

    CONTINUOUS = "continuous"
    """Prompts and answers in iterations, with continuous batching: an LLM's profile."""

    PREFILL = "prefill"
    """Batches of prompts of one length, without answers: a fixed-service model's profile."""


class Generation(StrEnum):
    """Architecture of a device, which its efficiencies depend on."""

    VOLTA = "volta"
    AMPERE = "ampere"
    ADA = "ada"
    HOPPER = "hopper"
    BLACKWELL = "blackwell"
    CDNA3 = "cdna3"


class Effort(StrEnum):
    """How much a search may do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class StopReason(StrEnum):
    """Why a search ended early. Both depend on the clock, so such a plan does not repeat."""

    TIME_LIMIT = "time-limit"
    INTERRUPT = "interrupt"


class BoundLimit(StrEnum):
    """What keeps a bound below 1."""

    OBJECTIVE = "objective"
    MEMORY = "memory"
    CAPACITY = "capacity"


class UnseenSource(StrEnum):
    """Where arrivals that a search does not see come from."""

    SAMPLED = "sampled"
    """Fresh samples of the workload."""

    HELD_OUT = "held-out"
    """The end of its recorded arrivals, with samples beside them for models that have a process."""


class SizeAxis(StrEnum):
    """What sizes and sweeps vary."""

    RATE = "rate"
    CV = "cv"
    SLO = "slo"
    NODES = "nodes"
    COST = "cost"


class LengthsChoice(StrEnum):
    """What is fitted to the token counts of a trace."""

    AUTO = "auto"
    """A law if it fits, else the rows of the trace."""

    LOGNORMAL = "lognormal"
    TRACE = "trace"
