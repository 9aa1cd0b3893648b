"""From a body's pieces to chunks: together what came together, and nothing held over a wait."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest

from beluga.effects import Emit, Outlet, live
from beluga.errors import ModelError, error_for
from beluga.schema import Emission, Failure, TextDelta, Usage
from beluga.transport.dialect import Ending
from beluga.transport.patience import Patience
from beluga.transport.relay import BATCH, Relay

Step: TypeAlias = bytes | float | Exception
BREAK = error_for(Failure("incomplete_stream", "the answer broke off"))


class Body:
    """Give pieces at once, wait for seconds, or raise."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.reads = 0

    async def read(self) -> bytes:
        self.reads += 1
        while self.steps:
            match self.steps.pop(0):
                case bytes() as piece:
                    return piece
                case Exception() as error:
                    raise error
                case seconds:
                    await anyio.sleep(seconds)
        return b""


class Letters:
    """A chunk for each letter; `!` is the end, `?` cannot be decoded, and a dot says nothing."""

    usage = Usage()

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes, /) -> Sequence[Emission]:
        if b"?" in data:
            raise error_for(Failure("provider_unavailable", "garbage"))
        self.done = self.done or b"!" in data
        return [TextDelta(letter) for letter in data.decode() if letter.isalpha()]

    def close(self) -> Ending:
        raise AssertionError("whoever made the decoder closes it, not the relay")


class Taker:
    """Take chunks, each call taking its time; note when they came."""

    def __init__(self, seconds: float = 0) -> None:
        self.taken: list[tuple[float, str]] = []
        self._seconds = seconds

    async def emit(self, chunks: Sequence[Emission]) -> None:
        await anyio.sleep(self._seconds)
        self.note(chunks)

    def note(self, chunks: Sequence[Emission]) -> None:
        text = "".join([chunk.text for chunk in chunks if isinstance(chunk, TextDelta)])
        self.taken.append((anyio.current_time(), text))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.taken]


class Room(Outlet):
    """An outlet with room for so many batches; awaiting it makes room for all of them again."""

    def __init__(self, room: float = math.inf) -> None:
        self.taker = Taker()
        self.room = self._size = room
        self.awaited: list[str] = []

    async def __call__(self, chunks: Sequence[Emission], /) -> None:
        await anyio.lowlevel.checkpoint()
        self.taker.note(chunks)
        self.awaited.append(self.taker.texts[-1])
        self.room = self._size

    @property
    def has_room(self) -> bool:
        return self.room > 0

    def put(self, chunks: Sequence[Emission], /) -> None:
        assert self.room > 0
        self.room -= 1
        self.taker.note(chunks)


async def relayed(body: Body, emit: Emit, patience: Patience | None = None) -> Relay:
    patience = patience or Patience(math.inf, math.inf)
    relay = Relay(emit, live().clock, patience)
    with patience:
        await relay.run(body.read, Letters())
    return relay


async def test_an_emit_that_may_wait_gets_each_piece_before_the_next_is_read() -> None:
    body, taker = Body(b"ab", b"c", 1, b"d"), Taker()
    reads: list[int] = []

    async def emit(chunks: Sequence[Emission]) -> None:
        reads.append(body.reads)
        await taker.emit(chunks)

    await relayed(body, emit)
    assert taker.taken == [(0, "ab"), (0, "c"), (1, "d")]
    assert reads == [1, 2, 3]


async def test_an_outlet_gets_together_what_came_together() -> None:
    room = Room()
    await relayed(Body(b"a", b"b", b".", b"c", 1, b"d", b"e", 1, b"f", b"!", b"never"), room)
    assert room.taker.taken == [(0, "abc"), (1, "d"), (1, "e"), (2, "f")]


async def test_nothing_is_held_while_a_read_waits() -> None:
    room = Room()
    with anyio.move_on_after(10):
        await relayed(Body(b"a", b"b", 1000), room)
    assert room.taker.taken == [(0, "ab")]
    assert room.awaited == []


async def test_what_comes_after_a_wait_is_handed_on_before_the_next() -> None:
    room = Room()
    await relayed(Body(1, b"a", 1, b".", b".", 1, b"b", b"c", 1), room)
    assert room.taker.taken == [(1, "a"), (3, "b"), (3, "c")]


async def test_a_batch_is_bounded() -> None:
    room = Room()
    letters = [b"x"] * (3 * BATCH + 1)
    await relayed(Body(*letters), room)
    assert [len(text) for text in room.taker.texts] == [BATCH, BATCH, BATCH, 1]


async def test_an_outlet_without_room_is_awaited_piece_by_piece() -> None:
    room = Room(0)
    body = Body(b"a", b"b", 1, b"c")
    await relayed(body, room)
    assert room.awaited == room.taker.texts == ["a", "b", "c"]


async def test_room_is_asked_for_again_after_each_batch() -> None:
    room = Room(1)
    await relayed(Body(b"a", b"b", 1, b"c", b"d", b"e", 1, b"f"), room)
    assert room.taker.texts == ["ab", "c", "de", "f"]


@pytest.mark.parametrize("emitting", [Taker, Room])
async def test_what_came_before_a_failure_is_handed_on_before_it(
    emitting: Callable[[], Any],
) -> None:
    for bad in (BREAK, b"?"):
        end = emitting()
        with pytest.raises(ModelError, match=r"broke off|garbage"):
            await relayed(Body(b"a", b"b", bad), getattr(end, "emit", end))
        assert "".join(getattr(end, "taker", end).texts) == "ab"


async def test_what_emit_raises_passes() -> None:
    async def emit(chunks: Sequence[Emission]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await relayed(Body(b"a", b"b"), emit)


async def test_nothing_is_read_after_the_end() -> None:
    for end in (Taker().emit, Room()):
        body = Body(b"a", b"b!", b"c")
        await relayed(body, end)
        assert body.steps == [b"c"]


async def test_a_slow_consumer_is_no_silence() -> None:
    patience = Patience(5, 5)
    taker = Taker(100)
    await relayed(Body(4, b"a", 4, b"b", 4, b"c"), taker.emit, patience)
    assert not patience.exhausted
    assert taker.texts == ["a", "b", "c"]


async def test_silence_is_counted_from_the_last_content_that_was_put() -> None:
    patience, room = Patience(5, 3), Room()
    await relayed(Body(4, b"a", b"b", 2, b".", 2, b"c"), room, patience)
    assert patience.exhausted
    assert room.taker.texts == ["a", "b"]
    assert anyio.current_time() == pytest.approx(4 + 3)


async def test_the_first_content_is_when_it_was_handed_on() -> None:
    for end in (Taker().emit, Room()):
        began = anyio.current_time()
        relay = await relayed(Body(2, b".", 1, b"a", 1, b"b"), end)
        assert relay.first_content == pytest.approx(began + 3)
    assert (await relayed(Body(b"."), Taker().emit)).first_content is None


async def test_a_cancelled_wait_leaves_what_was_put() -> None:
    room = Room()
    with anyio.move_on_after(3) as scope:
        await relayed(Body(b"a", b"b", 2, b"c", b"d", 2, b"e"), room)
    assert scope.cancelled_caught
    assert room.taker.texts == ["ab", "c", "d"]


async def test_on_every_backend_a_consumer_may_be_woken_while_the_read_is_under_way() -> None:
    """On trio nothing may be awaited between the read's registration and its wait."""
    send, receive = anyio.create_memory_object_stream[str](math.inf)

    class Waking(Room):
        def put(self, chunks: Sequence[Emission], /) -> None:
            super().put(chunks)
            send.send_nowait(self.taker.texts[-1])

    seen: list[tuple[float, str]] = []

    async def consume() -> None:
        async for text in receive:
            seen.append((anyio.current_time(), text))

    with receive:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            with send:
                await relayed(Body(1, b"a", b"b", b"c", 1, b"d", b"e", 1), Waking())
    assert seen == [(1, "bc"), (2, "e")]
