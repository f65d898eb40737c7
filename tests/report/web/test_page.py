"""The page of `alpaplan report`: what it says, that it says it safely, and the same each time."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from alpaplan.planning.overview import PlanOverview
from alpaplan.planning.plan import Planned
from alpaplan.planning.traffic_curve import RATE_SCALES, CurvePoint, traffic_curve
from alpaplan.report.web.curve import curve_picture
from alpaplan.report.web.page import report_page
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.prediction import NodeLoss
from tests import builders as make
from tests.solved import solved

pytest.importorskip("jinja2")

EVIL = "<script>alert('x')</script>&amp;\"'>"


@pytest.fixture(scope="module")
def run() -> Planned:
    """Return a plan of two models."""
    return solved(max_evaluations=20)


class Reader(HTMLParser):
    """Reads a page: its elements, attributes and texts."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(run: Planned, plan: PlanSpec | None = None, *, name: str = "plan.yaml") -> str:
    """Return the page of a plan with its inputs and a short curve."""
    curve = (CurvePoint(0.5, 1.0, "m0", 1.0), CurvePoint(1.0, 0.97, "m1", 0.9))
    return report_page(PlanOverview(plan or run.document, run.inputs), name, curve)


def test_the_page_is_sound_and_says_what_the_plan_says(run: Planned) -> None:
    read = Reader(page_of(run))
    assert read.open == []
    text = " ".join("".join(read.texts).split())
    prediction = run.document.prediction
    assert prediction is not None
    for part in (
        f"{100 * prediction.slo_attainment:.2f}%",
        "of 4",
        "The fleet",
        "Models",
        "More and less traffic",
        "What was tried",
        "m0",
        "m1",
        "0.5 times the traffic: 100.00%",
    ):
        assert part in text


def test_headings_step_by_step_and_every_picture_and_table_has_a_name(run: Planned) -> None:
    read = Reader(page_of(run))
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    for tag, attributes in read.elements:
        if tag == "svg" and attributes.get("aria-hidden") != "true":
            assert attributes["role"] == "img"
            assert attributes.get("aria-label") or attributes.get("aria-labelledby")
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
    tags = [tag for tag, _ in read.elements]
    assert tags.count("caption") == tags.count("table") > 0
    assert dict(read.elements)["html"]["lang"] == "en"


def test_the_page_asks_for_nothing(run: Planned) -> None:
    page = page_of(run)
    read = Reader(page)
    assert not {"script", "img", "iframe", "object", "embed", "base", "form"} & {
        tag for tag, _ in read.elements
    }
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.get("src")
        assert (attributes.get("href") or "data:,").startswith("data:")
    assert not re.search(r"https?://|@import|url\((?!#)", page)


def test_names_are_escaped(run: Planned) -> None:
    prediction = run.document.prediction
    made = run.document.provenance
    assert prediction is not None
    assert made is not None
    plan = run.document.model_copy(
        update={
            "groups": tuple(
                group.model_copy(update={"name": EVIL + group.name})
                for group in run.document.groups
            ),
            "models": tuple(
                model.model_copy(update={"name": model.name, "profile": EVIL})
                for model in run.document.models
            ),
            "prediction": prediction.model_copy(
                update={"node_loss": (NodeLoss(node=EVIL, slo_attainment=0.5),)}
            ),
            "provenance": made.model_copy(update={"method": EVIL}),
        }
    )
    page = page_of(run, plan, name=EVIL)
    read = Reader(page)
    assert read.open == []
    assert "script" not in {tag for tag, _ in read.elements}
    assert "<script" not in page
    assert any(EVIL in text for text in read.texts)


def test_equal_plans_give_equal_pages(run: Planned) -> None:
    again = solved(max_evaluations=20)
    assert page_of(run) == page_of(again)


def test_a_plan_without_anything_else_has_a_page() -> None:
    group = solved(max_evaluations=20).document.groups[0]
    plan = PlanSpec(kind="placement-plan", version=1, groups=(group,))
    read = Reader(report_page(PlanOverview(plan), "hand.yaml"))
    text = "".join(read.texts)
    assert "equal parts for the models" in text
    assert "More and less traffic" not in text
    assert "What was tried" not in text


def test_inputs_that_have_changed_are_marked(run: Planned) -> None:
    made = run.document.provenance
    assert made is not None
    inputs = ({"role": "cluster", "path": "c.yaml", "sha256": "0" * 64},)
    plan = PlanSpec.model_validate(
        run.document.model_dump() | {"provenance": made.model_dump() | {"inputs": inputs}}
    )
    assert "not as planned" in page_of(run, plan)
    assert "not looked at" in report_page(PlanOverview(plan), "plan.yaml")


def test_the_curve_follows_the_points() -> None:
    points = [CurvePoint(scale, 1.0 - 0.1 * scale, "m", 0.5) for scale in (0.5, 1.0, 2.0, 4.0)]
    picture = curve_picture(points)
    xs, ys = zip(*((x, y) for x, y, _ in picture.dots), strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)
    # Octaves are equally wide.
    assert xs[1] - xs[0] == pytest.approx(xs[3] - xs[2], abs=0.11)
    assert picture.stated_x == xs[1]
    assert [tick.label for tick in picture.y_ticks][:2] == ["100%", "90%"]
    assert curve_picture(points[:1]).dots[0][0] == picture.dots[0][0]


def test_more_traffic_is_tried_until_half_is_missed() -> None:
    run = solved([make.model("m", rate_rps=8.0)], max_evaluations=10)
    seen: list[None] = []
    curve = traffic_curve(run.inputs, run.document, lambda: seen.append(None))
    scales = [point.rate_scale for point in curve]
    assert scales == list(RATE_SCALES[: len(scales)])
    assert len(seen) == len(curve)
    assert all(point.slo_attainment >= 0.5 for point in curve[:-1] if point.rate_scale >= 1)
    assert curve[-1].slo_attainment <= curve[0].slo_attainment
    assert traffic_curve(run.inputs, run.document) == curve
