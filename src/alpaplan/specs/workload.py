"""The workload document: the models that are asked for, their objectives and arrivals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from alpaplan.errors import Issue
from alpaplan.specs.arrivals import ArrivalsSpec, TraceArrivals, at_share
from alpaplan.specs.choices import Spread
from alpaplan.specs.fields import (
    Count,
    Name,
    PositiveNumber,
    PositiveSeconds,
    Spec,
    exactly_one,
    fail_at,
)
from alpaplan.specs.lengths import (
    MAX_TOKENS,
    ConstantLengths,
    Lengths,
    LengthsSpec,
    MeanLengths,
    TokenObjectives,
)

MAX_MODELS = 100_000
"""Most models of one workload, after `count` is written out."""

LLM_KEYS = ("slo", "max_context_tokens", "lengths")
"""Keys of a workload's entry that LLMs have and fixed-service models do not."""

_RECORDED: JsonDict = {"properties": {"process": {"const": "trace"}}}
_LLM_SCHEMA: JsonDict = {
    "required": ["max_context_tokens"],
    "not": {"required": ["slo_scale"]},
    "anyOf": [{"required": ["slo"]}, {"required": ["slo_s"]}],
    "if": {"properties": {"arrivals": _RECORDED}},
    "then": {"not": {"required": ["lengths"]}},
    "else": {"required": ["lengths"]},
}
_ENTRY_SCHEMA: JsonDict = {
    "if": {"anyOf": [{"required": [key]} for key in LLM_KEYS]},
    "then": _LLM_SCHEMA,
    "else": exactly_one("slo_s", "slo_scale"),
}


@dataclass(frozen=True)
class ServedModel:
    """One model of a workload after ``count`` is written out.

    Parameters
    ----------
    name
        What requests ask for.
    profile
        Name of its model profile.
    slo_s, slo_scale
        Latency objective: exactly one of them is not None, or for an LLM `slo_s` at most.
    weight
        How much one attained request counts.
    arrivals
        Its own process; every rate is this model's share.
    entry
        Index of the workload's entry it comes from.
    slo
        Objectives of an LLM on its tokens.
    max_context_tokens
        Most tokens of a request of an LLM, input and output together; None for a fixed-service
        model.
    lengths
        Lengths of the requests of an LLM; None where the rows of recorded arrivals have them and
        were not looked at.
    min_replicas
        On how many groups at least it has to have replicas; 0 if a plan may do without it.
    spread
        What these groups must not share.
    stated
        The model as the document has it, where this is a variation of it that takes the same random
        draws, so that they differ by what is varied and not by chance; None: it is no variation.
    """

    name: str
    profile: str
    slo_s: float | None
    slo_scale: float | None
    weight: float
    arrivals: ArrivalsSpec
    entry: int
    slo: TokenObjectives | None = None
    max_context_tokens: int | None = None
    lengths: Lengths | None = None
    min_replicas: int = 0
    spread: Spread = Spread.NONE
    stated: ServedModel | None = None

    @property
    def is_llm(self) -> bool:
        """Whether the workload describes an LLM; its profile has to agree."""
        return self.max_context_tokens is not None

    def mean_lengths(self) -> MeanLengths:
        """Return the lengths of an average request of an LLM."""
        context = self.max_context_tokens or 2
        return MeanLengths.unknown(context) if self.lengths is None else self.lengths.mean(context)


class ModelEntry(Spec):
    """One entry of a workload: one model, or `count` alike."""

    model_config = ConfigDict(json_schema_extra=_ENTRY_SCHEMA)

    name: Name
    count: int | None = Field(default=None, strict=True, ge=1, le=MAX_MODELS)
    profile: Name
    slo_s: PositiveSeconds | None = Field(
        default=None, description="latency objective; the deadline is arrival + slo_s"
    )
    slo_scale: PositiveNumber | None = Field(
        default=None, description="objective as a multiple of the smallest configuration's latency"
    )
    slo: TokenObjectives | None = Field(default=None, description="objectives of an LLM")
    weight: PositiveNumber = Field(default=1.0, description="how much one attained request counts")
    min_replicas: Count | None = Field(
        default=None, description="replicas on at least that many groups, whether they pay or not"
    )
    spread: Spread = Field(
        default=Spread.NONE, description="node: these replicas on groups that share no node"
    )
    max_context_tokens: int | None = Field(
        default=None,
        strict=True,
        ge=2,
        le=2 * MAX_TOKENS,
        description="most tokens of a request of an LLM, input and output together",
    )
    arrivals: ArrivalsSpec = Field(discriminator="process")
    lengths: LengthsSpec | None = Field(
        default=None,
        discriminator="process",
        description="input and output tokens of an LLM's requests; recorded arrivals have their "
        "own",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        found = [key for key in LLM_KEYS if getattr(self, key) is not None]
        if found:
            fail_at(self._llm_issues(found[0]))
        else:
            self._require_one_objective()
        return self

    def _llm_issues(self, found: str) -> Iterator[Issue]:
        """Yield what is wrong with an LLM's entry, which has the key that was found."""
        if self.slo_scale is not None:
            what = "is for fixed-service models; LLMs have slo or slo_s"
            yield Issue(("slo_scale",), f"{what}, found {found} beside it")
        elif self.slo is None and self.slo_s is None:
            yield Issue((), "must have slo or slo_s, found none")
        if self.max_context_tokens is None:
            yield Issue((), f"missing key 'max_context_tokens', which goes with {found}")
        is_recorded = isinstance(self.arrivals, TraceArrivals)
        if self.lengths is None and not is_recorded:
            yield Issue((), "missing key 'lengths', which LLMs need unless arrivals are recorded")
        elif self.lengths is not None and is_recorded:
            what = "must not stand beside recorded arrivals, which have lengths of their own"
            yield Issue(("lengths",), what)
        if isinstance(self.lengths, ConstantLengths) and self.max_context_tokens is not None:
            total = self.lengths.input_tokens + self.lengths.output_tokens
            if total > self.max_context_tokens:
                limit = f"max_context_tokens ({self.max_context_tokens})"
                what = f"input_tokens + output_tokens must be at most {limit}, found {total}"
                yield Issue(("lengths",), what)

    def _require_one_objective(self) -> None:
        if (self.slo_s is None) == (self.slo_scale is None):
            found = "none" if self.slo_s is None else "both"
            text = f"must have either slo_s or slo_scale, found {found}"
            raise PydanticCustomError("objective", "{text}", {"text": text})

    def names(self) -> list[str]:
        """Names of the models that this entry stands for."""
        if self.count is None:
            return [self.name]
        return [f"{self.name}-{index}" for index in range(self.count)]


class WorkloadSpec(Spec):
    """What the cluster has to serve."""

    kind: Literal["workload"]
    version: Literal[1]
    name: Name
    models: tuple[ModelEntry, ...] = Field(min_length=1)

    @field_validator("models")
    @classmethod
    def _check_models(cls, entries: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
        num_models = sum(entry.count or 1 for entry in entries)
        if num_models > MAX_MODELS:
            fail_at([Issue((), f"must be at most {MAX_MODELS} models, found {num_models}")])
        first: dict[str, int] = {}
        issues = []
        for index, entry in enumerate(entries):
            taken = next((name for name in entry.names() if name in first), None)
            if taken is not None:
                message = f"duplicate {taken!r}, first at number {first[taken] + 1}"
                issues.append(Issue((index, "name"), message))
            for name in entry.names():
                first.setdefault(name, index)
        fail_at(issues)
        return entries

    def served_models(self) -> tuple[ServedModel, ...]:
        """Write out ``count`` and share out rates: one item for each model, in file order.

        This is done once: later calls return the same tuple.
        """
        return self._served_models

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy as pydantic does, but for `served_models`: the copy may have other models."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_served_models", None)
        return copied

    @cached_property
    def _served_models(self) -> tuple[ServedModel, ...]:
        return tuple(
            ServedModel(
                name=name,
                profile=entry.profile,
                slo_s=entry.slo_s,
                slo_scale=entry.slo_scale,
                weight=entry.weight,
                arrivals=at_share(entry.arrivals, index, entry.count or 1),
                entry=entry_index,
                slo=entry.slo,
                max_context_tokens=entry.max_context_tokens,
                lengths=entry.lengths,
                min_replicas=entry.min_replicas or 0,
                spread=entry.spread,
            )
            for entry_index, entry in enumerate(self.models)
            for index, name in enumerate(entry.names())
        )
