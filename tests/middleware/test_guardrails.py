"""Guardrails: what is blocked, what is changed, and what is shown meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from beluga.effects import Effects
from beluga.errors import GuardBlockedError, InvalidInputError, ModelError
from beluga.events import Event, Guarded
from beluga.hooks import Hooks, with_hooks
from beluga.middleware.guardrails import with_guardrails
from beluga.middleware.guards import (
    Allow,
    Block,
    Change,
    Length,
    Patterns,
    Role,
    Secrets,
    Verdict,
    Window,
)
from beluga.model import Wrapper
from beluga.schema import (
    AIMessage,
    Finish,
    HumanMessage,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    Request,
    Restarted,
    StreamChunk,
    SystemMessage,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    fold,
)
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, text

KEY = "sk-abcdefghijklmnop1234"


class Word:
    """Block or replace a word; note what was looked at."""

    def __init__(self, word: str, replacement: str | None = None, window: Window = 10) -> None:
        self.word, self.replacement, self.window = word, replacement, window
        self.seen: list[tuple[str, Role]] = []

    def check(self, value: str, role: Role, /) -> Verdict:
        self.seen.append((value, role))
        if self.word not in value:
            return Allow()
        if self.replacement is None:
            return Block("a bad word")
        return Change(value.replace(self.word, self.replacement))


class Careful(Word):
    """The same, asynchronously."""

    async def check(self, value: str, role: Role, /) -> Verdict:  # type: ignore[override]
        await anyio.sleep(1)
        return super().check(value, role)


async def shown(model: Any) -> list[StreamChunk]:
    """What a watcher has seen when the answer was blocked."""
    seen: list[StreamChunk] = []
    async with model.stream("Hi") as chunks:
        with pytest.raises(GuardBlockedError) as caught:
            async for chunk in chunks:
                seen.append(chunk)
    partial = caught.value.partial
    assert (partial.content if partial else "") == fold(seen).content
    return seen


@pytest.mark.parametrize("kind", [Word, Careful])
async def test_a_blocked_request_is_not_sent(kind: type[Word]) -> None:
    scripted = ScriptedModel([])
    model = with_guardrails(input=[kind("bad")])(scripted)
    with pytest.raises(
        GuardBlockedError, match=f"guard '{kind.__name__}' blocked the input: a bad"
    ):
        await model.generate("so bad")
    async with model.stream([SystemMessage("bad"), HumanMessage("Hi")]) as chunks:
        with pytest.raises(GuardBlockedError) as caught:
            await chunks.message()
    assert scripted.requests == []
    assert (caught.value.local, caught.value.retryable) == (True, False)


async def test_a_changed_request_is_sent_changed() -> None:
    scripted = ScriptedModel(["a"])
    model = with_guardrails(input=[Word("bad", "good"), Word("good", "fine")])(scripted)
    history = [
        HumanMessage((TextPart("bad one"), TextPart("two"))),
        AIMessage("bad, I said"),
        HumanMessage("bad"),
    ]
    await model.generate(history)
    assert [m.text for m in scripted.requests[0].messages] == ["fine onetwo", "bad, I said", "fine"]


async def test_what_is_split_over_the_parts_of_a_message_is_seen_as_it_is_read() -> None:
    scripted = ScriptedModel(["a"])
    split = HumanMessage((TextPart("this is b"), TextPart("a"), TextPart("d, so")))
    with pytest.raises(GuardBlockedError):
        await with_guardrails(input=[Word("bad")])(scripted).generate([split])
    assert scripted.requests == []
    await with_guardrails(input=[Word("bad", "good")])(scripted).generate([split])
    assert scripted.requests[0].messages == (HumanMessage((TextPart("this is good, so"),)),)


async def test_a_blocked_answer() -> None:
    model = with_guardrails(output=[Word("bad")])(ScriptedModel(["This is bad."]))
    with pytest.raises(GuardBlockedError):
        await model.generate("Hi")


async def test_a_block_after_content_tells_what_was_shown() -> None:
    words = [*text(*["good "] * 8), *text("ba", "d", " and more"), Finish("stop")]
    seen = await shown(with_guardrails(output=[Word("bad")])(ScriptedModel([words])))
    assert 0 < len(fold(seen).text) <= 40


async def test_a_guard_sees_two_windows_and_one_is_let_go() -> None:
    guard = Word("x", window=5)
    model = with_guardrails(output=[guard])(
        ScriptedModel([[*text("0123456789abcde"), Finish("stop")]])
    )
    async with model.stream("Hi") as chunks:
        pieces = [piece async for piece in chunks.text()]
    assert pieces == ["01234", "56789", "abcde"] or "".join(pieces) == "0123456789abcde"
    assert guard.seen == [("0123456789", "output"), ("56789abcde", "output"), ("abcde", "output")]


async def test_sentences() -> None:
    guard = Word("x", window="sentence")
    answer = 'One. Two 1.5? "Yes!" No\nend'
    cut = [*text(*answer), Finish("stop")]
    async with with_guardrails(output=[guard])(ScriptedModel([cut])).stream("Hi") as chunks:
        pieces = [piece async for piece in chunks.text()]
    assert [value for value, _ in guard.seen] == ["One. ", "Two 1.5? ", '"Yes!" ', "No\n", "end"]
    assert "".join(pieces) == answer


async def test_a_whole_answer_is_held_back() -> None:
    guard = Word("bad", "good", window="answer")
    model = with_guardrails(output=[guard])(ScriptedModel(["one bad two bad"]))
    async with model.stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    assert seen[0] == TextDelta("one good two good")
    assert len(seen) == 2


async def test_what_comes_behind_waits_in_order() -> None:
    call = ToolCall("c", "f", "{}")
    script = [
        *text("Hi"),
        ToolCallDelta(0, "c", "f", "{}"),
        PartDone(0, call),
        Finish("tool_calls"),
    ]
    model = with_guardrails(output=[Word("x")])(ScriptedModel([script]))
    async with model.stream("Hi") as chunks:
        assert [chunk async for chunk in chunks][:-1] == script[:-1]


async def test_text_is_one_text_over_its_parts() -> None:
    script = [TextDelta("ba", 0), PartDone(0, TextPart("ba")), TextDelta("d", 1), Finish("stop")]
    assert await shown(with_guardrails(output=[Word("bad")])(ScriptedModel([script]))) == []


async def test_a_whole_part_is_guarded_too() -> None:
    for part in (TextPart("bad"), RefusalPart("bad"), ReasoningPart("bad", signature="s")):
        script = [PartDone(0, part), Finish("stop")]
        assert await shown(with_guardrails(output=[Word("bad")])(ScriptedModel([script]))) == []
        changed = with_guardrails(output=[Word("bad", "good")])(ScriptedModel([script]))
        [after] = (await changed.generate("Hi")).parts
        assert after == type(part)("good")


async def test_reasoning_is_guarded_unless_the_guard_says_otherwise() -> None:
    script = [ReasoningDelta("so ba"), ReasoningDelta("d"), *text("fine"), Finish("stop")]
    guard = Word("bad")
    assert await shown(with_guardrails(output=[guard])(ScriptedModel([script]))) == []
    assert guard.seen == [("so bad", "reasoning")]
    lenient = Patterns("bad", reasoning=False)
    message = await with_guardrails(output=[lenient])(ScriptedModel([script])).generate("Hi")
    assert (message.reasoning, message.text) == ("so bad", "fine")


async def test_reasoning_is_shown_when_something_else_begins() -> None:
    script = [ReasoningDelta("hm"), 5.0, *text("a"), 5.0, *text("b" * 20), Finish("stop")]
    model = with_guardrails(output=[Word("x")])(ScriptedModel([script]))
    async with model.stream("Hi") as chunks:
        first = await anext(aiter(chunks))
        assert (first, anyio.current_time() % 10) == (ReasoningDelta("hm"), pytest.approx(5))


async def test_a_restart_empties_the_window() -> None:
    guard = Word("bad")
    script = [*text("ba"), Restarted(SLOW_DOWN), *text("d"), Finish("stop")]
    model = with_guardrails(output=[guard], tool_calls=[Calls()])(ScriptedModel([script]))
    async with model.stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    assert seen[:2] == [Restarted(SLOW_DOWN), TextDelta("d")]
    assert guard.seen == [("d", "output")]


class Calls:
    """Block one tool, and change the arguments of another."""

    name = "calls"

    def check(self, value: ToolCall, role: Role, /) -> Verdict:
        assert role == "tool_call"
        if value.name == "rm":
            return Block("not that one")
        if value.name == "ls":
            return Change(ToolCall(value.id, "ls", '{"safe":true}'))
        return Allow()


def a_call(index: int, name: str) -> Sequence[StreamChunk]:
    call = ToolCall(f"c{index}", name, '{"a":1}')
    return [
        ToolCallDelta(index, call.id, name),
        ToolCallDelta(index, arguments='{"a"'),
        ToolCallDelta(index, arguments=":1}"),
        PartDone(index, call),
    ]


async def test_nothing_of_a_blocked_call_is_shown() -> None:
    script = [*text("Hi"), *a_call(0, "ok"), *a_call(1, "rm"), Finish("tool_calls")]
    model = with_guardrails(tool_calls=[Calls()])(ScriptedModel([script]))
    assert await shown(model) == [*text("Hi"), *a_call(0, "ok")]


async def test_a_changed_call_is_shown_changed() -> None:
    ok, ls = a_call(0, "ok"), a_call(1, "ls")
    mixed = [
        ok[0],
        ls[0],
        ok[1],
        ls[1],
        *text("t"),
        ls[2],
        ls[3],
        ok[2],
        ok[3],
        Finish("tool_calls"),
    ]
    model = with_guardrails(tool_calls=[Calls()])(ScriptedModel([mixed]))
    async with model.stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    message = fold(seen)
    assert [call.arguments for call in message.tool_calls] == ['{"a":1}', '{"safe":true}']
    deltas = [c for c in seen if isinstance(c, ToolCallDelta) and c.index == 1]
    assert deltas == [ToolCallDelta(1, "c1", "ls", '{"safe":true}')]


async def test_a_restart_forgets_a_call_that_was_open() -> None:
    script = [*a_call(0, "rm")[:2], Restarted(SLOW_DOWN), *text("a"), 5.0, *text("b")]
    model = with_guardrails(tool_calls=[Calls()])(ScriptedModel([[*script, Finish("stop")]]))
    async with model.stream("Hi") as chunks:
        start = anyio.current_time()
        assert [await anext(chunks.__aiter__()) for _ in range(2)] == [
            Restarted(SLOW_DOWN),
            TextDelta("a"),
        ]
        assert anyio.current_time() == start  # nothing waits behind what is void
        assert (await chunks.message()).text == "ab"


async def test_reasoning_that_waits_behind_text_is_rewritten_in_its_place() -> None:
    thoughts = "0123456789" * 3 + "bad!" + "0123456789"
    batches = [*text("Hi"), *[ReasoningDelta(letter) for letter in thoughts], Finish("stop")]
    guard = Word("bad", replacement="***", window=5)
    model = with_guardrails(output=[guard])(ScriptedModel([batches]))
    async with model.stream("Hi") as chunks:
        message = await chunks.message()
    assert message.text == "Hi"
    assert message.reasoning == thoughts.replace("bad", "***")


@pytest.mark.parametrize("reason", ["length", "tool_calls"])
async def test_calls_that_nothing_closes_are_judged_at_the_end(reason: Any) -> None:
    script = [*a_call(0, "rm")[:2], Finish(reason)]
    assert await shown(with_guardrails(tool_calls=[Calls()])(ScriptedModel([script]))) == []
    script = [*a_call(0, "ls")[:2], Finish(reason)]
    message = await with_guardrails(tool_calls=[Calls()])(ScriptedModel([script])).generate("Hi")
    assert [c.arguments for c in message.tool_calls + message.cut_calls] == ['{"safe":true}']


async def test_a_block_that_somebody_swallows_stands() -> None:
    class Swallowing(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            for _ in range(2):
                try:
                    return await self.inner.respond(request, fx)
                except ModelError:
                    pass
            return Finish("stop")

    guard = Word("b", window=1)
    model = with_guardrails(output=[guard])(Swallowing(ScriptedModel(["bbb", "ok ok ok"])))
    assert await shown(model) == []


async def test_events_tell_what_guards_did() -> None:
    events: list[Event] = []
    guarded = with_guardrails(input=[Word("a", "b")], output=[Word("bad")])(ScriptedModel(["bad"]))
    with pytest.raises(GuardBlockedError):
        await with_hooks(Hooks(on_event=events.append))(guarded).generate("a")
    assert [event for event in events if isinstance(event, Guarded)] == [
        Guarded("Word", "input", "changed"),
        Guarded("Word", "output", "blocked", "a bad word"),
    ]


async def test_a_guard_that_gives_nonsense_is_a_bug() -> None:
    class Broken(Word):
        def check(self, value: str, role: Role, /) -> Any:
            return Change(ToolCall("a", "b", "c"))

    with pytest.raises(TypeError, match="Broken"):
        await with_guardrails(output=[Broken("x")])(ScriptedModel(["a"])).generate("Hi")


@pytest.mark.parametrize("window", [0, -1, True, 1.5, "word", None])
def test_wrong_windows_are_refused(window: Any) -> None:
    with pytest.raises(InvalidInputError, match="window"):
        with_guardrails(output=[Word("x", window=window)])


def test_what_is_no_guard_is_refused() -> None:
    for place in ("input", "output", "tool_calls"):
        with pytest.raises(InvalidInputError, match="no guard"):
            with_guardrails(**{place: ["bad"]})  # type: ignore[arg-type]


# The ready guards.


async def test_length() -> None:
    model = with_guardrails(output=[Length(5)])(ScriptedModel(["12345", "123456"]))
    assert (await model.generate("Hi")).text == "12345"
    assert await shown(model) == []
    with pytest.raises(InvalidInputError):
        Length(0)


async def test_patterns() -> None:
    guard = Patterns(r"\b\d{3}-\d{4}\b", "(?i)SECRET", replacement="[…]")
    model = with_guardrails(input=[guard], output=[guard])(
        ScriptedModel(["Call 555-1234, Secret!"])
    )
    assert (await model.generate("555-0000")).text == "Call […], […]!"
    assert guard.check("", "input") == Allow()
    assert Patterns("b+").check("abbbc", "input") == Block("it matches 'b+'")
    with pytest.raises(InvalidInputError):
        Patterns()


async def test_secrets() -> None:
    answer = f"The key is {KEY}. Keep it."
    redacting = with_guardrails(output=[Secrets()])(
        ScriptedModel([[*text(*answer), Finish("stop")]])
    )
    async with redacting.stream("Hi") as chunks:
        assert (await chunks.message()).text == "The key is [redacted]. Keep it."
    blocking = with_guardrails(output=[Secrets("block")])(
        ScriptedModel([[*text(*answer), Finish("stop")]])
    )
    assert await shown(blocking) == []
    with pytest.raises(InvalidInputError):
        Secrets("log")  # type: ignore[arg-type]
