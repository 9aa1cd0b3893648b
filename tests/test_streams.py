"""A stream in its usual course: chunks, texts, the whole message, single use."""

from __future__ import annotations

import anyio
import pytest

from beluga.effects import Effects
from beluga.errors import (
    IncompleteStreamError,
    InvalidInputError,
    RateLimitError,
    StreamUsageError,
)
from beluga.schema import (
    AIMessage,
    Finish,
    PartDone,
    ReasoningDelta,
    Request,
    Restarted,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from beluga.streams import ChunkStream
from tests.doubles import SLOW_DOWN, Endless, FunctionModel, text, words


async def test_chunks_come_in_order_and_end_with_the_finish() -> None:
    async with FunctionModel(words("a", "b", "c")).stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    assert seen[:-1] == [TextDelta("a"), TextDelta("b"), TextDelta("c")]
    assert seen[-1] == Finish("stop")


async def test_a_batch_arrives_as_its_chunks() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a", "b"))
        await fx.emit([])
        await fx.emit(text("c"))
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        assert [piece async for piece in chunks.text()] == ["a", "b", "c"]


async def test_text_gives_text_only() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit([ReasoningDelta("hm"), TextDelta("a"), ToolCallDelta(0, "1", "f", "{}")])
        await fx.emit([PartDone(0, ToolCall("1", "f", "{}")), TextDelta("b", 1)])
        return Finish("tool_calls")

    async with FunctionModel(answer).stream("Hi") as chunks:
        assert [piece async for piece in chunks.text()] == ["a", "b"]
        assert (await chunks.message()).reasoning == "hm"


async def test_text_stops_at_a_restart() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit([TextDelta("void"), Restarted(SLOW_DOWN), TextDelta("anew")])
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        pieces: list[str] = []
        with pytest.raises(IncompleteStreamError) as caught:
            async for piece in chunks.text():
                pieces.append(piece)
        assert pieces == ["void"]
        assert caught.value.failure == SLOW_DOWN
        assert (await chunks.message()).text == "anew"


async def test_the_model_is_told_that_somebody_watches() -> None:
    asked: list[Request] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        asked.append(request)
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        await chunks.message()
    assert asked[0].streaming


async def test_message_drains_what_is_left() -> None:
    async with FunctionModel(words("a", "b", "c")).stream("Hi") as chunks:
        assert await anext(aiter(chunks)) == TextDelta("a")
        message = await chunks.message()
    assert message.text == "abc"
    assert message.finish_reason == "stop"
    assert not message.interrupted


async def test_message_is_whole_though_the_producer_was_done_long_before() -> None:
    async with FunctionModel(words("a", "b", "c")).stream("Hi") as chunks:
        await anyio.sleep(60)
        assert (await chunks.message()).text == "abc"


async def test_message_can_be_asked_for_again_also_after_the_block() -> None:
    async with FunctionModel(words("a", "b")).stream("Hi") as chunks:
        message = await chunks.message()
        assert await chunks.message() == message
    assert await chunks.message() == message
    assert [chunk async for chunk in chunks] == []


@pytest.mark.parametrize("wait", [0, 60])
async def test_after_the_block_what_was_not_read_is_gone(wait: float) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a", "b", "c"))
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        assert await anext(aiter(chunks)) == TextDelta("a")
        await anyio.sleep(wait)
    with pytest.raises(StreamUsageError, match="outside its block"):
        await anext(aiter(chunks))
    with pytest.raises(StreamUsageError):
        await anext(chunks.text())
    with pytest.raises(StreamUsageError):
        await chunks.message()
    assert chunks.partial.text == "a"
    assert chunks.partial.interrupted


async def test_partial_grows_and_is_interrupted_until_the_finish() -> None:
    async with FunctionModel(words("a", "b")).stream("Hi") as chunks:
        assert chunks.partial == AIMessage("", interrupted=True)
        texts = []
        async for chunk in chunks:
            texts.append((chunks.partial.text, chunks.partial.interrupted))
            assert chunk is not None
    assert texts == [("a", True), ("ab", True), ("ab", False)]


async def test_partial_is_emptied_by_a_restart() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit([TextDelta("void"), Restarted(SLOW_DOWN)])
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        iterator = aiter(chunks)
        await anext(iterator)
        assert chunks.partial.text == "void"
        await anext(iterator)
        assert chunks.partial.text == ""


async def test_nothing_is_sent_before_the_block_is_entered() -> None:
    asked: list[Request] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        asked.append(request)
        return Finish("stop")

    stream = FunctionModel(answer).stream("Hi")
    await anyio.sleep(1)
    assert asked == []
    async with stream as chunks:
        await chunks.message()
    assert len(asked) == 1


async def test_a_stream_is_used_once() -> None:
    stream = FunctionModel(words("a")).stream("Hi")
    async with stream as chunks:
        await chunks.message()
    with pytest.raises(StreamUsageError, match="used once"):
        await stream.__aenter__()


async def test_what_is_wrong_with_the_question_is_raised_where_it_is_asked() -> None:
    model = FunctionModel(words("a"))
    with pytest.raises(InvalidInputError, match="temperature"):
        model.stream("Hi", temperature=-1)
    with pytest.raises(InvalidInputError, match="at least one message"):
        model.stream([])


async def test_entering_returns_at_once_and_failures_come_at_the_iteration() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await anyio.sleep(5)
        raise RateLimitError(SLOW_DOWN)

    began = anyio.current_time()
    async with FunctionModel(answer).stream("Hi") as chunks:
        assert anyio.current_time() == began
        await anyio.sleep(60)
        with pytest.raises(RateLimitError):
            await anext(aiter(chunks))


async def test_a_stream_has_one_reader_at_a_time() -> None:
    async def read(chunks: ChunkStream) -> None:
        await anext(aiter(chunks))

    async with FunctionModel(Endless()).stream("Hi") as chunks:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, chunks)
            await anyio.sleep(0.5)
            with pytest.raises(StreamUsageError, match="one task"):
                await read(chunks)
        assert await anext(chunks.text()) == "1 "


async def test_a_reader_that_outlives_the_block_is_told_so() -> None:
    outcomes: list[Exception] = []

    async def read(chunks: ChunkStream) -> None:
        try:
            async for _ in chunks:
                pass
        except Exception as error:
            outcomes.append(error)

    async with (
        anyio.create_task_group() as tasks,
        FunctionModel(Endless()).stream("Hi") as chunks,
    ):
        tasks.start_soon(read, chunks)
        await anyio.sleep(3.5)
    assert [type(error) for error in outcomes] == [StreamUsageError]
