"""The measures of routing, by hand."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.routing.chart import Line, Panel, drawing
from tests.evaluation.routing.gap import Ranking, compared


def test_the_area_of_a_ranking_by_hand() -> None:
    # One of four gains; it is asked first. The curve rises to 1 at a quarter and stays: 7 of 8.
    assert Ranking([4, 3, 2, 1], [1, 0, 0, 0]).apgr() == pytest.approx(7 / 8)
    assert Ranking([1, 2, 3, 4], [1, 0, 0, 0]).apgr() == pytest.approx(1 / 8)
    assert Ranking([1, 1, 1, 1], [1, 0, 0, 0]).apgr() == pytest.approx(1 / 2)
    assert Ranking([2, 2, 1, 1], [1, 0, 0, 0]).apgr() == pytest.approx(3 / 4)
    # Where the weaker is better too, an oracle is above 1.
    assert Ranking([3, 2, 1], [1, 1, -1]).apgr() == pytest.approx((0.5 + 1.5 + 1.5) / 3)


def test_a_curve_goes_from_nothing_to_everything() -> None:
    assert list(Ranking([3, 2, 2], [1, 0, 0.5]).curve()) == [
        (0, 0),
        (1 / 3, 1 / 3),
        (1, 0.5),
    ]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0])), min_size=1))
def test_counting_twice_is_being_there_twice(known: list[tuple[int, float]]) -> None:
    scores, gains = [score for score, _ in known], [gain for _, gain in known]
    if not sum(gains):
        return
    twice = Ranking(scores * 2, gains * 2).apgr()
    assert Ranking(scores, gains).apgr([2] * len(known)) == pytest.approx(twice)


def test_intervals_hold_what_is_measured() -> None:
    scores = [float(n % 7) for n in range(300)]
    gains = [float(n % 7 > 3) for n in range(300)]
    good, bad = Ranking(scores, gains), Ranking([-s for s in scores], gains)
    area, above = compared(good, bad, 300)
    assert area[0] < good.apgr() < area[1]
    assert 0 < above[0] < good.apgr() - bad.apgr() < above[1]


def test_a_drawing_is_well_formed_and_stays_in_its_frame() -> None:
    panel = Panel("a < b", 0, 100, [Line("up", [(0, 0), (1, 1)])], [("end", 1, 1)])
    root = ET.fromstring(drawing([panel, panel], "cost", "quality", "It rises."))
    name = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{name}title") == "It rises."
    assert [t.text for t in root.iter(f"{name}text")].count("a < b") == 2
    frame = next(one for one in root.iter(f"{name}rect") if one.get("class") == "frame")
    left, top, width, height = [float(frame.attrib[n]) for n in ("x", "y", "width", "height")]
    # The first of these is in the legend.
    _, line, _ = [p.attrib["d"] for p in root.iter(f"{name}path") if p.get("class") == "line a"]
    start, end = [[float(n) for n in place.split()] for place in line[1:].split("L")]
    assert (start, end) == ([left, top + height], [left + width, top])
