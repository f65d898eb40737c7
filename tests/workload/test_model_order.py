from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.model_order import order_of_models, random_streams_of
from alpaplan.workload.trace import Trace

PROCESSES: list[dict[str, Any]] = [
    {"process": "gamma", "rate_rps": 3.0, "cv": 4.0},
    {"process": "gamma", "rate_rps": 1.0, "cv": 4.0},
    {"process": "poisson", "rate_rps": 5.0},
    {"process": "trace", "path": "requests.csv"},
]

entries = st.lists(
    st.tuples(st.sampled_from("pq"), st.sampled_from([1.0, 2.0]), st.sampled_from(PROCESSES)),
    min_size=1,
    max_size=8,
)


def served(what: Sequence[tuple[str, float, dict[str, Any]]]) -> tuple[ServedModel, ...]:
    models = [
        {"name": f"m{index}", "profile": profile, "slo_s": slo_s, "arrivals": arrivals}
        for index, (profile, slo_s, arrivals) in enumerate(what)
    ]
    document = {"kind": "workload", "version": 1, "name": "w", "models": models}
    return WorkloadSpec.model_validate(document).served_models()


def unlabeled(model: ServedModel) -> ServedModel:
    return replace(model, name="", entry=0)


def first_numbers(models: Sequence[ServedModel], seed: int = 0) -> list[float]:
    streams = random_streams_of(models, np.random.default_rng(seed))
    return [float(stream.random()) for stream in streams]


@given(what=entries, data=st.data())
def test_names_and_the_order_of_the_document_change_nothing(
    what: list[tuple[str, float, dict[str, Any]]], data: st.DataObject
) -> None:
    models = served(what)
    other = served(data.draw(st.permutations(what)))
    assert [unlabeled(models[m]) for m in order_of_models(models)] == [
        unlabeled(other[m]) for m in order_of_models(other)
    ]

    def numbers(models: tuple[ServedModel, ...]) -> list[tuple[str, float]]:
        drawn = zip(map(unlabeled, models), first_numbers(models), strict=True)
        return sorted((repr(model), number) for model, number in drawn)

    assert numbers(models) == numbers(other)


@given(what=entries)
def test_every_model_has_a_generator_of_its_own(
    what: list[tuple[str, float, dict[str, Any]]],
) -> None:
    assert len(set(first_numbers(served(what)))) == len(what)


def test_streams_stay_when_all_rates_are_scaled_or_objectives_change() -> None:
    what = [("p", 1.0, PROCESSES[0]), ("p", 1.0, PROCESSES[1]), ("q", 1.0, PROCESSES[2])]
    faster = [
        (profile, 9.0, process | {"rate_rps": 2 * process["rate_rps"]})
        for profile, _, process in what
    ]
    assert first_numbers(served(what)) == first_numbers(served(faster))


def test_the_generator_that_is_given_decides() -> None:
    models = served([("p", 1.0, PROCESSES[0])])
    assert first_numbers(models, seed=0) != first_numbers(models, seed=1)
    rng = np.random.default_rng(0)
    first, second = random_streams_of(models, rng)[0], random_streams_of(models, rng)[0]
    assert first.random() != second.random()


@pytest.mark.parametrize("names", [("m0", "m1"), ("m1", "m0")])
def test_recorded_models_are_told_apart_by_what_was_recorded(names: tuple[str, str]) -> None:
    recorded = {"process": "trace", "path": "requests.csv"}
    models = served([("p", 1.0, recorded), ("p", 1.0, recorded)])
    trace = Trace(np.arange(3.0), np.array([0, 1, 1], dtype=np.int32), names, 2.0)
    order = order_of_models(models, dict.fromkeys(("m0", "m1"), trace))
    ordered = [models[m].name for m in order]
    assert ordered in (["m0", "m1"], ["m1", "m0"])
    other = replace(trace, model_names=names[::-1])
    swapped = [models[m].name for m in order_of_models(models, dict.fromkeys(names, other))]
    assert swapped == ordered[::-1]


def test_a_model_without_rows_has_its_place_whether_its_trace_names_it_or_not() -> None:
    models = served([("p", 1.0, PROCESSES[3])] * 3)
    times_s, rows = np.array([0.0, 1.0, 3.0]), np.array([0, 1, 1], dtype=np.int32)
    orders = []
    for names in (("m0", "m1"), ("m0", "m1", "m2")):
        trace = Trace(times_s, rows, names, 3.0)
        recorded = {model.name: trace for model in models}
        orders.append(order_of_models(models, recorded).tolist())
    assert orders[0] == orders[1]
