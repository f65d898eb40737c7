"""The arrivals a plan is searched on, and those it is judged by, which the search never sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpaplan.errors import Issue, SpecError
from alpaplan.specs.choices import UnseenSource
from alpaplan.specs.workload import ServedModel
from alpaplan.units import format_seconds
from alpaplan.workload.sampling import expected_rate_rps, merge_traces, sample_trace
from alpaplan.workload.split import hold_out
from alpaplan.workload.trace import Trace

RUN_REQUESTS = 40_000
"""Requests of one sampled run (a count; 10,000 to 200,000). AlpaServe's artifact trains on 30,000:
with CV 4 the attainment of one run then scatters by about half a point."""

TRAINING_RUNS = 3
"""Runs that candidates are scored on (a count; 1 to 10). At equal work plans of 480 models lose 6%
fewer unseen requests with three than with one; with 60 models as many."""

LONGER = 2
"""How many times as many there are to improve the best candidates on (a factor; 1 to 10), where
simulations are cheap: by then many changes have been tried on fewer, and what is left to gain is
less than what chance makes of those."""

LLM_TRAINING_RUN_REQUESTS = 14_000
"""Requests of each training run with LLMs, which cost some hundred times as much to simulate (a
count; 8,000 to 40,000). What wins there is decided on whole runs, as an overload that builds up
slowly does not show in short ones."""

SCREENING_FRACTION = 1 / 3
"""Part of recorded arrivals by which hopeless candidates are rejected (a fraction; 0.1 to 0.5); of
sampled ones it is the first run."""

REQUESTS_PER_MODEL = 200
"""Fewest requests of a run for each model on average (a count; 50 to 1,000), so that bursts of
every model are seen also where there are thousands of models."""

DECIDING_SAMPLES = 4
"""Fresh runs on which the best candidates are compared (a count;
2 to 10). Recorded arrivals cannot be drawn again: there the training arrivals decide."""

UNSEEN_SAMPLES = 10
"""Samples, or parts of a held-out trace, that the prediction is made from (a count; 5 to 30)."""

HELD_OUT_FRACTION = 0.25
"""Last part of recorded arrivals that the search does not see (a fraction; 0.1 to 0.5)."""


@dataclass(frozen=True)
class ArrivalSets:
    """Arrivals for one planning run.

    Parameters
    ----------
    training
        What candidates are scored on: runs one after another, with pauses in which every
        queue empties.
    screening
        The beginning of the training arrivals; all of them if none come so early.
    deciding
        What the best of them are compared on; may be empty.
    unseen
        What the winner's prediction is made from; all of one length.
    source
        Where the unseen arrivals come from; held-out ones are consecutive parts of the end.
    longer
        The training arrivals and more like them; None if there are no more.
    """

    training: Trace
    screening: Trace
    deciding: tuple[Trace, ...]
    unseen: tuple[Trace, ...]
    source: UnseenSource
    longer: Trace | None = None

    @property
    def has_arrivals(self) -> bool:
        """Whether there are any to plan on, and any to judge by."""
        return self.training.num_requests > 0 and any(run.num_requests for run in self.unseen)

    def for_models(self, model_names: Sequence[str]) -> ArrivalSets:
        """Return the same arrivals, indexed in another order of the models."""
        return ArrivalSets(
            self.training.for_models(model_names),
            self.screening.for_models(model_names),
            tuple(trace.for_models(model_names) for trace in self.deciding),
            tuple(trace.for_models(model_names) for trace in self.unseen),
            self.source,
            None if self.longer is None else self.longer.for_models(model_names),
        )


def make_arrival_sets(
    models: Sequence[ServedModel],
    recorded: Mapping[str, Trace],
    rng: np.random.Generator,
    pause_s: float,
) -> ArrivalSets:
    """Draw or cut the arrivals to plan on and those to judge by.

    Parameters
    ----------
    models
        The workload's models.
    recorded
        Model name -> the trace of its file, for models with recorded arrivals.
    rng
        Source of all samples.
    pause_s
        Pause between two runs of the training: the longest latency objective at least, after
        which no accepted request is left.

    Raises
    ------
    SpecError
        If there are too many arrivals, or none to plan on or to judge by.
    """
    sets = _held_out(models, recorded, rng) if recorded else _sampled(models, rng, pause_s)
    require_arrivals(sets)
    return sets


def unseen_arrivals(
    models: Sequence[ServedModel], recorded: Mapping[str, Trace], rng: np.random.Generator
) -> tuple[Trace, ...]:
    """Draw or cut only those arrivals that `make_arrival_sets` leaves unseen, with the same `rng`.

    Raises
    ------
    SpecError
        If there are too many arrivals.
    """
    _, _, unseen_rng = rng.spawn(3)
    if not recorded:
        return _samples(models, sample_duration_s(models), unseen_rng, UNSEEN_SAMPLES)
    _, held_out = hold_out(recorded_trace(models, recorded), HELD_OUT_FRACTION)
    return _unseen_parts(models, held_out, unseen_rng)


def _sampled(
    models: Sequence[ServedModel], rng: np.random.Generator, pause_s: float
) -> ArrivalSets:
    training_rng, deciding_rng, unseen_rng = rng.spawn(3)
    whole_s = sample_duration_s(models)

    run_s, longer = whole_s, LONGER
    if any(model.is_llm for model in models):
        run_s, longer = whole_s * min(1.0, LLM_TRAINING_RUN_REQUESTS / run_requests(models)), 1
    runs = _samples(models, run_s, training_rng, TRAINING_RUNS * longer)
    training = one_after_another(runs[:TRAINING_RUNS], pause_s)
    return ArrivalSets(
        training,
        runs[0],
        _samples(models, whole_s, deciding_rng, DECIDING_SAMPLES),
        _samples(models, whole_s, unseen_rng, UNSEEN_SAMPLES),
        UnseenSource.SAMPLED,
        one_after_another(runs, pause_s) if longer > 1 else None,
    )


def _held_out(
    models: Sequence[ServedModel], recorded: Mapping[str, Trace], rng: np.random.Generator
) -> ArrivalSets:
    training_rng, _, unseen_rng = rng.spawn(3)
    training, held_out = hold_out(recorded_trace(models, recorded), HELD_OUT_FRACTION)
    training = _with_samples(models, training, training_rng)
    unseen = _unseen_parts(models, held_out, unseen_rng)
    return ArrivalSets(training, _beginning(training), (), unseen, UnseenSource.HELD_OUT)


def _unseen_parts(
    models: Sequence[ServedModel], held_out: Trace, rng: np.random.Generator
) -> tuple[Trace, ...]:
    parts = _equal_parts(held_out, UNSEEN_SAMPLES)
    rngs = rng.spawn(UNSEEN_SAMPLES)
    return tuple(_with_samples(models, part, own) for part, own in zip(parts, rngs, strict=True))


def require_arrivals(sets: ArrivalSets) -> None:
    """Refuse arrivals that a plan cannot be searched on, or not be judged by.

    Raises
    ------
    SpecError
        If there are none.
    """
    if sets.has_arrivals:
        return
    if not any(trace.num_requests for trace in sets.unseen):
        where = f"the last {HELD_OUT_FRACTION:.0%} of the recorded time"
    else:
        where = f"the first {1 - HELD_OUT_FRACTION:.0%} of the recorded time"
    if sets.source is UnseenSource.SAMPLED:
        where = f"runs of {format_seconds(sets.unseen[0].duration_s)}"
    what = f"must have arrivals to plan on and to judge by, found none in {where}"
    raise SpecError("workload", [Issue(("models",), what)])


def workload_trace(
    models: Sequence[ServedModel],
    recorded: Mapping[str, Trace],
    rng: np.random.Generator,
    duration_s: float | None = None,
) -> Trace:
    """Return one trace of the workload: recorded arrivals as they are, the others sampled.

    Parameters
    ----------
    models, recorded, rng
        As for `make_arrival_sets`.
    duration_s
        Length; None for that of the recorded arrivals, or one of about `RUN_REQUESTS`.
    """
    if not recorded:
        return _cold_sample(models, duration_s or sample_duration_s(models), rng)
    trace = recorded_trace(models, recorded)
    if duration_s is not None and duration_s < trace.duration_s:
        trace = trace.window(0.0, duration_s)
    return _with_samples(models, trace, rng)


def sample_duration_s(models: Sequence[ServedModel]) -> float:
    """Return the length of a sample with enough requests, in seconds."""
    return float(run_requests(models) / np.nansum(expected_rate_rps(models)))


def run_requests(models: Sequence[ServedModel]) -> int:
    """Return how many requests a sampled run should have."""
    return max(RUN_REQUESTS, REQUESTS_PER_MODEL * len(models))


def one_after_another(runs: Sequence[Trace], pause_s: float) -> Trace:
    """Put traces of the same models behind each other, with a pause between each two."""
    starts_s = np.cumsum([0.0] + [run.duration_s + pause_s for run in runs])
    shifted = [run.starting_at(-start) for run, start in zip(runs, starts_s.tolist(), strict=False)]
    return Trace.joined(shifted, float(starts_s[-1]) - pause_s)


def _beginning(training: Trace) -> Trace:
    beginning = training.window(0.0, SCREENING_FRACTION * training.duration_s)
    # Without arrivals nothing could be told from it.
    return beginning if beginning.num_requests else training


def _equal_parts(trace: Trace, num_parts: int) -> list[Trace]:
    """Cut a trace that starts at 0 into consecutive parts, each with its beginning as time 0."""
    part_s = trace.duration_s / num_parts
    starts_s = np.arange(num_parts) * part_s
    # All from its start on is the last part's: the last arrival is at the very end.
    first = [*np.searchsorted(trace.arrival_s, starts_s).tolist(), trace.num_requests]
    return [
        replace(
            trace.take(slice(first[i], first[i + 1])).starting_at(float(starts_s[i])),
            duration_s=part_s,
        )
        for i in range(num_parts)
    ]


def recorded_trace(models: Sequence[ServedModel], recorded: Mapping[str, Trace]) -> Trace:
    """Join the recorded arrivals of all models; each file's first arrival becomes time 0.

    Files of different length are cut to the shortest, so that the models' loads stay in
    proportion.

    Raises
    ------
    SpecError
        If a file has arrivals at one instant only, so that it says nothing about a rate.
    """
    names = tuple(model.name for model in models)
    files: dict[int, tuple[Trace, list[str]]] = {}
    for name in names:
        if name in recorded:
            files.setdefault(id(recorded[name]), (recorded[name], []))[1].append(name)
    duration_s = min(trace.duration_s for trace, _ in files.values())
    if duration_s <= 0:
        what = "recorded arrivals must span some time, found a single instant"
        raise SpecError("workload", [Issue(("models",), what)])
    parts = []
    for trace, members in files.values():
        shifted = trace.starting_at(float(trace.arrival_s[0]))
        kept = shifted.for_models(members).for_models(names)
        # The last arrival is at duration_s itself, which a half-open window would drop.
        parts.append(kept.window(0.0, float(np.nextafter(duration_s, np.inf))))
    return merge_traces(parts, duration_s)


def _cold_sample(
    models: Sequence[ServedModel], duration_s: float, rng: np.random.Generator
) -> Trace:
    """Sample as AlpaServe's evaluation does: every process starts at time 0 with a whole gap.

    Bursts of all models coincide there, so that a plan is also searched for, and judged by, a
    start under full load. A stationary sample would predict up to a point more for bursty models.
    """
    return sample_trace(models, duration_s, rng, cold_start=True)


def _samples(
    models: Sequence[ServedModel], duration_s: float, rng: np.random.Generator, count: int
) -> tuple[Trace, ...]:
    return tuple(_cold_sample(models, duration_s, own) for own in rng.spawn(count))


def _with_samples(models: Sequence[ServedModel], trace: Trace, rng: np.random.Generator) -> Trace:
    """Add samples of the models that have a process to recorded arrivals of the others."""
    sampled = sample_trace(models, trace.duration_s, rng)
    return merge_traces([trace, sampled], trace.duration_s)
