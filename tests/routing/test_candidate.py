"""What a candidate is told to be goes before what its model tells of itself."""

from __future__ import annotations

import math

import pytest

from beluga.errors import InvalidInputError
from beluga.routing import Candidate
from beluga.schema import UNSET, Capabilities, ModelInfo, Prices
from beluga.testing import ScriptedModel

KNOWN = ModelInfo(
    model="m",
    provider="p",
    context_window=1000,
    prices=Prices(input=1.0, output=2.0, cached=0.5),
    capabilities=Capabilities(tools=True, images=True),
)


def model() -> ScriptedModel:
    return ScriptedModel([], model_id="m", info=KNOWN)


def test_what_is_given_goes_first() -> None:
    candidate = Candidate(
        model(),
        input_price=0.0,
        context_window=50,
        capabilities=Capabilities(images=False, audio=True),
    )
    assert candidate.info == ModelInfo(
        model="m",
        provider="p",
        context_window=50,
        prices=Prices(input=0.0, output=2.0, cached=0.5),
        capabilities=Capabilities(tools=True, images=False, audio=True),
    )
    assert Candidate(model()).info == KNOWN


def test_names_of_capabilities_are_all_there_are() -> None:
    able = Candidate(model(), capabilities={"tools", "files"}).info.capabilities
    assert (able.tools, able.files, able.images, able.reasoning) == (True, True, False, False)


def test_it_is_the_same_whatever_its_health() -> None:
    shared = model()
    assert Candidate(shared, name="x") == Candidate(shared, name="x", weight=3)
    assert len({Candidate(shared, name="x"), Candidate(shared, name="x", tags=["eu"])}) == 1
    assert Candidate(shared, name="x") != Candidate(shared, name="y")
    assert Candidate(shared) != Candidate(model())


def test_options_may_be_taken_out() -> None:
    overlay = Candidate(model(), options={"temperature": UNSET, "seed": 3}).overlay
    assert overlay.options.seed == 3
    assert overlay.cleared == {"temperature"}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"weight": math.nan}, "weight is a number, above 0"),
        ({"context_window": 1.5}, "context_window is in whole tokens; got 1.5"),
        ({"options": 5}, "options stand in a dict"),
        ({"capabilities": 5}, "capabilities stand by name"),
        ({"tags": None}, "tags are texts"),
        ({"weight": 0}, "weight is a number, above 0"),
        ({"weight": -1.0}, "weight is a number, above 0"),
        ({"weight": math.inf}, "weight is a number, above 0"),
        ({"weight": True}, "weight is a number, above 0"),
        ({"quality": 1.5}, "quality is a number, from 0 to 1"),
        ({"quality": "good"}, "quality is a number, from 0 to 1"),
        ({"input_price": -0.1}, "input_price is a number, 0 or more"),
        ({"output_price": math.nan}, "output_price is a number, 0 or more"),
        ({"context_window": 0}, "context_window is a number, 1 or more"),
        ({"capabilities": {"flying"}}, "no capability 'flying'; there are tools, "),
        ({"tags": "eu"}, "tags are texts"),
        ({"tags": [3]}, "tags are texts"),
        ({"name": ""}, "name is a text"),
        ({"options": {"temprature": 1}}, "unknown option 'temprature'"),
    ],
)
def test_what_is_wrong_is_said_at_once(wrong: dict, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        Candidate(model(), **wrong)


def test_only_a_model_can_be_one() -> None:
    with pytest.raises(InvalidInputError, match="Candidate takes a model; got 'gpt-5'"):
        Candidate("gpt-5")
