"""The tables of `alpaplan compare`."""

from __future__ import annotations

import numpy as np

from alpaplan.analysis.comparison import (
    CommonTraces,
    Comparison,
)
from alpaplan.report.comparison import MAX_MODELS, comparison_tables
from alpaplan.workload.trace import Trace
from tests import builders
from tests.analysis.comparisons import burst, placement, run, two_models
from tests.report.text import lines_of


def text_of(comparison: Comparison) -> str:
    return "\n".join(lines_of(comparison_tables(comparison), 100))


def test_a_column_for_each_plan() -> None:
    one = placement(two_models(), (1, 1), [0])
    two = placement(two_models(), (1, 1), [0], [0, 1])
    lines = text_of(run(two_models(), burst(), one, two)).splitlines()
    rows = {line.split()[0]: line.split() for line in lines}
    assert rows["m"] == ["m", "20", "50.00%", "100.00%"]
    assert rows["n"] == ["n", "1", "0.00%", "100.00%"]
    assert rows["gain"][-2:] == ["+52.38", "points"]
    assert rows["devices"] == ["devices", "used", "1", "2"]
    assert rows["(intra_op"] == ["(intra_op", "1,", "inter_op", "1)", "1", "2"]


def test_plans_that_do_the_same() -> None:
    one = placement(two_models(), (1, 2), [0, 1])
    text = text_of(run(two_models(), burst(), one, one))
    assert "every model attains the same number of requests under all plans" in text


def test_no_requests_at_all() -> None:
    nothing = Trace(np.empty(0), np.empty(0, dtype=np.int32), ("m", "n"), 0.0)
    one = placement(two_models(), (1, 1), [0])
    comparison = run(two_models(), CommonTraces("trace", (nothing,)), one, one)
    assert text_of(comparison).startswith("0 requests of a trace")


def test_long_lists_of_models_say_what_is_left_out() -> None:
    names = [f"m{index}" for index in range(MAX_MODELS + 3)]
    many = builders.problem([builders.model(name) for name in names])
    model = np.arange(len(names), dtype=np.int32)
    arrivals = CommonTraces("sampled", (Trace(np.zeros(len(names)), model, tuple(names), 1.0),) * 2)
    none, some = placement(many, (1, 1)), placement(many, (1, 1), *([m] for m in range(len(names))))
    text = text_of(run(many, arrivals, none, some))
    assert "and 3 more models" in text
    assert "in 2 runs, the same for all plans" in text
