"""A learned router chooses by what it was told, and says how likely each choice was."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.effects import live
from beluga.errors import (
    AllModelsFailedError,
    InvalidInputError,
    NotFoundError,
    StrategyError,
)
from beluga.events import Event, Routed, Scored
from beluga.routing import (
    Candidate,
    CostOptimized,
    Example,
    FailoverChain,
    LearnedRouter,
    RoundRobin,
    Router,
)
from beluga.routing import decisions as kept
from beluga.schema import (
    AIMessage,
    Finish,
    GenerateOptions,
    HumanMessage,
    ImagePart,
    Request,
    SystemMessage,
    TextDelta,
    Usage,
)
from beluga.testing import ScriptedModel
from tests.middleware.stage import DOWN, REFUSED, ask
from tests.routing.stage import First, broken, model, said

SUBJECTS = {
    "sums": ["add", "multiply", "divide", "seven", "nine", "twelve"],
    "verse": ["sonnet", "rhyme", "meter", "stanza", "couplet", "ode"],
}
GOOD_AT = {"a": "sums", "b": "verse"}


def prompt(subject: str, chance: random.Random) -> str:
    return " ".join(chance.choices(SUBJECTS[subject], k=5))


def asking(text: str, **options: object) -> Request:
    return Request((HumanMessage(text),), GenerateOptions(**options))


def offered(*names: str, **known: object) -> list[Candidate]:
    return [Candidate(model(name), **known) for name in names]


def willing(*names: str, times: int = 100) -> list[ScriptedModel]:
    return [model(name, *[said(name)] * times) for name in names]


def graduate(count: int = 60, **settings: object) -> LearnedRouter:
    """One that knows who is good at what."""
    chance, strategy = random.Random(1), LearnedRouter(seed=1, **settings)
    strategy.fit(
        [
            Example(prompt(s, chance), {name: float(s == at) for name, at in GOOD_AT.items()})
            for s in ["sums", "verse"] * (count // 2)
        ]
    )
    return strategy


async def chosen(
    strategy: LearnedRouter, candidates: Sequence[Candidate], text: str = "Hi", times: int = 1
) -> list[Scored]:
    told: list[Event] = []
    fx = live(3).notifying(told.append)
    for _ in range(times):
        await strategy.select(candidates, asking(text), fx)
    return [event for event in told if isinstance(event, Scored) and event.decision_id]


@pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])
async def test_it_learns_through_a_router_who_answers_what_well(streaming: bool) -> None:
    strategy, chance = LearnedRouter(seed=7), random.Random(7)
    router = Router(willing("a", "b", times=400), strategy)
    right = 0
    for turn in range(250):
        subject = chance.choice(["sums", "verse"])
        text = prompt(subject, chance)
        if streaming:
            async with router.stream(text) as stream:
                answer = await stream.message()
        else:
            answer = await router.generate(text)
        good = GOOD_AT[answer.text] == subject
        strategy.feedback(answer, good)
        right += good and turn >= 150
    assert right > 90


async def test_a_choice_is_told_in_the_answer_and_its_events() -> None:
    events: list[Event] = []
    answer = await ask(Router(willing("a", "b"), graduate()), streaming=True, events=events)
    [told] = [event for event in events if isinstance(event, Routed)]
    assert answer.metadata["decision_id"] == told.decision_id
    assert told.strategy == "LearnedRouter"
    assert {one.name for one in told.standings if one.score is not None} == {"a", "b"}
    assert 0.0 < told.propensity <= 1.0


async def test_an_explanation_changes_nothing() -> None:
    strategy = graduate(exploration=0.0)
    router = Router(willing("a", "b", "new"), strategy)
    before = strategy.predict("add seven")
    first, second = [await router.explain("add seven") for _ in range(2)]
    assert first == second
    assert strategy.predict("add seven") == before
    known = await Router(willing("a", "b"), strategy).explain("add seven and nine")
    assert known.chosen == "a"
    assert {one.name: one.score for one in known.standings} == strategy.predict(
        "add seven and nine"
    )


async def test_feedback_counts_once() -> None:
    strategy = LearnedRouter()
    [first, second] = await chosen(strategy, offered("a"), times=2)
    strategy.feedback(first.decision_id, 1.0)
    once = strategy.predict("Hi")
    for quality in (1.0, 1, True):
        strategy.feedback(AIMessage("x", metadata={"decision_id": first.decision_id}), quality)
    assert strategy.predict("Hi") == once
    with pytest.raises(InvalidInputError, match=r"judged 1 before, and is now judged 0\.5"):
        strategy.feedback(first.decision_id, 0.5)
    assert strategy.predict("Hi") == once
    strategy.feedback(second.decision_id, 1.0)
    assert strategy.predict("Hi")["a"] > once["a"]


async def test_feedback_on_nothing_known_is_an_error() -> None:
    strategy, other = LearnedRouter(seed=1), LearnedRouter(seed=1)
    [told] = await chosen(strategy, offered("a"))
    await chosen(other, offered("a"))
    with pytest.raises(NotFoundError, match="no decision"):
        other.feedback(told.decision_id, 1.0)
    with pytest.raises(NotFoundError, match="no decision 'nonsense'"):
        strategy.feedback("nonsense", 1.0)
    with pytest.raises(InvalidInputError, match="no metadata"):
        strategy.feedback(AIMessage("hand-made"), 1.0)
    with pytest.raises(InvalidInputError, match="feedback takes an answer"):
        strategy.feedback(7, 1.0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -0.01, 1.01, "good", None])
async def test_a_quality_is_checked(wrong: object) -> None:
    strategy = LearnedRouter()
    [told] = await chosen(strategy, offered("a"))
    with pytest.raises(InvalidInputError, match="a quality is a number from 0 to 1"):
        strategy.feedback(told.decision_id, wrong)
    with pytest.raises(InvalidInputError, match="a quality is a number from 0 to 1"):
        Example("Hi", {"a": wrong})
    strategy.feedback(told.decision_id, 1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("Hi", {}), "qualities by candidate name"),
        (("Hi", [1.0]), "qualities by candidate name"),
        (("Hi", {"": 1.0}), "under names of candidates"),
        (([], {"a": 1.0}), "an example's prompt"),
        ((7, {"a": 1.0}), "an example's prompt"),
    ],
)
def test_an_example_is_checked(wrong: tuple[object, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Example(*wrong)


def test_examples_can_be_kept_as_json() -> None:
    for prompt in ("Hi", (SystemMessage("Be brief."), HumanMessage("Hi"))):
        example = Example(prompt, {"a": 1, "b": 0.25})
        line = msgspec.json.encode(example)
        assert msgspec.json.decode(line, type=Example).qualities == {"a": 1.0, "b": 0.25}
        again = LearnedRouter()
        again.fit([msgspec.json.decode(line, type=Example)])
        first = LearnedRouter()
        first.fit([example])
        assert again.predict("Hi") == first.predict("Hi")
    with pytest.raises(InvalidInputError, match="a quality is a number"):
        msgspec.json.decode(b'{"prompt": "Hi", "qualities": {"a": 7}}', type=Example)


def test_all_examples_are_learnt_or_none() -> None:
    strategy = LearnedRouter()
    with pytest.raises(InvalidInputError, match="fit takes examples"):
        strategy.fit([Example("Hi", {"a": 1.0}), ("Hi", {"a": 1.0})])
    with pytest.raises(InvalidInputError, match="256 models at most, and these would be 257"):
        strategy.fit([Example("Hi", {str(n): 1.0}) for n in range(257)])
    assert strategy.predict("Hi") == {}
    strategy.fit(Example("Hi", {"a": 1.0}) for _ in range(3))
    assert repr(strategy) == "LearnedRouter(cost_weight=0, judged={a: 3})"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cost_weight": -1}, "cost_weight is a number, 0 or more"),
        ({"cost_weight": math.inf}, "cost_weight"),
        ({"cost_weight": math.nan}, "cost_weight"),
        ({"exploration": 1.5}, "exploration is a number, from 0 to 1"),
        ({"exploration": True}, "exploration"),
        ({"fallback": "chain"}, "fallback is a strategy"),
        ({"fallback": FailoverChain}, "fallback is a strategy"),
    ],
)
def test_settings_are_checked(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        LearnedRouter(**wrong)


async def test_an_attempt_that_failed_teaches_nothing() -> None:
    strategy, events = LearnedRouter(exploration=0.0), []
    models = [Candidate(model("a", broken(DOWN)), quality=0.9), model("b", said("b"))]
    answer = await ask(Router(models, strategy), streaming=False, events=events)
    failed, answered = [event.decision_id for event in events if isinstance(event, Routed)]
    assert answer.metadata["decision_id"] == answered != failed
    assert "judged={}" in repr(strategy)
    with pytest.raises(NotFoundError, match="its attempt failed"):
        strategy.feedback(failed, 0.0)
    strategy.feedback(answer, 1.0)
    assert "judged={b: 1}" in repr(strategy)


@pytest.mark.parametrize("failure", [DOWN, REFUSED])
async def test_whatever_fails_nothing_is_learnt(failure: object) -> None:
    strategy = LearnedRouter()
    router = Router([model(n, *[broken(failure)] * 3) for n in "ab"], strategy, on_refusal="next")
    for _ in range(3):
        with pytest.raises(AllModelsFailedError):
            await router.generate("Hi")
    assert "judged={}" in repr(strategy)


async def test_a_refused_answer_counts_nothing_good() -> None:
    strategy = LearnedRouter(exploration=0.0)
    models = [Candidate(model("a", said("bad")), quality=0.9), model("b", said("good"))]
    router = Router(models, strategy, commit="finish", accept=lambda m: m.text == "good")
    answer = await router.generate("Hi")
    assert answer.text == "good"
    assert "judged={a: 1}" in repr(strategy)
    strategy.feedback(answer, 1.0)
    assert strategy.predict("Hi")["b"] > 0.5 > strategy.predict("Hi")["a"]


async def test_an_answer_that_was_left_may_still_be_judged() -> None:
    strategy = LearnedRouter()
    router = Router([model("a", said("x", 9.0, "y"))], strategy)
    events: list[Event] = []
    async with router.stream("Hi", fx=live(1).notifying(events.append)) as stream:
        async for _ in stream:
            break
    [told] = [event for event in events if isinstance(event, Routed)]
    strategy.feedback(told.decision_id, 0.2)
    assert "judged={a: 1}" in repr(strategy)


async def test_costs_weigh_as_a_share_of_the_dearest() -> None:
    strategy = LearnedRouter(cost_weight=0.5, exploration=0.0)
    prices = {"free": (0.0, 0.0), "half": (5.0, 5.0), "dear": (10.0, 10.0), "?": (None, None)}
    candidates = [
        Candidate(model(name), quality=0.6, input_price=into, output_price=out)
        for name, (into, out) in prices.items()
    ]
    # Of middle length, so that the dear are not expected to be better or worse at it.
    [told] = await chosen(strategy, candidates, "word " * 49)
    assert told.chosen == "free"
    lost = [told.scores["free"] - told.scores[name] for name in ("half", "dear", "?")]
    assert lost == [pytest.approx(share, abs=0.01) for share in (0.25, 0.5, 0.5)]


async def test_what_is_said_of_quality_is_expected_at_first() -> None:
    strategy = LearnedRouter(exploration=0.0)
    candidates = [Candidate(model("a"), quality=0.3), Candidate(model("b"), quality=0.8)]
    [told] = await chosen(strategy, candidates)
    assert told.scores == {"a": pytest.approx(0.3), "b": pytest.approx(0.8)}
    assert told.chosen == "b"


async def test_certainty_is_not_believed() -> None:
    candidates = [Candidate(model("a"), quality=0.0), Candidate(model("b"), quality=1.0)]
    [told] = await chosen(LearnedRouter(exploration=0.0), candidates)
    assert told.scores == {"a": pytest.approx(0.01), "b": pytest.approx(0.99)}


async def test_how_long_answers_are_counts_as_cost() -> None:
    answers = {"wordy": Usage(10, 9000, 9010), "terse": Usage(10, 50, 60)}
    strategy = LearnedRouter(cost_weight=1.0, exploration=0.0)
    candidates = [
        Candidate(
            model(name, *[[TextDelta("x"), Finish("stop", usage=usage)]] * 3),
            quality=0.5,
            input_price=1.0,
            output_price=1.0 if name == "wordy" else 3.0,
        )
        for name, usage in answers.items()
    ]
    router = Router(candidates, strategy)
    assert [(await router.generate("Hi")).model for _ in range(3)] == ["wordy", "terse", "terse"]
    bounded = await router.explain("Hi", max_tokens=10)
    assert bounded.chosen == "wordy"


async def test_dearer_models_are_expected_to_be_better_at_long_requests() -> None:
    strategy = LearnedRouter(exploration=0.0)
    candidates = [
        Candidate(model(name), input_price=price, output_price=price)
        for name, price in [("cheap", 0.1), ("dear", 9.0)]
    ]
    short, long = [
        (await chosen(strategy, candidates, text))[0].scores
        for text in ("Hi", "a long story " * 200)
    ]
    assert long["dear"] - long["cheap"] > max(0.02, short["dear"] - short["cheap"])


async def test_a_new_model_starts_from_what_all_have_in_common() -> None:
    strategy = LearnedRouter(exploration=0.0)
    strategy.fit([Example(f"question {n}", {"a": 0.9, "b": 0.9}) for n in range(100)])
    [told] = await chosen(strategy, offered("a", "new"), "question 7")
    assert told.scores["new"] == pytest.approx(0.9, abs=0.15)


async def test_each_model_is_asked_a_few_times_at_first() -> None:
    told = await chosen(LearnedRouter(), offered(*"abc"), times=15)
    assert Counter(one.chosen for one in told) == {"a": 5, "b": 5, "c": 5}
    assert {one.propensity for one in told} == {1.0}
    told = await chosen(LearnedRouter(exploration=0.0), offered(*"abc"), times=15)
    assert len({one.chosen for one in told}) == 1


@settings(max_examples=8)
@given(st.floats(0.1, 1.0), st.integers(0, 2**16), st.booleans())
async def test_each_choice_is_as_likely_as_it_says(
    exploration: float, seed: int, deferring: bool
) -> None:
    fallback = FailoverChain() if deferring else None
    strategy = LearnedRouter(exploration=exploration, seed=seed, fallback=fallback)
    candidates = offered(*"abc")
    if not deferring:
        strategy.fit([Example("Hi", {"a": 0.1, "b": 0.9, "c": 0.5})] * 5)
    told = await chosen(strategy, candidates, times=800)
    counts = Counter(one.chosen for one in told)
    likely = {one.chosen: one.propensity for one in told}
    assert sum(likely.values()) == pytest.approx(1.0)
    for name, probability in likely.items():
        assert counts[name] / 800 == pytest.approx(probability, abs=0.08)


async def test_chance_chooses_less_often_as_more_is_known() -> None:
    explored = []
    for count in (10, 1000):
        strategy = LearnedRouter(exploration=0.4)
        strategy.fit([Example(f"q{n % 50}", {"a": 1.0, "b": 0.0}) for n in range(count)])
        [told] = await chosen(strategy, offered("a", "b"), "q1")
        explored.append(1.0 - told.propensity if told.chosen == "a" else told.propensity)
    assert explored[0] == pytest.approx(0.2 / math.sqrt(1 + 20 / 3))
    assert explored[1] == pytest.approx(0.2 / math.sqrt(1 + 2000 / 3))


async def test_those_of_whom_little_is_known_are_hoped_for() -> None:
    for exploration in (0.0, 0.1):
        strategy = LearnedRouter(exploration=exploration)
        strategy.fit([Example(f"q{n}", {"a": 1.0}) for n in range(300)])
        strategy.fit([Example(f"q{n}", {"b": 1.0}) for n in range(6)])
        [told] = await chosen(strategy, offered("a", "b"), "q1")
        expected = strategy.predict("q1")
        hopes = {name: told.scores[name] - expected[name] for name in expected}
        if exploration:
            assert hopes["b"] > 1.5 * hopes["a"] > 0.0
        else:
            assert hopes == {"a": 0.0, "b": 0.0}


async def test_who_is_never_judged_is_not_hoped_for_for_ever() -> None:
    strategy, candidates = LearnedRouter(), offered("judged", "never")
    strategy.fit([Example(f"q{n}", {"judged": 0.9}) for n in range(200)])
    told = await chosen(strategy, candidates, "q1", times=200)
    assert [one.chosen for one in told[100:]].count("judged") > 90


async def test_the_same_seed_makes_the_same_choices() -> None:
    runs = [
        [one.chosen for one in await chosen(graduate(exploration=1.0), offered("a", "b"), times=40)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"a", "b"}


async def test_while_little_is_known_its_fallback_chooses() -> None:
    strategy = LearnedRouter(exploration=0.0, fallback=RoundRobin())
    told = await chosen(strategy, offered(*"abc"), times=6)
    assert [one.chosen for one in told] == [*"abcabc"]
    assert {one.why for one in told} == {"as its fallback chooses, while too little is known"}


async def test_once_enough_is_known_it_chooses_itself() -> None:
    def judged(count: int) -> LearnedRouter:
        strategy = LearnedRouter(exploration=0.0, fallback=FailoverChain())
        strategy.fit([Example(f"q{n}", {"a": 0.0, "b": 1.0}) for n in range(count)])
        return strategy

    assert [one.chosen for one in await chosen(judged(49), offered("a", "b"))] == ["a"]
    assert [one.chosen for one in await chosen(judged(50), offered("a", "b"))] == ["b"]
    assert [one.chosen for one in await chosen(judged(50), offered("a", "b", "new"))] == ["b"]
    assert [one.chosen for one in await chosen(judged(50), offered("new", "a", "b"))] == ["new"]
    assert [one.chosen for one in await chosen(judged(50), offered("a", "new"))] == ["new"]
    assert [one.chosen for one in await chosen(judged(50), offered("b", "new"))] == ["b"]


def test_examples_are_a_sequence() -> None:
    with pytest.raises(InvalidInputError, match=r"fit takes examples: \[Example"):
        LearnedRouter().fit(None)


async def test_a_fallback_that_chooses_badly_does_not_choose_for_long() -> None:
    strategy = LearnedRouter(fallback=FailoverChain(), seed=3)
    router = Router([model(name, *[said(name)] * 150) for name in ("bad", "good")], strategy)
    answers = [await router.generate(f"question {n}") for n in range(50)]
    for answer in answers:
        strategy.feedback(answer, float(answer.text == "good"))
    for n in range(100):
        answers.append(await router.generate(f"another question {n}"))
        strategy.feedback(answers[-1], float(answers[-1].text == "good"))
    assert [answer.text for answer in answers].count("good") > 75


async def test_its_fallback_hears_and_explains_too() -> None:
    fallback = CostOptimized()
    strategy = LearnedRouter(fallback=fallback, exploration=0.0)
    candidates = [
        Candidate(willing(name)[0], input_price=price, output_price=price)
        for name, price in [("dear", 2.0), ("cheap", 1.0)]
    ]
    router = Router(candidates, strategy)
    assert (await router.explain("Hi")).chosen == "cheap"
    assert (await router.generate("Hi")).text == "cheap"
    assert fallback._lengths._means.keys() == {"cheap"}


async def test_a_fallback_that_chooses_somebody_else_is_told_so() -> None:
    strategy = LearnedRouter(fallback=First(lambda candidates: Candidate(model("z"))))
    with pytest.raises(StrategyError, match=r"First\.select must return one of .* \(a, b\); .* z"):
        await Router(willing("a", "b"), strategy).generate("Hi")


async def test_only_so_many_decisions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST", 20)
    strategy = LearnedRouter()
    told = await chosen(strategy, offered("a"), times=30)
    with pytest.raises(NotFoundError, match="20 others have been made since"):
        strategy.feedback(told[9].decision_id, 1.0)
    for one in told[10:]:
        strategy.feedback(one.decision_id, 1.0)
    assert "{a: 20}" in repr(strategy)


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=[]), max_size=200))
async def test_any_text_can_be_asked_and_judged(text: str) -> None:
    strategy = LearnedRouter()
    [told] = await chosen(strategy, offered("a", "b"), text)
    strategy.feedback(told.decision_id, 1.0)
    assert all(0.0 <= value <= 1.0 for value in strategy.predict(text).values())


def test_any_conversation_can_be_predicted() -> None:
    strategy = graduate()
    for messages in (
        "",
        "x" * 2_000_000,
        [HumanMessage([ImagePart(url="https://x.test/a.png")])],
        [SystemMessage("Only instructions.")],
        [HumanMessage("Hi"), AIMessage("Hello")],
    ):
        assert all(0.0 <= value <= 1.0 for value in strategy.predict(messages).values())
    with pytest.raises(InvalidInputError, match="at least one message"):
        strategy.predict([])


async def test_many_tasks_may_choose_and_judge_at_once() -> None:
    strategy = LearnedRouter(seed=5)
    models = [model(name, *[said(0.1 * n, name) for n in range(60)]) for name in "ab"]
    router = Router(models, strategy)

    async def one(number: int) -> None:
        answer = await router.generate(f"question {number}")
        strategy.feedback(answer, float(answer.text == "a"))

    async with anyio.create_task_group() as tasks:
        for number in range(60):
            tasks.start_soon(one, number)
    assert sum(part.judged for part in strategy._learner.regression.own.values()) == 60


def test_many_threads_may_choose_judge_and_save_at_once(tmp_path: object) -> None:
    strategy, candidates = LearnedRouter(), offered("a", "b")
    told: list[Event] = []

    async def one(number: int) -> None:
        fx = live(number).notifying(told.append)
        await strategy.select(candidates, asking(f"question {number}"), fx)

    def work(number: int) -> None:
        for each in range(10):
            anyio.run(one, number * 100 + each)
            strategy.predict("question")
        strategy.save(tmp_path / "file")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
        ids = [event.decision_id for event in told if isinstance(event, Scored)]
        assert len(set(ids)) == 40
        list(threads.map(lambda name: strategy.feedback(name, 1.0), ids * 2))
    assert sum(part.judged for part in strategy._learner.regression.own.values()) == 40
    assert strategy._learner.regression.shared.judged == 40
