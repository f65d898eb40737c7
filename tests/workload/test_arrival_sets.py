"""The arrivals of a planning run: what is trained on, decided by, and never seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import SpecError
from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.arrival_sets import (
    DECIDING_SAMPLES,
    HELD_OUT_FRACTION,
    REQUESTS_PER_MODEL,
    RUN_REQUESTS,
    TRAINING_RUNS,
    UNSEEN_SAMPLES,
    ArrivalSets,
    make_arrival_sets,
    one_after_another,
    recorded_trace,
    run_requests,
    sample_duration_s,
    workload_trace,
)
from alpaplan.workload.trace import Trace
from tests import builders as make

PAUSE_S = 1.5
RECORDED = {"process": "trace", "path": "requests.csv"}


def models(count: int = 2, rate_rps: float = 50.0) -> tuple[ServedModel, ...]:
    """Return models with bursty arrivals of a process."""
    gamma = {"process": "gamma", "rate_rps": rate_rps, "cv": 3.0}
    entries = [make.model(f"m{i}", arrivals=gamma) for i in range(count)]
    return make.workload(*entries).served_models()


def recorded_models(*names: str) -> tuple[ServedModel, ...]:
    """Return models whose arrivals come from a file."""
    entries = [make.model(name, arrivals=RECORDED) for name in names]
    return make.workload(*entries).served_models()


def recording(*rows: tuple[float, str]) -> Trace:
    """Return a trace as it is read from a file."""
    times_s = np.array([time_s for time_s, _ in rows], dtype=np.float64)
    names = tuple(dict.fromkeys(name for _, name in rows))
    model = np.array([names.index(name) for _, name in rows], dtype=np.int32)
    return Trace(times_s, model, names, float(times_s[-1] - times_s[0]))


def sampled(served: tuple[ServedModel, ...], seed: int = 0) -> ArrivalSets:
    return make_arrival_sets(served, {}, np.random.default_rng(seed), PAUSE_S)


def everything(sets: ArrivalSets) -> list[Trace]:
    return [sets.training, sets.screening, *sets.deciding, *sets.unseen]


def test_training_runs_are_apart_by_the_pause() -> None:
    served = models()
    training, run_s = sampled(served).training, sample_duration_s(served)
    starts_s = np.arange(3) * (run_s + PAUSE_S)
    assert training.duration_s == pytest.approx(3 * run_s + 2 * PAUSE_S)
    assert (np.diff(training.arrival_s) >= 0).all()
    run = np.searchsorted(starts_s, training.arrival_s, side="right") - 1
    assert (training.arrival_s - starts_s[run] < run_s).all()
    assert (np.bincount(run) > 0.9 * RUN_REQUESTS).all()


def test_no_request_of_a_run_meets_one_of_another() -> None:
    entries = [make.model(f"m{i}", slo_s=PAUSE_S) for i in range(2)]
    problem = make.problem(entries, [make.profile(latency_s=0.05, shapes=[(1, 1)])])
    placement = Placement(np.zeros(1, dtype=np.int64), np.ones((1, 2), dtype=np.bool_))
    served = models()
    training, run_s = sampled(served).training, sample_duration_s(served)
    alone = np.zeros(2, dtype=np.int64)
    for start_s in np.arange(3) * (run_s + PAUSE_S):
        run = training.window(start_s, start_s + run_s + PAUSE_S / 2)
        alone += Simulator(problem, run).evaluate(placement).attained
    together = Simulator(problem, training).evaluate(placement)
    # The load is five times what the group can do, so its queue is full when a run ends.
    assert together.slo_attainment < 0.5
    assert together.attained.tolist() == alone.tolist()


def test_runs_are_put_behind_each_other_as_they_are() -> None:
    runs = [recording((0.0, "a"), (2.0, "b")), recording((0.0, "a"), (1.0, "b"), (4.0, "a"))]
    joined = one_after_another(runs, 10.0)
    assert joined.arrival_s.tolist() == [0.0, 2.0, 12.0, 13.0, 16.0]
    assert joined.model.tolist() == [0, 1, 0, 1, 0]
    assert joined.duration_s == 16.0
    assert one_after_another(runs[:1], 10.0).duration_s == 2.0


@pytest.mark.parametrize("count", [2, 250])
def test_screening_is_the_first_run_of_the_training(count: int) -> None:
    served = models(count)
    sets = sampled(served)
    run_s = sample_duration_s(served)
    assert sets.training.duration_s == pytest.approx(
        TRAINING_RUNS * run_s + (TRAINING_RUNS - 1) * PAUSE_S
    )
    assert sets.screening.duration_s == pytest.approx(run_s)
    size = sets.screening.num_requests
    assert size < sets.training.num_requests
    np.testing.assert_array_equal(sets.screening.arrival_s, sets.training.arrival_s[:size])
    np.testing.assert_array_equal(sets.screening.model, sets.training.model[:size])
    assert sets.training.arrival_s[size] >= run_s


def test_training_deciding_and_unseen_are_different_samples() -> None:
    poisson = [make.model(f"m{i}", rate_rps=50.0) for i in range(2)]
    sets = sampled(make.workload(*poisson).served_models())
    assert sets.source == "sampled"
    assert (len(sets.deciding), len(sets.unseen)) == (DECIDING_SAMPLES, UNSEEN_SAMPLES)
    samples = [sets.screening, *sets.deciding, *sets.unseen]
    assert len({trace.duration_s for trace in samples}) == 1
    # Times are drawn from a continuum: equal ones would be of the same draw.
    times = np.concatenate([trace.arrival_s for trace in samples])
    assert np.unique(times).size == times.size


def test_a_seed_gives_the_same_arrivals_again() -> None:
    first, second, other = sampled(models(), 7), sampled(models(), 7), sampled(models(), 8)
    for one, again in zip(everything(first), everything(second), strict=True):
        np.testing.assert_array_equal(one.arrival_s, again.arrival_s)
        np.testing.assert_array_equal(one.model, again.model)
        assert one.duration_s == again.duration_s
    assert first.training.num_requests != other.training.num_requests


@pytest.mark.parametrize("count", [1, 20, 250])
def test_a_run_has_enough_requests_of_every_model(count: int) -> None:
    served = models(count)
    assert run_requests(served) == max(RUN_REQUESTS, REQUESTS_PER_MODEL * count)
    found = np.mean([trace.num_requests for trace in sampled(served).unseen])
    assert found == pytest.approx(run_requests(served), rel=0.05)


def test_recorded_arrivals_are_held_out_at_their_end() -> None:
    rng = np.random.default_rng(3)
    times_s = 1000.0 + np.cumsum(rng.exponential(0.5, 4000))
    trace = recording(*((time_s, f"m{i % 2}") for i, time_s in enumerate(times_s)))
    served = recorded_models("m0", "m1")
    sets = make_arrival_sets(served, dict.fromkeys(("m0", "m1"), trace), rng, PAUSE_S)
    assert (sets.source, sets.deciding) == ("held-out", ())
    assert len({part.duration_s for part in sets.unseen}) == 1
    assert sets.training.arrival_s[0] == 0.0
    cut_s = (1 - HELD_OUT_FRACTION) * trace.duration_s
    assert sets.training.duration_s == pytest.approx(cut_s)
    assert sets.training.arrival_s[-1] < cut_s
    part_s = sets.unseen[0].duration_s
    assert part_s * UNSEEN_SAMPLES == pytest.approx(trace.duration_s - cut_s)
    starts_s = [0.0, *(cut_s + part_s * np.arange(UNSEEN_SAMPLES))]
    traces = [sets.training, *sets.unseen]
    again_s = [part.arrival_s + start for part, start in zip(traces, starts_s, strict=True)]
    np.testing.assert_allclose(np.concatenate(again_s), times_s - times_s[0], atol=1e-9)
    assert np.concatenate([part.model for part in traces]).tolist() == [0, 1] * 2000


@given(
    times=st.lists(st.floats(0, 1e6), min_size=2, max_size=60).map(sorted),
    scale=st.sampled_from([1.0, 1e-3, 1 / 3]),
)
def test_no_recorded_arrival_is_lost_and_none_is_seen_twice(
    times: list[float], scale: float
) -> None:
    if times[0] * scale == times[-1] * scale:
        return
    trace = recording(*((time * scale, "m") for time in times))
    rng = np.random.default_rng(0)
    sets = make_arrival_sets(recorded_models("m"), {"m": trace}, rng, PAUSE_S)
    unseen = [part.num_requests for part in sets.unseen]
    assert sets.training.num_requests + sum(unseen) == len(times)
    # The last one lies at the very end of what was observed, and is in the last part.
    assert unseen[-1] >= 1
    for part in sets.unseen:
        assert (part.arrival_s >= 0).all()
        assert (part.arrival_s <= part.duration_s * (1 + 1e-9) + 1e-9 * times[-1]).all()


def test_models_with_a_process_are_sampled_beside_recorded_ones() -> None:
    entries = [make.model("m", arrivals=RECORDED), make.model("n", rate_rps=5.0)]
    served = make.workload(*entries).served_models()
    trace = recording(*((float(time), "m") for time in range(401)))
    sets = make_arrival_sets(served, {"m": trace}, np.random.default_rng(1), PAUSE_S)
    assert sets.source == "held-out"
    assert [part.requests_per_model()[0] for part in sets.unseen] == [10] * 9 + [11]
    assert sets.training.requests_per_model()[0] == 300
    # Five standard deviations of a Poisson number.
    assert sets.training.requests_per_model()[1] == pytest.approx(1500, abs=5 * 1500**0.5)
    for part in sets.unseen:
        assert part.requests_per_model()[1] == pytest.approx(50, abs=5 * 50**0.5)
        assert (np.diff(part.arrival_s) >= 0).all()
    sampled_s = np.concatenate([part.arrival_s[part.model == 1] for part in sets.unseen])
    assert np.unique(sampled_s).size == sampled_s.size


def test_files_of_different_length_are_cut_to_the_shortest() -> None:
    short = recording((100.0, "a"), (103.0, "a"), (104.0, "a"))
    long = recording((50.0, "b"), (52.0, "other"), (54.0, "b"), (54.5, "b"), (90.0, "b"))
    joined = recorded_trace(recorded_models("a", "b"), {"a": short, "b": long})
    assert joined.duration_s == 4.0
    assert joined.arrival_s.tolist() == [0.0, 0.0, 3.0, 4.0, 4.0]
    assert joined.model.tolist() == [0, 1, 0, 0, 1]
    assert joined.model_names == ("a", "b")


def test_arrivals_at_a_single_instant_are_refused() -> None:
    instant = recording((5.0, "m"), (5.0, "m"))
    with pytest.raises(SpecError, match="must span some time, found a single instant") as caught:
        make_arrival_sets(recorded_models("m"), {"m": instant}, np.random.default_rng(0), PAUSE_S)
    assert caught.value.role == "workload"
    assert caught.value.issues[0].where == ("models",)


@pytest.mark.parametrize("duration_s", [None, 10.0, 1000.0])
def test_a_workload_is_replayed_to_the_end_of_its_recording(duration_s: float | None) -> None:
    trace = recording((0.0, "m"), (4.0, "m"), (10.0, "m"))
    rng = np.random.default_rng(0)
    replayed = workload_trace(recorded_models("m"), {"m": trace}, rng, duration_s)
    assert replayed.arrival_s.tolist() == [0.0, 4.0, 10.0]
    assert replayed.duration_s == 10.0


def test_a_workload_is_replayed_and_sampled_for_as_long_as_asked() -> None:
    trace = recording((0.0, "m"), (4.0, "m"), (10.0, "m"))
    rng = np.random.default_rng(0)
    cut = workload_trace(recorded_models("m"), {"m": trace}, rng, 4.5)
    assert (cut.arrival_s.tolist(), cut.duration_s) == ([0.0, 4.0], 4.5)
    assert workload_trace(models(), {}, rng, 20.0).duration_s == 20.0
    assert workload_trace(models(), {}, rng).duration_s == sample_duration_s(models())


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((0.0, 10.0, 60.0), "none in the last 25% of the recorded time"),
        ((80.0, 90.0), "none in the first 75% of the recorded time"),
    ],
)
def test_a_part_of_the_recording_without_arrivals_is_refused(
    times: tuple[float, ...], found: str
) -> None:
    others = ((0.0, "other"), (100.0, "other"))
    trace = recording(*sorted([*((time, "m") for time in times), *others]))
    with pytest.raises(SpecError, match=f"to plan on and to judge by, found {found}") as caught:
        make_arrival_sets(recorded_models("m"), {"m": trace}, np.random.default_rng(0), PAUSE_S)
    assert caught.value.issues[0].where == ("models",)


def test_runs_that_end_before_the_first_arrival_are_refused() -> None:
    busy = {"duration_s": 100, "arrivals": {"process": "poisson", "rate_rps": 1000}}
    windows = [{"duration_s": 86400}, busy]
    entry = make.model(arrivals={"process": "piecewise", "windows": windows})
    with pytest.raises(SpecError, match="found none in runs of"):
        sampled(make.workload(entry).served_models())


def test_screening_has_arrivals_though_the_recording_begins_without() -> None:
    times = [0.0, *np.arange(40.0, 100.0), 100.0]
    rows = [(time, "m" if 40 <= time < 100 else "other") for time in times]
    trace = recording(*rows)
    rng = np.random.default_rng(0)
    sets = make_arrival_sets(recorded_models("m"), {"m": trace}, rng, PAUSE_S)
    assert sets.training.arrival_s[0] == 40.0
    assert sets.screening.num_requests == sets.training.num_requests
