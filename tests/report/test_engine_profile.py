from __future__ import annotations

import re

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.engine_summary import Decoding, EngineProfileSummary, EngineSummary
from alpaplan.report.engine_profile import engine_tables
from alpaplan.report.engine_profile_plot import MAX_ROWS, engines_figure
from alpaplan.report.figure import figure_bytes
from tests.report.text import lines_of


def config(device: str, intra_op: int, inter_op: int) -> EngineSummary:
    decoding = tuple(Decoding(count, 0.004 + 1e-5 * count) for count in (1, 8, 64, 256))
    steps = {1: 0.004, 2048: 0.03}
    return EngineSummary(device, intra_op, inter_op, steps, 0.05, decoding, 10**9, 64_000)


CHAT = EngineProfileSummary(
    "$chat_b$ [bold]", None, (config("gpu", 1, 1), config("gpu", 2, 2), config("new", 1, 1))
)


def test_the_tables() -> None:
    found = lines_of(engine_tables([CHAT]))
    assert found[0] == "$chat_b$ [bold] on gpu, prompt of 2,048 tokens"
    cells = [line.split() for line in found]
    assert ["2", "2", "4", "50", "ms", "4.01", "ms", "1", "GB", "64", "kB"] in cells
    assert "Output tokens per second by running requests, of 1,024 KV tokens each" in found
    assert ["2", "2", "249.4", "1961", "13,793", "39,024", "9756"] in cells
    assert "$chat_b$ [bold] on new, prompt of 2,048 tokens" in found


def texts_of(profiles: list[EngineProfileSummary]) -> list[str]:
    """Return the texts of a plot."""
    svg = figure_bytes(engines_figure(profiles), "svg").decode()
    return re.findall(r"<text [^>]*>([^<]*)</text>", svg)


@pytest.mark.slow
def test_a_plot_has_a_line_for_each_configuration() -> None:
    texts = texts_of([CHAT])
    assert texts.count("(1, 1)") == 2
    assert texts.count("(2, 2)") == 1
    assert texts.count("tokens in an iteration") == 2
    assert texts.count("running requests, of 1,024 KV tokens each") == 2
    assert "$chat_b$ [bold] on new" in texts


@pytest.mark.slow
def test_a_plot_has_the_same_bytes_each_time() -> None:
    first, again = (figure_bytes(engines_figure([CHAT]), "svg") for _ in range(2))
    assert first == again


def test_too_many_for_one_plot() -> None:
    with pytest.raises(
        AlpaplanError, match=rf"at most {MAX_ROWS} profiles .*, found {MAX_ROWS + 1}"
    ):
        engines_figure([EngineProfileSummary("m", None, (config("gpu", 1, 1),))] * (MAX_ROWS + 1))
