"""Measured iterations of engines, and the profiles of LLMs that many of them make."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.files.importers.cells import profile_name
from alpaplan.files.importers.measurement import (
    ConfigKey,
    check_names,
    in_order,
    profile_of,
    title_of,
)
from alpaplan.files.importers.reading import Reading
from alpaplan.files.line_issues import FileIssues, Place
from alpaplan.profiling.steps import MeasuredStep, fit_steps, left_out_errors
from alpaplan.specs.profile import ModelProfileSpec

SIGNIFICANT_DIGITS = 5
"""Of fitted seconds (a count; 4 to 9): below the errors of any fit."""


@dataclass(frozen=True)
class KvSize:
    """Memory of KV tokens of all stages on a device of each, as far as a source says it.

    Parameters
    ----------
    num_tokens
        KV tokens.
    least_bytes, most_bytes
        Their memory lies between these.
    """

    num_tokens: int
    least_bytes: float
    most_bytes: float


@dataclass(frozen=True)
class Iterations:
    """Iterations of a model in one parallel configuration, and the memory that they need.

    Parameters
    ----------
    model, device, intra_op, inter_op
        See `Measurement`.
    what
        Which they are, different for each of a configuration.
    steps
        The iterations, all stages together.
    weight_bytes, activation_bytes
        Weights on each device, and working memory without KV tokens.
    kv
        Memory of some KV tokens, all stages together.
    place, tool
        See `Measurement`.
    """

    model: str
    device: str
    intra_op: int
    inter_op: int
    what: str
    steps: tuple[MeasuredStep, ...]
    weight_bytes: int
    activation_bytes: int
    kv: KvSize
    place: Place
    tool: str = ""

    @property
    def config(self) -> ConfigKey:
        """What was measured, and where."""
        return self.model, self.device, self.intra_op, self.inter_op


@dataclass(frozen=True)
class FitErrors:
    """How far predictions of single iterations from the others are off.

    Parameters
    ----------
    num_steps
        Iterations that were left out, one at a time.
    median, percentile_90
        Of the absolute relative errors; NaN if there are none.
    """

    num_steps: int
    median: float
    percentile_90: float

    @classmethod
    def of(cls, errors: Sequence[float]) -> FitErrors:
        """Sum up relative errors."""
        if not errors:
            return cls(0, math.nan, math.nan)
        median, percentile_90 = np.quantile(np.abs(errors), (0.5, 0.9))
        return cls(len(errors), float(median), float(percentile_90))

    def describe(self) -> str:
        """Describe the errors."""
        if not self.num_steps:
            return "not known, as iterations are too few to leave one out"
        below = f"90% below {self.percentile_90:.1%}"
        return f"median {self.median:.1%}, {below} ({self.num_steps:,} iterations)"


IterationsSource = Callable[[str, Sequence[Iterations], FitErrors], str]
"""Model, its iterations and their errors -> what its profile says of where the numbers are from."""


IterationsReading = Reading[Iterations, IterationsSource]
"""Iterations of engines."""


def make_engine_profiles(reading: IterationsReading) -> tuple[list[ModelProfileSpec], list[str]]:
    """Make one profile a model, and say of each how well its step times fit.

    Models are in order of appearance, and so are the devices of each; configurations on a device
    go up.

    Raises
    ------
    InputError
        With what is wrong with the reading, and what is found wrong here: iterations that say the
        same thing twice or have other weights, two models of one profile name.
    """
    by_model: dict[str, list[Iterations]] = {}
    for iterations in reading.records:
        by_model.setdefault(iterations.model, []).append(iterations)
    check_names(by_model, reading.issues)
    grouped = {model: _by_config(found, reading.issues) for model, found in by_model.items()}
    reading.issues.raise_any()
    profiles, notes = [], []
    for model, by_config in grouped.items():
        steps = {key: _steps(found) for key, found in by_config.items()}
        errors = FitErrors.of([error for of in steps.values() for error in left_out_errors(of)])
        configs = [_config(by_config[key], steps[key]) for key in in_order(by_config)]
        profiles.append(profile_of(model, configs, reading.source(model, by_model[model], errors)))
        notes.append(
            f"{profile_name(model)}: leave-one-out error of step times: {errors.describe()}"
        )
    return profiles, notes


def _by_config(
    iterations: Iterable[Iterations], issues: FileIssues
) -> dict[ConfigKey, list[Iterations]]:
    """Group the iterations of a model; what contradicts is added to the issues."""
    grouped: dict[ConfigKey, dict[str, Iterations]] = {}
    for new in iterations:
        found = grouped.setdefault(new.config, {})
        where = f"{title_of(new.config)} with {new.what}"
        if new.what in found:
            issues.add(new.place, f"duplicate {where}, first at {found[new.what].place}")
        first = next(iter(found.values()), new)
        if new.weight_bytes != first.weight_bytes:
            same = f"of {first.what} ({first.place})"
            issues.add(new.place, f"{where}: must have the weights {same}, found others")
        found.setdefault(new.what, new)
    return {config: list(found.values()) for config, found in grouped.items()}


def _steps(iterations: Iterable[Iterations]) -> list[MeasuredStep]:
    return [step for found in iterations for step in found.steps]


def _config(iterations: Sequence[Iterations], steps: Sequence[MeasuredStep]) -> dict[str, object]:
    """Make one configuration, in the keys of a document, with equal stages."""
    first = iterations[0]
    times = fit_steps(steps)
    kv_bytes = kv_bytes_per_token([found.kv for found in iterations])

    def each_stage_s(seconds: float) -> tuple[float, ...]:
        rounded_s = float(f"{seconds / first.inter_op:.{SIGNIFICANT_DIGITS}g}")
        return (rounded_s,) * first.inter_op

    def each_stage(num_bytes: int) -> tuple[int, ...]:
        return (num_bytes,) * first.inter_op

    return {
        "device": first.device,
        "intra_op": first.intra_op,
        "inter_op": first.inter_op,
        "stage_weight_bytes": each_stage(first.weight_bytes),
        "stage_working_bytes": each_stage(max(found.activation_bytes for found in iterations)),
        "stage_kv_bytes_per_token": each_stage(-(-kv_bytes // first.inter_op)),
        "stage_step_s": {tokens: each_stage_s(step_s) for tokens, step_s in times.step_s.items()},
        "stage_kv_read_s": each_stage_s(times.kv_read_s),
        "stage_attention_s": each_stage_s(times.attention_s),
    }


def kv_bytes_per_token(sizes: Sequence[KvSize]) -> int:
    """Return the bytes of one KV token, from rounded sizes of many.

    Of the whole numbers that agree with all sizes, the one that 2 divides most often: widths of
    heads, numbers of heads and bytes of a number are powers of 2 or nearly so. If none agrees,
    tokens do not all take the same, as where some layers keep a window of them: the size of the
    most tokens, rounded up.
    """
    least = max(size.least_bytes / size.num_tokens for size in sizes)
    most = min(size.most_bytes / size.num_tokens for size in sizes)
    for divisor in (1 << power for power in range(60, -1, -1)):
        multiple = math.ceil(least / divisor) * divisor
        if 1 <= multiple <= most:
            return multiple
    largest = max(sizes, key=lambda size: size.num_tokens)
    return max(1, math.ceil(largest.least_bytes / largest.num_tokens))
