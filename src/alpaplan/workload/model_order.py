"""An order of models that depends neither on their names nor on the order of the document.

Two workloads that differ in these alone state the same problem. Whatever is drawn or searched by
this order gives them the same arrivals and the same placement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.arrivals import process_of
from alpaplan.workload.trace import Trace

_NOT_OF_ARRIVALS = ("name", "entry", "lengths", "stated")
"""Fields of a model that say nothing about what it is, or nothing about when requests come."""


def order_of_models(
    models: Sequence[ServedModel], recorded: Mapping[str, Trace] | None = None
) -> NDArray[np.int64]:
    """Return the numbers of the models in an order that follows from what they are.

    Parameters
    ----------
    models
        The models.
    recorded
        Model name -> the trace that holds its arrivals, for models with recorded arrivals.

    Returns
    -------
    int64[M]
        By profile, then by kind of arrivals, then by rate. Models that nothing tells apart may
        take each other's place.
    """
    digests = _digests_of_recordings(recorded or {})
    keys = [
        (*_arrivals_key(model), repr(model.lengths), digests.get(model.name, ""))
        for model in models
    ]
    return np.array(sorted(range(len(models)), key=keys.__getitem__), dtype=np.int64)


def random_streams_of(
    models: Sequence[ServedModel], rng: np.random.Generator
) -> list[np.random.Generator]:
    """Return a generator for each model, seeded by numbers that `rng` draws.

    A model's generator is that of its rank by rate among the models of the same profile and kind
    of arrivals. So renaming and reordering change nothing; nor does scaling all rates or changing
    objectives; and a change to one model leaves all others their generators but those of its kind
    whose rank it changes. Lengths have no part in it, as arrivals do not depend on them.
    """
    common = rng.integers(2**32, size=4).tolist()
    streams: dict[int, np.random.Generator] = {}
    words: tuple[int, ...] = ()
    kind: tuple[str, str] | None = None
    rank = 0
    keys = [_arrivals_key(model) for model in models]
    for index in sorted(range(len(models)), key=keys.__getitem__):
        if keys[index][0] != kind:
            kind, rank = keys[index][0], 0
            words = _words(kind)
        streams[index] = np.random.default_rng([*common, *words, rank])
        rank += 1
    return [streams[index] for index in range(len(models))]


def _arrivals_key(model: ServedModel) -> tuple[tuple[str, str], float, str]:
    """Return the model's kind, its rate, and in words all else that a workload says of it."""
    model = model.stated or model
    arrivals = model.arrivals
    # Recorded ones are told apart by what was recorded.
    rate_rps = 0.0 if isinstance(arrivals, TraceArrivals) else process_of(arrivals).rate_rps
    names = [field.name for field in fields(model) if field.name not in _NOT_OF_ARRIVALS]
    words = " ".join(repr(getattr(model, name)) for name in names)
    return (model.profile, arrivals.process), rate_rps, words


def _words(kind: tuple[str, str]) -> tuple[int, ...]:
    digest = hashlib.sha256("\0".join(kind).encode()).digest()
    return tuple(np.frombuffer(digest[:16], dtype="<u4").tolist())


def _digests_of_recordings(recorded: Mapping[str, Trace]) -> dict[str, str]:
    """Return what tells the recorded arrivals of models apart."""
    # A model without rows is the same whether its trace names it or not.
    digests = dict.fromkeys(recorded, hashlib.sha256().hexdigest())
    for trace in {id(trace): trace for trace in recorded.values()}.values():
        by_model = np.argsort(trace.model, kind="stable")
        bounds = np.cumsum(trace.requests_per_model())[:-1]
        for name, times_s in zip(
            trace.model_names, np.split(trace.arrival_s[by_model], bounds), strict=True
        ):
            if recorded.get(name) is trace:
                digests[name] = hashlib.sha256(times_s.tobytes()).hexdigest()
    return digests
