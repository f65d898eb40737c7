"""The tables of `alpaplan analyze`."""

from __future__ import annotations

import numpy as np

from alpaplan.analysis.sharing import SharingAnalysis
from alpaplan.report.sharing import analysis_tables
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.analysis.sharings import analysis_of, gamma, profile_of
from tests.report.text import lines_of, rows_of


def shown(analysis: SharingAnalysis) -> list[str]:
    return lines_of(analysis_tables(analysis), 200)


def test_tables() -> None:
    profile = profile_of((1, [0.1]), (1, [0.052, 0.056]), (1, [0.04, 0.04, 0.04, 0.05]))
    models = [
        make.model("m", arrivals=gamma(4.0, 3.0)),
        make.model("late", slo_s=0.05, rate_rps=0.5),
        {**make.model("n", rate_rps=1.0), "count": 2},
    ]
    found = shown(analysis_of(*models, profiles=(profile,)))
    assert found[0] == "offered load 0.65 erlangs on 4 devices: 16.2% utilized"
    # The most load first, equal models in one row.
    assert rows_of(found, "Each model on devices of its own (4)") == [
        ["m", "1 s", "100 ms", "4", "3", "9", "0.40", "95%", "67%", "6%", "2"],
        ["n-0..1", "1 s", "100 ms", "1", "1", "1", "0.10", "95%", "95%", "76%", "1"],
        ["late", "50 ms", "100 ms", "0.5", "1", "1", "0.05", "0%", "0%", "0%", "-"],
    ]
    assert "too slow for their objective even without waiting: late" in found
    pipelines = rows_of(found, "Pipelines instead")
    assert [row[:5] for row in pipelines] == [
        ["p", "gpu", "2", "1.080", "1.120"],
        ["p", "gpu", "4", "1.700", "2.000"],
    ]
    assert pipelines[1][5:] == ["never", "never", "does not"]
    rows = rows_of(found, "Largest overheads that pooling repays at 16%")
    assert [row[0] for row in rows] == ["2", "4"]


def test_a_profile_without_a_single_stage_has_nothing_to_compare() -> None:
    profile = profile_of((1, [0.05, 0.05]))
    found = shown(analysis_of(make.model(), profiles=(profile,)))
    assert "no profile has both a configuration of one stage that fits and a pipeline" in found


def test_long_tables_are_cut() -> None:
    entries = [make.model(f"m{i}x", rate_rps=1 + i) for i in range(45)]
    found = shown(analysis_of(*entries))
    assert "and 5 more" in [line.strip() for line in found]


def test_without_a_model_that_the_formulas_know_no_number_of_devices_is_said() -> None:
    wild = {"process": "pareto", "rate_rps": 1.0, "shape": 1.5}
    assert not any(
        "are in time with" in line for line in shown(analysis_of(make.model(arrivals=wild)))
    )


def test_gaps_without_a_variance_are_said_to_be_beyond_the_formulas() -> None:
    wild = {"process": "pareto", "rate_rps": 1.0, "shape": 1.5}
    lines = shown(analysis_of(make.model("wild", arrivals=wild), make.model("tame")))
    assert "gaps without a variance, which the formulas do not cover: wild" in lines
    assert lines[1:4] == [
        (
            "by formulas of queues, 99% of each model's requests are in time with 1 device if "
            "each model has its own (1 left out: too slow, or beyond the formulas)"
        ),
        (
            "these are bounds of queues without what model parallelism and rejected requests "
            "gain: a plan often does with fewer, and `alpaplan size --axis nodes` finds with how "
            "few"
        ),
        (
            "with all devices shared, requests wait 658 us on average if arrivals are Poisson "
            "(M/G/1; 658 us if requests are also alike, M/D/1); the formulas do not cover arrivals "
            "as they are"
        ),
    ]
    assert not any("tightest" in line for line in lines)
    assert [row[5:] for row in rows_of(lines, "Pipelines instead")] == [
        ["0.0 to 100.0%", "-", "-"],
        ["0.0 to 100.0%", "-", "-"],
    ]


def test_an_overloaded_cluster() -> None:
    found = shown(analysis_of(make.model(rate_rps=50.0)))
    assert "offered load 5 erlangs on 4 devices: 125.0% utilized" in found
    overloaded = "requests wait ever longer, because more work arrives than is done"
    assert f"with all devices shared, {overloaded}" in found
    assert not any("inf s" in line for line in found)
    assert "the devices are overloaded: no placement serves all of this in time" in found


def test_where_numbers_about_arrivals_come_from() -> None:
    windows = [{"duration_s": 60, "arrivals": gamma(6.0, 2.0)}]
    times_s = np.cumsum(np.random.default_rng(0).exponential(0.25, 400))
    trace = Trace(times_s, np.zeros(400, dtype=np.int32), ("r",), float(times_s[-1]))
    found = shown(
        analysis_of(
            make.model("w", arrivals={"process": "piecewise", "windows": windows}),
            make.model("r", arrivals={"process": "trace", "path": "t.csv"}),
            recorded={"r": trace},
        )
    )
    assert "counted as in their busiest window: w" in found
    assert "measured in their recorded arrivals: r" in found
