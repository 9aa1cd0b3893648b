"""What a router is told when it is made, what it then is, and what it explains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest

from beluga.effects import CanChoose
from beluga.errors import InvalidInputError, StrategyError
from beluga.events import Scored
from beluga.model import ChatModel
from beluga.routing import Candidate, Cooldown, CostOptimized, Explanation, RoundRobin, Router
from beluga.schema import AIMessage, GenerateOptions, ModelInfo, OptionLayer, Request
from beluga.stores import MemoryHealth
from beluga.testing import ScriptedModel
from tests.middleware.stage import SLOW
from tests.routing.stage import First, Named, able, broken, model, said

ONE = model("one")


async def awaited(answer: AIMessage) -> bool:
    return False


class Awaited:
    async def __call__(self, answer: AIMessage) -> bool:
        return False


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Router([]), "needs a model"),
        (lambda: Router(ONE), "models as a sequence"),
        (lambda: Router("gpt"), "models as a sequence"),
        (lambda: Router(["gpt"]), "models holds models and candidates; got 'gpt'"),
        (lambda: Router([ONE], fallbacks=ONE), "fallbacks as a sequence"),
        (lambda: Router([ONE], fallbacks=["x"]), "fallbacks holds models"),
        (lambda: Router([ONE, ONE]), "'one' is a candidate twice"),
        (
            lambda: Router([Candidate(model("a"), name="x"), Candidate(model("b"), name="x")]),
            "two candidates are named 'x'",
        ),
        (
            lambda: Router(
                [Candidate(model("a"), name="x")], fallbacks=[Candidate(model("b"), name="x")]
            ),
            "two candidates are named 'x'",
        ),
        (lambda: Router([ONE], fallbacks=[ONE]), "fallback 'one' is among the candidates"),
        (
            lambda: Router([Candidate(ONE, name="x")], fallbacks=[Candidate(ONE, name="y")]),
            "fallback 'y' is among the candidates",
        ),
        (lambda: Router([ONE], fallbacks=[model("b")] * 2), "fallback 'b' is among"),
        (lambda: Router([ONE], strategy="round"), "a strategy such as RoundRobin"),
        (lambda: Router([ONE], strategy=RoundRobin), "RoundRobin\\(\\); got <class"),
        (lambda: Router([ONE], max_attempts=0), "max_attempts is 1 or more"),
        (lambda: Router([ONE], max_wait=-1), "max_wait is a number of seconds"),
        (lambda: Router([ONE], max_wait=math.nan), "max_wait is a number of seconds"),
        (lambda: Router([ONE], commit="later"), "commit is 'content' or 'finish'; got 'later'"),
        (lambda: Router([ONE], on_interrupt="go"), "on_interrupt is 'raise' or 'restart'"),
        (lambda: Router([ONE], on_refusal="go"), "on_refusal is 'raise' or 'next'"),
        (lambda: Router([ONE], cooldown=30), "cooldown=Cooldown"),
        (lambda: Router([ONE], commit="finish", accept=True), "accept is a function"),
        (lambda: Router([ONE], accept=bool), "commit='finish'"),
        (lambda: Router([ONE], commit="finish", accept=awaited), "accept is a plain function"),
        (lambda: Router([ONE], commit="finish", accept=Awaited()), "accept is a plain function"),
        (lambda: Router([ONE], context=8000), "is a ContextManager.*got 8000"),
        (lambda: Router([ONE], store={}), "a store such as MemoryHealth"),
        (lambda: Router([ONE], store=MemoryHealth), "MemoryHealth.*got <class"),
        (lambda: Cooldown(failures=0), "failures says how many"),
        (lambda: Cooldown(failures=True), "failures says how many"),
        (lambda: Cooldown(seconds=0), "seconds is in seconds, above 0"),
        (lambda: Cooldown(refused=math.nan), "refused is in seconds, 0 or more"),
        (lambda: Cooldown(rate_limited=-1), "rate_limited is in seconds, 0 or more"),
        (lambda: Cooldown(longest=math.inf), "longest is in seconds, 0 or more"),
    ],
)
def test_what_is_wrong_is_said_at_once(make, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        make()


def test_names_that_collide_get_numbers() -> None:
    models = [model("gpt"), model("gpt"), Candidate(model("gpt"), name="gpt#2"), model("gpt")]
    router = Router(models, fallbacks=[model("gpt")])
    assert [c.name for c in router.candidates] == ["gpt", "gpt#3", "gpt#2", "gpt#4"]
    assert router.model_id == "gpt|gpt#3|gpt#2|gpt#4"
    given = Router([Candidate(model("b"), name="a"), model("a")])
    assert given.model_id == "a|a#2"


def test_one_model_may_be_two_candidates_by_their_names() -> None:
    hot = Candidate(ONE, name="hot", options={"temperature": 1.0})
    cold = Candidate(ONE, name="cold", options={"temperature": 0.0})
    assert Router([hot, cold]).model_id == "hot|cold"
    assert Router([hot], fallbacks=[cold]).model_id == "hot"


def test_it_is_what_all_of_them_are() -> None:
    infos = {
        "context_window": 1000,
        "max_output_tokens": 50,
        "capabilities": able(tools=True, images=False, audio=False),
    }
    other = Candidate(model("b", capabilities=able(tools=False, images=False)), context_window=8000)
    info = Router([model("a", **infos), other], fallbacks=[model("f")]).info
    assert info == ModelInfo(
        model="a|b",
        provider="mock",
        context_window=8000,
        max_output_tokens=50,
        capabilities=able(tools=True, images=False),
    )
    mixed = Router([model("a", provider="x"), model("b", provider="y")])
    assert mixed.info.provider is None
    assert mixed.info.context_window is None


def test_its_defaults_are_those_that_all_have() -> None:
    def with_defaults(name: str, **options: object) -> ChatModel:
        return ScriptedModel([], model_id=name, defaults=GenerateOptions(**options))

    router = Router(
        [with_defaults("a", seed=1, top_k=2)], fallbacks=[with_defaults("b", seed=1, top_k=3)]
    )
    assert router.defaults == OptionLayer(GenerateOptions(seed=1))


async def test_closing_it_closes_each_of_them_once_also_if_one_fails() -> None:
    closed: list[str] = []

    class Closing(ScriptedModel):
        async def aclose(self) -> None:
            closed.append(self.model_id)
            if self.model_id == "b":
                raise OSError("cannot close")

    a, b, c = [Closing([], model_id=name) for name in "abc"]
    twice = Candidate(a, name="again", options={"seed": 1})
    with pytest.raises(OSError, match="cannot close"):
        async with Router([a, b, twice], fallbacks=[c]):
            pass
    assert sorted(closed) == ["a", "b", "c"]


async def test_an_explanation_tells_each_ones_fate_and_nothing_changes() -> None:
    tired = model("tired", broken(SLOW))
    router = Router(
        [
            tired,
            model("blind", capabilities=able(tools=False)),
            Candidate(model("dear"), input_price=9.0, output_price=9.0),
            Candidate(model("cheap", said("x")), input_price=1.0, output_price=1.0),
        ],
        Named("tired", "cheap"),
        fallbacks=[model("last")],
    )
    await router.generate("Hi")
    told = await router.explain("Hi", tools=[])
    assert isinstance(told, Explanation)
    assert (told.strategy, told.chosen) == ("Named", None)
    assert {one.name: one.fate for one in told.standings} == {
        "tired": "waiting", "blind": "passed", "dear": "passed", "cheap": "passed",
        "last": "reserve",
    }  # fmt: skip
    tired_one = told.standings[0]
    assert tired_one.wait == pytest.approx(7.0)
    assert tired_one.why is not None
    assert "after rate_limit" in tired_one.why


async def test_an_explanation_has_scores_and_can_be_read() -> None:
    candidates = [
        Candidate(model("dear"), input_price=9.0, output_price=9.0),
        Candidate(model("cheap"), input_price=1.0, output_price=1.0),
        model("blind", capabilities=able(images=False)),
    ]
    router = Router(candidates, CostOptimized())
    told = await router.explain("Hi")
    assert told.chosen == "cheap"
    assert [one.fate for one in told.standings] == ["passed", "chosen", "passed"]
    assert told.standings[0].score < told.standings[1].score < 0
    text = str(told)
    assert text.splitlines()[0] == "CostOptimized would ask cheap: about $0.00051"
    assert "  dear   passed  -0.0045" in text


async def test_an_explanation_where_only_a_fallback_is_left() -> None:
    router = Router(
        [model("a", capabilities=able(reasoning=False))],
        First(),
        fallbacks=[model("b", capabilities=able(reasoning=False)), model("c")],
    )
    told = await router.explain("Hi", reasoning="low")
    assert told.chosen == "c"
    assert [one.fate for one in told.standings] == ["unable", "unable", "chosen"]
    with pytest.raises(InvalidInputError):
        await router.explain([])


async def test_an_explanation_says_who_is_not_good_enough_and_who_stands_in() -> None:
    cheap, good = Candidate(model("cheap"), quality=0.1), Candidate(model("good"), quality=0.9)
    unknown = model("unknown")
    told = await Router([cheap, good, unknown], CostOptimized(0.5)).explain("Hi")
    assert [(one.name, one.fate, one.why) for one in told.standings] == [
        ("cheap", "passed", "its quality is 0.1, and min_quality 0.5"),
        ("good", "chosen", None),
        ("unknown", "passed", "no quality is given, and min_quality 0.5"),
    ]
    told = await Router([cheap], CostOptimized(0.5), fallbacks=[model("last")]).explain("Hi")
    assert told.chosen == "last"
    assert told.why is not None
    assert "no candidate has a quality of 0.5" in told.why


class Muddled(Named):
    """Explain what it was told to."""

    def __init__(self, told: object) -> None:
        super().__init__()
        self.told = told

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        if isinstance(self.told, Exception):
            raise self.told
        return msgspec.convert(self.told, Scored) if isinstance(self.told, dict) else self.told


@pytest.mark.parametrize("told", [None, {"type": "scored", "chosen": "z"}, KeyError("z")])
async def test_a_strategy_that_cannot_explain_itself_is_named(told: object) -> None:
    router = Router([model("a"), model("b")], Muddled(told))
    with pytest.raises(StrategyError, match=r"Muddled\.explain"):
        await router.explain("Hi")


async def test_explaining_is_repeatable() -> None:
    router = Router([model("a", said("a")), model("b", said("b"))])
    assert [(await router.explain("Hi")).chosen for _ in range(3)] == ["a"] * 3
    await router.generate("Hi")
    assert (await router.explain("Hi")).chosen == "b"


def test_it_shows_what_it_is() -> None:
    assert repr(Router([model("a"), model("b")])) == "Router('a|b', RoundRobin())"
