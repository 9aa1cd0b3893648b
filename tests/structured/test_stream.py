"""Values that are watched while they come."""

from __future__ import annotations

import json
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import (
    InvalidInputError,
    OutputInvalidError,
    ProviderDownError,
    StreamUsageError,
    error_for,
)
from beluga.events import Attempted, AttemptEnded
from beluga.middleware import with_cache, with_fallback, with_guardrails, with_hedge
from beluga.model import ChatModel
from beluga.routing import FailoverChain, Router
from beluga.schema import (
    Failure,
    Finish,
    PartDone,
    Request,
    Restarted,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from beluga.structured import FieldDone, ItemDone, Partial, PartialEvent, StructuredOutput, TextGrew
from beluga.testing import ScriptedModel, virtual_backends
from tests.doubles import Endless, FunctionModel
from tests.structured.stage import ANN, BAD, BILLED, DOWN, GOOD, Person, cut, scripted


class Crowd(msgspec.Struct):
    title: str
    people: list[Person] = []
    ages: dict[str, int] = {}


CROWD = Crowd("Few", [ANN], {"Ann": 3})
CROWDED = msgspec.json.encode(CROWD).decode()


async def views_of(output: StructuredOutput[Any], **options: Any) -> list[Partial[Any]]:
    async with output.stream("Who?", **options) as stream:
        return [view async for view in stream]


async def events_of(output: StructuredOutput[Any], **options: Any) -> list[PartialEvent]:
    async with output.stream("Who?", **options) as stream:
        return [event async for event in stream.events()]


async def test_views_grow_and_the_value_is_there_at_the_end() -> None:
    async with StructuredOutput(scripted(cut(GOOD, 4)), Person).stream("Who?") as stream:
        with pytest.raises(StreamUsageError, match="ended"):
            _ = stream.value
        names = [view.name async for view in stream]
        assert stream.value == ANN
        assert stream.partial.is_complete
        assert stream.message.usage == BILLED
    assert names[0] is None
    assert names == sorted(names, key=lambda name: len(str(name or "")))
    assert names[-1] == "Ann"
    assert stream.value == ANN
    assert (await_free := stream.spent).usage == BILLED
    assert await_free.attempts == 1


async def test_events_tell_what_is_complete_and_how_strings_grow() -> None:
    events = await events_of(StructuredOutput(scripted(cut(CROWDED, 5)), Crowd))
    person = {"name": "Ann", "age": 3}
    assert [event for event in events if not isinstance(event, TextGrew)] == [
        FieldDone(("title",), "Few"),
        FieldDone(("people", 0, "name"), "Ann"),
        FieldDone(("people", 0, "age"), 3),
        ItemDone(("people", 0), person),
        FieldDone(("people",), [person]),
        FieldDone(("ages", "Ann"), 3),
        FieldDone(("ages",), {"Ann": 3}),
    ]
    grown = [event for event in events if isinstance(event, TextGrew)]
    assert "".join(event.text for event in grown if event.path == ("title",)) == "Few"
    assert "".join(event.text for event in grown if event.path == ("people", 0, "name")) == "Ann"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_every_cut_ends_with_the_value(sizes: list[int]) -> None:
    pieces, position = [], 0
    while position < len(CROWDED):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(TextDelta(CROWDED[position : position + size]))
        position += size

    async def main() -> None:
        output = StructuredOutput(scripted([*pieces, Finish("stop")]), Crowd)
        async with output.stream("Who?") as stream:
            views = [view async for view in stream]
            assert views[-1].is_complete
            assert views[-1].as_json() == json.loads(CROWDED)
            assert stream.value == CROWD

    anyio.run(main, backend="asyncio", backend_options=virtual_backends()["asyncio"])


@pytest.mark.parametrize(
    "text",
    [
        f"<think>Is it {{'name': 1}}?</think>\n{GOOD}",
        f"```json\n{GOOD}\n```",
        f"Sure, here it is: {GOOD}",
        "{'name': 'Ann', 'age': 3,}",
        f'{{"value": {GOOD}}}',
        json.dumps(GOOD),
    ],
)
async def test_whatever_was_mended_the_last_view_is_the_value(text: str) -> None:
    views = await views_of(StructuredOutput(scripted(cut(text)), Person))
    assert views[-1].as_json() == {"name": "Ann", "age": 3}
    assert views[-1].is_complete
    events = await events_of(StructuredOutput(scripted(cut(text)), Person))
    begun = max([i for i, e in enumerate(events) if isinstance(e, Restarted)], default=-1)
    told = [event for event in events[begun + 1 :] if isinstance(event, FieldDone)]
    assert told == [FieldDone(("name",), "Ann"), FieldDone(("age",), 3)]


async def test_an_answer_that_will_not_do_is_an_error_where_it_is_watched() -> None:
    model = scripted(cut(BAD))
    output = StructuredOutput(model, Person)
    with pytest.raises(OutputInvalidError) as raised:
        await views_of(output)
    assert len(model.requests) == 1
    assert raised.value.partial is not None
    assert raised.value.partial.text == BAD


async def test_if_the_caller_says_so_the_view_is_emptied_and_the_model_asked_again() -> None:
    model = scripted(cut(BAD), cut(GOOD))
    async with StructuredOutput(model, Person).stream("Who?", on_invalid="restart") as stream:
        views = [view async for view in stream]
        result = await stream.result()
    shown = [view.as_json() for view in views]
    begun = shown.index(None)
    assert shown[begun - 1] == {"name": "Ann", "age": "three"}
    assert shown[-1] == {"name": "Ann", "age": 3}
    assert (result.value, result.usage, len(result.attempts)) == (ANN, BILLED + BILLED, 2)
    assert stream.message.spent.attempts == 2
    assert len(model.requests[1].messages) == 3

    events = await events_of(
        StructuredOutput(scripted(cut(BAD), cut(GOOD)), Person), on_invalid="restart"
    )
    [restarted] = [event for event in events if isinstance(event, Restarted)]
    assert restarted.failure.code == "output_invalid"
    after = events[events.index(restarted) + 1 :]
    assert [e for e in after if isinstance(e, FieldDone)] == [
        FieldDone(("name",), "Ann"),
        FieldDone(("age",), 3),
    ]


async def test_what_was_not_shown_may_be_asked_for_again_anyway() -> None:
    model = scripted([TextDelta(""), Finish("stop")], cut(GOOD))
    views = await views_of(StructuredOutput(model, Person))
    assert views[-1].as_json() == {"name": "Ann", "age": 3}
    assert len(model.requests) == 2


async def test_a_model_that_begins_anew_empties_the_view() -> None:
    failure = Failure("provider_unavailable", "down")
    reply = [TextDelta('{"name": "Bob", "ag'), Restarted(failure), TextDelta(GOOD), Finish("stop")]
    shown = [view.as_json() for view in await views_of(StructuredOutput(scripted(reply), Person))]
    assert shown == [
        {"name": "Bob"},
        None,
        {"name": "Ann", "age": 3},
        {"name": "Ann", "age": 3},
    ]


async def test_failures_in_the_midst_are_raised_where_it_is_watched() -> None:
    model = scripted([TextDelta('{"name": "A'), error_for(DOWN)])
    async with StructuredOutput(model, Person).stream("Who?") as stream:
        assert (await anext(aiter(stream))).name == "A"
        with pytest.raises(ProviderDownError) as raised:
            await anext(aiter(stream))
    assert raised.value.partial is not None
    assert stream.partial.name == "A"


async def test_leaving_the_block_ends_the_answer() -> None:
    endless = Endless()
    async with StructuredOutput(FunctionModel(endless), Person).stream("Who?"):
        await anyio.sleep(3.5)
    assert endless.cleaned
    assert endless.emitted == 3


async def test_a_block_is_entered_once_and_iterated_inside() -> None:
    block = StructuredOutput(scripted(cut(GOOD)), Person).stream("Who?")
    async with block as stream:
        await anext(aiter(stream))
    with pytest.raises(StreamUsageError):
        await anext(aiter(stream))
    with pytest.raises(StreamUsageError):
        await block.__aenter__()


async def test_nothing_is_sent_before_the_block_is_entered() -> None:
    model = scripted(cut(GOOD))
    output = StructuredOutput(model, Person)
    output.stream("Who?")
    with pytest.raises(InvalidInputError, match="on_invalid"):
        output.stream("Who?", on_invalid="again")  # type: ignore[arg-type]
    assert not model.requests


async def test_arguments_of_the_tool_that_takes_the_answer_are_watched() -> None:
    pieces = [ToolCallDelta(1, "c1", "clock"), ToolCallDelta(0, "c0", "Person")]
    pieces += [ToolCallDelta(0, arguments=GOOD[at : at + 5]) for at in range(0, len(GOOD), 5)]
    pieces += [ToolCallDelta(1, arguments="{}")]
    reply = [TextDelta("Let me see [1]."), *pieces, Finish("tool_calls")]
    output = StructuredOutput(scripted(reply), Person, mode="tool")
    views = await views_of(output)
    names = [view.name for view in views]
    assert names[-1] == "Ann"
    assert names[:2] == [None, ""]  # what was text was none of it
    whole = [PartDone(0, ToolCall("c", "Person", GOOD)), Finish("tool_calls")]
    views = await views_of(StructuredOutput(scripted(whole), Person, mode="tool"))
    assert views[0].as_json() == {"name": "Ann", "age": 3}


async def test_parts_that_come_whole_are_read_once() -> None:
    whole = [TextDelta(GOOD), PartDone(0, TextPart(GOOD)), Finish("stop")]
    assert len(await views_of(StructuredOutput(scripted(whole), Person))) == 2
    alone = [PartDone(0, TextPart(GOOD)), Finish("stop")]
    assert len(await views_of(StructuredOutput(scripted(alone), Person))) == 2


def in_form(dialect: str | None, text: str, metadata: bool = False) -> ChatModel:
    """A model whose provider was sent another form of the schema."""

    async def answer(request: Request, fx: Effects) -> Finish:
        fx.notify(Attempted("p", "m", dialect))
        for at in range(0, len(text), 4):
            await fx.emit([TextDelta(text[at : at + 4])])
        known = {"schema_codec": dialect} if metadata else {}
        return Finish("stop", metadata=known)

    return FunctionModel(answer)


AS_PAIRS = json.dumps({"title": "Few", "people": None, "ages": [{"key": "Ann", "value": 3}]})


@pytest.mark.parametrize("metadata", [False, True])
async def test_the_form_that_the_attempt_names_is_undone_on_the_way(metadata: bool) -> None:
    output = StructuredOutput(in_form("openai", AS_PAIRS, metadata), Crowd)
    events = await events_of(output)
    assert [e for e in events if isinstance(e, FieldDone)] == [
        FieldDone(("title",), "Few"),
        FieldDone(("ages", "Ann"), 3),
        FieldDone(("ages",), {"Ann": 3}),
    ]
    assert (await output.generate("Who?")) == Crowd("Few", [], {"Ann": 3})


async def test_after_a_failover_it_is_the_form_of_the_model_that_answers() -> None:
    async def failing(request: Request, fx: Effects) -> Finish:
        fx.notify(Attempted("q", "n", "plain"))
        raise error_for(DOWN)

    model = with_fallback(in_form("openai", AS_PAIRS))(FunctionModel(failing))
    events = await events_of(StructuredOutput(model, Crowd))
    assert FieldDone(("ages", "Ann"), 3) in events
    assert not any(isinstance(event, Restarted) for event in events)


async def test_out_of_a_cache_the_form_is_still_known() -> None:
    model = with_cache()(in_form("openai", AS_PAIRS, metadata=True))
    output = StructuredOutput(model, Crowd)
    first, second = await views_of(output), await views_of(output)
    assert first[-1] == second[-1]
    assert second[0].ages == first[-1].ages


async def test_behind_guards_hedges_and_routers() -> None:
    class Short:
        window = 8

        def check(self, text: str, role: object) -> object:
            from beluga.middleware import Allow

            return Allow()

    def fresh() -> ScriptedModel:
        return scripted(cut(GOOD))

    for model in (
        with_guardrails(output=[Short()])(fresh()),  # type: ignore[list-item]
        with_hedge(delay=1)(fresh()),
        Router([fresh(), scripted(model_id="b")], FailoverChain(), commit="finish"),
        Router([scripted(error_for(DOWN), model_id="b"), fresh()], FailoverChain()),
    ):
        views = await views_of(StructuredOutput(model, Person))
        assert views[-1].as_json() == {"name": "Ann", "age": 3}
        assert all((view.name or "") in {"", "A", "An", "Ann"} for view in views)


async def test_with_commit_finish_a_router_may_show_another_answer_instead() -> None:
    model = Router(
        [scripted(cut(BAD), model_id="a"), scripted(cut(GOOD), model_id="b")],
        FailoverChain(),
        commit="finish",
    )
    output = StructuredOutput(model, Person, fallback_on_invalid=True)
    async with output.stream("Who?") as stream:
        views = [view async for view in stream]
        assert stream.value == ANN
        assert (await stream.result()).usage == BILLED + BILLED
    assert not any(view.as_json() == {"name": "Ann", "age": "three"} for view in views)


class Loose(msgspec.Struct):
    title: str
    extra: object = None


async def test_after_a_restart_it_is_the_form_of_the_model_that_began_anew() -> None:
    async def breaking(request: Request, fx: Effects) -> Finish:
        fx.notify(Attempted("q", "n", "openai"))
        await fx.emit([TextDelta('{"title": "a", "extra": "[1]"')])
        fx.notify(AttemptEnded("q", "n", Usage(), 0.0, failure=DOWN))
        raise error_for(DOWN)

    models = [FunctionModel(breaking), in_form("plain", '{"title": "b", "extra": "[1]"}')]
    router = Router(models, FailoverChain(), on_interrupt="restart")
    events = await events_of(StructuredOutput(router, Loose))
    done = [event for event in events if isinstance(event, FieldDone | Restarted)]
    assert [type(event) for event in done] == [
        FieldDone,
        FieldDone,
        Restarted,
        FieldDone,
        FieldDone,
    ]
    assert done[1] == FieldDone(("extra",), [1])
    assert done[4] == FieldDone(("extra",), "[1]")
