"""The tables and the plot of profiles."""

from __future__ import annotations

import re

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.summary import ProfileSummary, summarize_profile
from alpaplan.report import profile_plot
from alpaplan.report.figure import figure_bytes
from alpaplan.report.profile import profile_tables, share
from alpaplan.report.profile_plot import profiles_figure
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from tests.profiling.configs import config
from tests.report.text import lines_of, rows_of

CONFIGS = (
    config(1, {1: [0.1], 4: [0.3]}, {1: [10**8], 4: [4 * 10**8]}),
    config(2, {1: [0.06]}),
    config(1, {1: [0.05, 0.06], 2: [0.08, 0.09], 4: [0.2, 0.2]}),
    config(2, {1: [0.04, 0.03], 4: [0.1, 0.1]}),
)


def summary(
    *configs: ProfiledConfig,
    name: str = "bert",
    batch_size: int = 1,
    slo_s: float | None = None,
) -> ProfileSummary:
    profile = ModelProfileSpec(
        kind="model-profile", version=1, name=name, configs=configs or CONFIGS
    )
    return summarize_profile(profile, batch_size, slo_s)


def test_every_number_by_hand() -> None:
    found = lines_of(profile_tables([summary()]))
    assert rows_of(found, "bert on gpu, batch size 1") == [
        ["1", "1", "1", "100 ms", "10", "10", "1.1 GB"],
        ["1", "2", "2", "110 ms", "16.67", "8.333", "1 GB"],
        ["2", "1", "2", "60 ms", "16.67", "8.333", "1 GB"],
        ["2", "2", "4", "70 ms", "25", "6.25", "1 GB"],
    ]
    assert rows_of(found, "Overhead over intra_op 1, inter_op 1") == [
        ["1", "1", "0.0%", "0.0%", "0.0%", "0.0%", "0.0%"],
        ["1", "2", "10.0%", "0.0%", "10.0%", "10.0%", "20.0%"],
        ["2", "1", "20.0%", "20.0%", "0.0%", "0.0%", "20.0%"],
        ["2", "2", "40.0%", "20.0%", "20.0%", "20.0%", "60.0%"],
    ]
    assert not any("interpolated" in line for line in found)


def test_interpolated_rows_are_marked_and_communication_that_is_not_split_too() -> None:
    found = lines_of(profile_tables([summary(batch_size=2)]))
    rows = rows_of(found, "bert on gpu, batch size 2")
    assert [row[3] for row in rows] == ["~167 ms", "170 ms", "~113 ms"]
    assert [row[6] for row in rows] == ["1.2 GB", "1 GB", "1 GB"]
    assert "~ not profiled: the row is interpolated" in found
    overheads = rows_of(found, "Overhead over intra_op 1, inter_op 1")
    # Four devices of stages of 60 and 53.3 ms, against 166.7 ms.
    assert overheads[2] == ["2", "2", "36.0%", "-", "-", "8.0%", "44.0%"]


def test_the_best_batches_are_those_of_an_objective() -> None:
    found = lines_of(profile_tables([summary(slo_s=0.2)]))
    assert rows_of(found, "Batch size with most requests/s within 200 ms") == [
        ["1", "1", "~2", "167 ms", "12", "12", "1.2 GB"],
        ["1", "2", "2", "170 ms", "22.22", "11.11", "1 GB"],
        ["2", "1", "1", "60 ms", "16.67", "8.333", "1 GB"],
        ["2", "2", "4", "200 ms", "40", "10", "1 GB"],
    ]
    tight = lines_of(profile_tables([summary(slo_s=0.06)]))
    assert [row[2:] for row in rows_of(tight, "Batch size with most requests/s within 60 ms")] == [
        ["-"] * 5,
        ["-"] * 5,
        ["1", "60 ms", "16.67", "8.333", "1 GB"],
        ["-"] * 5,
    ]


def test_nothing_to_see_has_no_sign() -> None:
    assert [share(x) for x in (-1e-5, 1e-5, -0.0, -0.111, 1.5, None)] == [
        *("0.0%", "0.0%", "0.0%", "-11.1%", "150.0%", "-")
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_tables_fit_and_names_are_text_and_no_markup(width: int) -> None:
    found = lines_of(profile_tables([summary(name="a [bold]b[/] $x$")]), width)
    assert found[0] == "a [bold]b[/] $x$ on gpu, batch size 1"
    assert max(map(len, found)) <= width
    assert not any("…" in line for line in found)


ODD = summary(name="$\\foo_b$ <b>&amp; \u6a21 " + "x" * 150)
SAVING = summary(config(2, [0.1]), config(1, [0.08, 0.09]), config(2, [0.03, 0.04]))


def test_a_plot_has_the_same_bytes_each_time() -> None:
    first, again = (figure_bytes(profiles_figure([ODD]), "svg") for _ in range(2))
    assert first == again


@pytest.mark.parametrize(("file_format", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_odd_names_can_be_drawn(file_format: str, magic: bytes) -> None:
    assert figure_bytes(profiles_figure([ODD]), file_format).startswith(magic)


def texts_of(profiles: list[ProfileSummary]) -> list[str]:
    """Return the texts of a plot."""
    svg = figure_bytes(profiles_figure(profiles), "svg").decode()
    return re.findall(r"<text [^>]*>([^<]*)</text>", svg)


def test_a_plot_says_what_the_tables_say() -> None:
    texts = texts_of([summary()])
    assert "bert on gpu, batch size 1" in texts
    for label in ("(1, 1)", "(1, 2)", "(2, 1)", "(2, 2)"):
        assert label in texts
    for value in ("100 ms", "110 ms", "60 ms", "70 ms", "16.7", "25", "20.0%", "60.0%"):
        assert value in texts
    for axis in (
        "latency (ms)",
        "throughput of a group (requests/s)",
        "overhead (% of the reference's device-seconds)",
    ):
        assert axis in texts
    legend = {"intra-op communication", "inter-op communication", "imbalance"}
    assert legend <= set(texts)
    assert "communication, not split" not in texts
    assert "reference" in texts


def test_a_plot_marks_the_best_batches() -> None:
    texts = texts_of([summary(slo_s=0.2)])
    assert "best batch size within 200 ms" in texts
    assert {"1", "2", "4"} <= set(texts)
    assert "best batch size within 1 ms" in texts_of([summary(slo_s=1e-3)])
    assert not any("best batch" in text for text in texts_of([summary()]))


def test_savings_and_what_cannot_be_split_are_drawn() -> None:
    texts = texts_of([SAVING])
    # The pipeline works 0.17 and occupies 0.18 device-seconds, in place of 0.2.
    assert "-10.0%" in texts or "\u221210.0%" in texts
    assert "communication, not split" in texts


def test_a_reference_that_has_an_imbalance_shows_it() -> None:
    assert "25.0% (reference)" in texts_of([summary(config(1, [0.03, 0.05]))])


def test_interpolated_panels_say_so() -> None:
    assert "bert on gpu, batch size 3 (interpolated)" in texts_of([summary(batch_size=3)])


def test_panels_of_all_profiles_and_device_types_stand_below_each_other() -> None:
    both = summary(CONFIGS[0], config(1, [0.2], device="new"))
    titles = [text for text in texts_of([both, summary(name="gpt")]) if "batch size" in text]
    assert titles == [
        "bert on gpu, batch size 1",
        "bert on new, batch size 1",
        "gpt on gpu, batch size 1",
    ]


@pytest.mark.slow
def test_numbers_of_any_size_can_be_drawn() -> None:
    far_apart = summary(config(1, [2e-6]), config(2, [1e8]))
    large = summary(config(4096, [1e18] * 4))
    texts = texts_of([far_apart, large])
    assert "2 us" in texts
    assert "(4096, 4)" in texts


def test_a_plot_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_plot, "MAX_BARS", 7)
    with pytest.raises(AlpaplanError) as caught:
        profiles_figure([summary(), summary()])
    assert str(caught.value) == (
        "one plot must have at most 7 configurations, found 8; name fewer profiles"
    )
