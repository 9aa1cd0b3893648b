"""What each strategy chooses, and what it learns from how attempts end."""

from __future__ import annotations

import math
import random
from collections import Counter

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.effects import Effects, live
from beluga.errors import AllModelsFailedError, InvalidInputError, UnsupportedError, error_for
from beluga.events import Event, Routed, Scored
from beluga.model import ChatModel
from beluga.routing import (
    Candidate,
    CapabilityBased,
    Cooldown,
    CostOptimized,
    FailoverChain,
    Health,
    LowestLatency,
    Router,
)
from beluga.schema import (
    Finish,
    GenerateOptions,
    HumanMessage,
    ImagePart,
    Prices,
    Request,
    TextDelta,
    Usage,
)
from beluga.tokens import tokenizer_for
from tests.middleware.stage import DOWN, ask
from tests.routing.stage import able, broken, model, routed, said

HI = Request((HumanMessage("Hi"),))
PICTURE = Request((HumanMessage([ImagePart(url="https://x.test/a.png")]),))


class Paced(ChatModel):
    """Answer after a while that may change, or fail."""

    def __init__(self, name: str, seconds: float, *, fails: bool = False) -> None:
        self.name, self.seconds, self.fails, self.asked = name, seconds, fails, 0

    @property
    def model_id(self) -> str:
        return self.name

    async def respond(self, request: Request, fx: Effects) -> Finish:
        self.asked += 1
        await fx.clock.sleep(self.seconds)
        if self.fails:
            raise error_for(DOWN)
        await fx.emit([TextDelta("x")])
        await fx.clock.sleep(self.seconds)
        return Finish("stop", usage=Usage(1, 100, 101))


async def test_a_chain_asks_the_first_that_can_be_asked() -> None:
    events: list[Event] = []
    a = model("a", broken(DOWN), said("a"))
    router = Router([a, model("b", said("b"), said("b"))], FailoverChain())
    assert (await ask(router, streaming=True, events=events)).text == "b"
    assert (await ask(router, streaming=True, events=events)).text == "a"
    assert routed(events) == ["a", "b", "a"]


@pytest.mark.parametrize("streaming", [False, True])
async def test_the_fastest_gets_most(streaming: bool) -> None:
    models = [Paced("slow", 2.0), Paced("fast", 0.2), Paced("middling", 1.0)]
    router = Router(models, LowestLatency())
    fx = live(3)
    for _ in range(200):
        if streaming:
            async with router.stream("Hi", fx=fx) as stream:
                await stream.message()
        else:
            await router.generate("Hi", fx=fx)
    slow, fast, middling = [one.asked for one in models]
    assert fast > 110
    assert fast > middling > slow
    assert slow < 20


async def test_one_that_has_recovered_is_found() -> None:
    a, b = Paced("a", 3.0), Paced("b", 0.5)
    router = Router([a, b], LowestLatency(explore=0.1))
    fx = live(7)
    for _ in range(50):
        await router.generate("Hi", fx=fx)
    assert b.asked > 40
    a.seconds, a.asked, b.asked = 0.05, 0, 0
    for _ in range(150):
        await router.generate("Hi", fx=fx)
    assert a.asked > 90


async def test_without_exploring_it_is_found_once_the_past_is_forgotten() -> None:
    a, b = Paced("a", 3.0), Paced("b", 0.5)
    router = Router([a, b], LowestLatency(explore=0.0))
    for _ in range(20):
        await router.generate("Hi")
    asked, a.seconds = a.asked, 0.05
    await anyio.sleep(600)
    for _ in range(20):
        await router.generate("Hi")
    assert a.asked - asked > 15


async def test_one_that_fails_fast_is_not_the_fastest() -> None:
    bad, good = Paced("bad", 0.01, fails=True), Paced("good", 1.0)
    router = Router([bad, good], LowestLatency(explore=0.0), cooldown=Cooldown(failures=10**6))
    for _ in range(50):
        await router.generate("Hi")
    assert bad.asked <= 2


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("before", [0, 5])
async def test_one_that_callers_give_up_on_is_not_the_fastest(streaming: bool, before: int) -> None:
    stuck, good = Paced("stuck", 0.01), Paced("good", 0.2)
    router = Router([stuck, good], LowestLatency(explore=0.0))
    for _ in range(before):
        await ask(router, streaming=streaming)
    stuck.seconds, asked = 1000.0, stuck.asked
    for _ in range(20):
        with anyio.move_on_after(10):
            await ask(router, streaming=streaming)
    assert 1 <= stuck.asked - asked <= 3


async def test_one_that_callers_gave_up_on_is_believed_again_once_it_answers() -> None:
    a, b = Paced("a", 1000.0), Paced("b", 0.5)
    router = Router([a, b], LowestLatency(explore=0.2))
    fx = live(7)
    for _ in range(5):
        with anyio.move_on_after(5):
            await router.generate("Hi", fx=fx)
    asked, a.seconds = a.asked, 0.05
    for _ in range(100):
        await router.generate("Hi", fx=fx)
    assert a.asked - asked > 50


def fast(name: str, first: float, rate: float, failing: float = 0.0) -> Candidate:
    health = Health(first_content=first, tokens_per_second=rate, failing=failing, attempts=5.0)
    return Candidate(model(name), name=name, health=health)


@pytest.mark.parametrize(
    ("max_tokens", "chosen"),
    [(1, "quick to begin"), (1000, "quick to end")],
)
async def test_it_depends_on_how_long_the_answer_will_be(max_tokens: int, chosen: str) -> None:
    offered = [fast("quick to begin", 0.2, 10.0), fast("quick to end", 2.0, 100.0)]
    request = Request(HI.messages, GenerateOptions(max_tokens=max_tokens))
    strategy = LowestLatency(explore=0.0, expected_tokens=1000)
    assert (await strategy.select(offered, request, live())).name == chosen
    assert (await strategy.explain(offered, request, live())).chosen == chosen


async def test_who_is_not_known_is_asked_before_all_others() -> None:
    offered = [fast("a", 0.1, 99.0), fast("b", 0.1, 99.0), Candidate(model("new")), fast("c", 1, 9)]
    strategy = LowestLatency(explore=0.0)
    assert {(await strategy.select(offered, HI, live())).label for _ in range(30)} == {"new"}
    assert (await strategy.explain(offered, HI, live())).chosen == "new"


async def test_failures_cost_time() -> None:
    offered = [fast("shaky", 1.0, 100.0, failing=0.8), fast("steady", 2.0, 100.0)]
    assert (await LowestLatency(explore=0.0).select(offered, HI, live())).name == "steady"


async def test_each_choice_is_as_likely_as_it_says() -> None:
    offered = [fast("a", 0.1, 10.0), fast("b", 1.0, 10.0), fast("c", 5.0, 10.0)]
    strategy, told = LowestLatency(explore=0.3), []
    fx = live(3).notifying(told.append)
    counts = Counter([(await strategy.select(offered, HI, fx)).name for _ in range(4000)])
    likely = {scored.chosen: scored.propensity for scored in told}
    assert sum(likely.values()) == pytest.approx(1.0)
    for name, probability in likely.items():
        assert counts[name] / 4000 == pytest.approx(probability, abs=0.03)


async def test_equally_fast_ones_are_equally_likely() -> None:
    offered = [fast(name, 1.0, 10.0) for name in "abcd"]
    told: list[Event] = []
    fx = live(3).notifying(told.append)
    for _ in range(50):
        await LowestLatency().select(offered, HI, fx)
    likely = [scored.propensity for scored in told if isinstance(scored, Scored)]
    assert likely == [pytest.approx(0.25)] * 50


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan, True, "half"])
def test_a_share_is_checked(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="explore is a share"):
        LowestLatency(explore=wrong)
    with pytest.raises(InvalidInputError, match="min_quality is a number"):
        CostOptimized(wrong)


@pytest.mark.parametrize("wrong", [-1, 2.5, True])
def test_a_length_is_checked(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="expected_tokens is"):
        LowestLatency(expected_tokens=wrong)


def priced(name: str, input: float | None, output: float | None, quality: float | None = None):
    return Candidate(
        model(name, *[said(name)] * 9, prices=Prices(input=input, output=output)),
        name=name,
        quality=quality,
    )


async def test_the_cheapest_is_asked() -> None:
    offered = [priced("a", 3.0, 15.0), priced("b", 0.5, 1.5), priced("c", None, None)]
    events: list[Event] = []
    router = Router(offered, CostOptimized())
    assert (await ask(router, streaming=False, events=events)).text == "b"
    [told] = [event for event in events if isinstance(event, Routed)]
    scores = [one.score for one in told.standings]
    assert scores[2] is None
    assert scores[0] < scores[1] < 0


async def test_input_and_output_count_by_their_length() -> None:
    offered = [priced("dear to read", 10.0, 1.0), priced("dear to write", 1.0, 10.0)]
    long = Request((HumanMessage("word " * 4000),), GenerateOptions(max_tokens=10))
    strategy = CostOptimized()
    assert (await strategy.select(offered, HI, live())).name == "dear to read"
    assert (await strategy.select(offered, long, live())).name == "dear to write"


async def test_how_long_answers_are_is_learnt() -> None:
    wordy = model("wordy", *[[TextDelta("x"), Finish("stop", usage=Usage(10, 9000, 9010))]] * 3)
    terse = model("terse", *[[TextDelta("x"), Finish("stop", usage=Usage(10, 50, 60))]] * 3)
    candidates = [
        Candidate(wordy, input_price=1.0, output_price=1.0),
        Candidate(terse, input_price=1.0, output_price=3.0),
    ]
    router = Router(candidates, CostOptimized())
    assert [(await router.generate("Hi")).model for _ in range(3)] == ["wordy", "terse", "terse"]


async def test_what_is_not_good_enough_is_not_asked_however_cheap() -> None:
    offered = [priced("cheap", 0.1, 0.1, 0.5), priced("good", 5.0, 5.0, 0.9), priced("?", 0.0, 0.0)]
    events: list[Event] = []
    router = Router(offered, CostOptimized(0.9))
    assert (await ask(router, streaming=False, events=events)).text == "good"
    [told] = [event for event in events if isinstance(event, Routed)]
    assert [one.why for one in told.standings] == [
        "its quality is 0.5, and min_quality 0.9",
        None,
        "no quality is given, and min_quality 0.9",
    ]
    router = Router(offered, CostOptimized(0.95), fallbacks=[model("f", said("f"))])
    assert (await ask(router, streaming=False, events=events)).text == "f"
    with pytest.raises(AllModelsFailedError, match=r"quality of 0\.95 or more .* cheap 0\.5"):
        await ask(Router(offered, CostOptimized(0.95)), streaming=False)
    with pytest.raises(UnsupportedError):
        await CostOptimized(0.95).select(offered, HI, live())


@given(
    st.lists(
        st.tuples(st.floats(0.01, 99), st.floats(0.01, 99), st.none() | st.floats(0, 1)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 1),
)
async def test_nobody_who_is_good_enough_is_cheaper(known: list, least: float) -> None:
    offered = [priced(str(n), *one) for n, one in enumerate(known)]
    request = Request((HumanMessage("Four"),), GenerateOptions(max_tokens=100))
    tokens = tokenizer_for("0").count_request(request)
    costs = [tokens * dear + 100 * much for dear, much, _ in known]
    enough = [(quality or 0.0) >= least for _, _, quality in known]
    if not any(enough):
        return
    chosen = int((await CostOptimized(least).select(offered, request, live())).name)
    assert enough[chosen]
    cheapest = min(cost for cost, good in zip(costs, enough, strict=True) if good)
    assert costs[chosen] == pytest.approx(cheapest)


async def test_what_is_known_to_be_able_goes_before_what_may_be() -> None:
    models = [
        Candidate(model("unknown", said("?")), quality=1.0),
        Candidate(model("sees", said("seen"), capabilities=able(images=True))),
    ]
    request_messages = PICTURE.messages
    router = Router(models, CapabilityBased())
    assert (await router.generate(request_messages)).text == "seen"


async def test_a_request_that_needs_little_goes_to_who_has_little() -> None:
    plain = model("plain", said("plain"), capabilities=able(tools=True))
    all_of_it = model("all", said("all"), capabilities=able(tools=True, images=True, audio=True))
    router = Router([all_of_it, plain], CapabilityBased())
    assert (await router.generate("Hi")).text == "plain"
    assert (await router.generate(PICTURE.messages)).text == "all"


async def test_preferences_are_capabilities_or_tags() -> None:
    a = Candidate(model("a", said("a")), tags=["eu"])
    b = model("b", said("b"), capabilities=able(prompt_cache=True, reasoning=True))
    assert (await Router([b, a], CapabilityBased(["eu"])).generate("Hi")).text == "a"
    liked = CapabilityBased(["prompt_cache", "reasoning"])
    assert (await Router([a, b], liked).generate("Hi")).text == "b"


async def test_equals_are_asked_in_turn() -> None:
    models = [model(name, *[said(name)] * 4) for name in "ab"]
    router = Router([*models, Candidate(model("c"), quality=0.1)], CapabilityBased())
    assert (await router.explain("Hi")).chosen == "c"
    router = Router(models, CapabilityBased())
    assert [(await router.generate("Hi")).text for _ in range(4)] == [*"abab"]


@pytest.mark.parametrize("wrong", ["tools", 5, None, [1]])
def test_preferences_are_checked(wrong) -> None:
    with pytest.raises(InvalidInputError, match="prefer takes names"):
        CapabilityBased(wrong)


@given(st.integers(1, 6), st.integers(0, 2**32))
async def test_every_strategy_explains_what_it_would_choose(count: int, seed: int) -> None:
    chance = random.Random(seed)
    offered = [
        Candidate(
            model(str(n), prices=Prices(input=chance.uniform(0, 9), output=chance.uniform(0, 9))),
            name=str(n),
            quality=chance.choice([None, 0.5]),
            weight=chance.uniform(0.1, 3),
            health=Health(tokens_per_second=chance.uniform(1, 99), attempts=3.0, failing=0.0),
        )
        for n in range(count)
    ]
    for strategy in (FailoverChain(), CostOptimized(), CapabilityBased()):
        told = await strategy.explain(offered, HI, live())
        assert (await strategy.select(offered, HI, live())).name == told.chosen
