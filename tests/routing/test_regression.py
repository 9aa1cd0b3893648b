"""The regression learns what there is to learn, and stays a probability."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.routing.features import Features, features_of
from beluga.routing.regression import SIZE, Prior, Regression
from beluga.schema import HumanMessage

BOTH = {"a": Prior(), "b": Prior()}
SUBJECTS = {
    "sums": ["add", "multiply", "divide", "seven", "nine", "twelve"],
    "verse": ["sonnet", "rhyme", "meter", "stanza", "couplet", "ode"],
}


def seen(text: str) -> Features:
    return features_of([HumanMessage(text)])


def prompt(subject: str, chance: random.Random) -> str:
    return " ".join(chance.choices(SUBJECTS[subject], k=4) + chance.choices("pqrstuvw", k=4))


def taught(count: int) -> Regression:
    """One model is good at sums, the other at verse."""
    chance, regression = random.Random(1), Regression()
    for name, prior in BOTH.items():
        regression.add(name, prior)
    for _ in range(count):
        subject = chance.choice(["sums", "verse"])
        good = {"a": float(subject == "sums"), "b": float(subject == "verse")}
        regression.learn(seen(prompt(subject, chance)), good)
    return regression


def test_it_learns_who_is_good_at_what() -> None:
    regression, chance = taught(300), random.Random(2)
    right = 0
    for _ in range(200):
        subject = chance.choice(["sums", "verse"])
        expected = regression.predict(seen(prompt(subject, chance)), BOTH)
        right += (expected["a"] > expected["b"]) == (subject == "sums")
    assert right >= 198


def test_it_learns_by_length_where_words_say_nothing() -> None:
    chance, regression = random.Random(3), Regression()
    regression.add("a", Prior())
    texts = [" ".join(f"{chance.random()}"[2:] for _ in range(n)) for n in [3, 60] * 150]
    for text in texts:
        regression.learn(seen(text), {"a": float(len(text) < 200)})
    short, long = (" ".join(f"new{k}" for k in range(n)) for n in (3, 60))
    a = {"a": Prior()}
    assert regression.predict(seen(short), a)["a"] > 0.8
    assert regression.predict(seen(long), a)["a"] < 0.2


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.8])
def test_what_it_expects_of_the_unknown_is_the_mean(rate: float) -> None:
    chance, regression = random.Random(5), Regression()
    regression.add("a", Prior())
    for n in range(1500):
        regression.learn(seen(f"word{n} of many"), {"a": float(chance.random() < rate)})
    fresh = [regression.predict(seen(f"fresh{n} of many"), BOTH)["a"] for n in range(50)]
    assert sum(fresh) / 50 == pytest.approx(rate, abs=0.07)


def test_qualities_between_are_learnt_as_such() -> None:
    regression = Regression()
    regression.add("a", Prior())
    for _ in range(200):
        regression.learn(seen("the same"), {"a": 0.7})
    assert regression.predict(seen("the same"), {"a": Prior()})["a"] == pytest.approx(0.7, abs=0.02)


def test_an_answer_of_one_model_teaches_something_of_another() -> None:
    regression = Regression()
    regression.add("a", Prior())
    before = regression.predict(seen("a hard riddle"), BOTH)["b"]
    for _ in range(20):
        regression.learn(seen("a hard riddle"), {"a": 0.0})
    assert regression.predict(seen("a hard riddle"), BOTH)["b"] < before - 0.1


def test_a_prior_is_what_is_expected_at_first() -> None:
    expected = Regression().predict(seen("Hi"), {"good": Prior(2.0), "bad": Prior(-2.0)})
    assert expected == {
        "good": pytest.approx(0.8808, abs=1e-4),
        "bad": pytest.approx(0.1192, abs=1e-4),
    }


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.sampled_from("ab"), st.floats(0, 1)), max_size=40),
    st.text(max_size=60),
)
def test_it_stays_a_probability_and_a_covariance(
    lessons: list[tuple[str, str, float]], text: str
) -> None:
    regression = Regression()
    for name, prior in BOTH.items():
        regression.add(name, prior)
    for words, name, quality in lessons:
        regression.learn(seen(words), {name: quality})
    assert all(0.0 <= value <= 1.0 for value in regression.predict(seen(text), BOTH).values())
    for part in (regression.shared, *regression.own.values()):
        for row in range(SIZE):
            assert part.spread[row][row] > 0.0
            for column in range(row):
                mine, other = part.spread[row][column], part.spread[column][row]
                assert mine == pytest.approx(other, abs=1e-9)
