"""The table of windows of time, and whether it is time to plan again."""

from __future__ import annotations

from alpaplan.analysis.drift import drift_of
from alpaplan.report.drift import drift_tables
from tests.analysis.drifts import drift, prediction
from tests.report.text import lines_of, rows_of
from tests.simulator.cases import one_server


def test_bars_show_what_is_missed_however_little() -> None:
    # One of 200 in the first window, and all but two of four in the next.
    times_s = [0.5 * n for n in range(199)] + [99.0, 99.0, 99.0] + [100.0] * 50
    case = one_server([0.25], 0.5, times_s, duration_s=200.0)
    found = drift_of(case.trace, case.replay(), 100.0, None)
    first, second = rows_of(lines_of(drift_tables(found)), "Windows of 100 s")
    assert (first[5], second[5]) == ("█", "█" * 20)


def test_windows_count_from_the_first() -> None:
    begin_s = 1.7e9
    times_s = [begin_s + 5.0 * n for n in range(5)]
    case = one_server([0.25], 0.5, times_s, duration_s=20.0)
    lines = lines_of(drift_tables(drift_of(case.trace, case.replay(), 10.0, None)))
    rows = rows_of(lines, "Windows of 10 s, counted from 1,700,000,000 s of the trace")
    assert [row[0] for row in rows] == ["0 s", "10 s"]


def test_long_tables_are_cut() -> None:
    lines = lines_of(drift_tables(drift(None, window_s=0.1)))
    assert "and 300 more" in [line.strip() for line in lines]


def test_without_a_prediction_there_is_nothing_to_compare_with() -> None:
    found = drift(None)
    assert lines_of(drift_tables(found))[-1] == (
        "the plan has no prediction interval to compare with"
    )


def test_windows_below_the_prediction() -> None:
    found = drift(prediction(arrivals=None))
    lines = lines_of(drift_tables(found))
    assert rows_of(lines, "Windows of 10 s") == [
        ["0 s", "10", "10", "100.00%", "250 ms"],
        ["10 s", "4", "2", "50.00%", "498 ms", "█" * 20, "below"],
        ["20 s", "0", "0", "-", "-"],
        ["30 s", "1", "1", "100.00%", "250 ms"],
    ]
    assert " ".join(lines[-2:]).endswith(
        "below what the plan predicts (at least 80.00%, the lower end of the 95% prediction "
        "interval for such a window) in 1 of 4 windows, first from 10 s on"
    )


def test_no_window_below() -> None:
    found = drift(prediction(slo_attainment=0.5, prediction_interval_95=(0.4, 0.6), arrivals=None))
    text = " ".join(lines_of(drift_tables(found)))
    assert "no window is below what the plan predicts (at least 40.00%, " in text
