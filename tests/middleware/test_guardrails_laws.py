"""Laws of guardrails, for any answer and any way to cut it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Literal

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import GuardBlockedError
from beluga.middleware.guardrails import with_guardrails
from beluga.middleware.guards import Guard, Role, Window
from beluga.schema import (
    Emission,
    Finish,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    Request,
    Restarted,
    StreamChunk,
    TextDelta,
    TextPart,
    ToolCall,
    fold,
)
from beluga.testing import virtual_backends
from beluga.testing.strategies import chunk_streams, partitions
from beluga.verdicts import Allow, Block, Change, Verdict
from tests.doubles import SLOW_DOWN, FunctionModel

WORD = "aba"
WINDOWS: st.SearchStrategy[Window] = st.sampled_from([3, 4, 7, "answer"])
TEXTS = st.text(st.sampled_from("ab .\n"), max_size=40)


class Forbid:
    def __init__(self, window: Window, replacement: str | None = None) -> None:
        self.window, self.replacement = window, replacement

    def check(self, value: str, role: Role, /) -> Verdict:
        if WORD not in value:
            return Allow()
        if self.replacement is None:
            return Block("no")
        return Change(value.replace(WORD, self.replacement))


class AllowAll:
    def __init__(self, window: Window) -> None:
        self.window = window

    def check(self, value: str, role: Role, /) -> Verdict:
        return Allow()


class AllowCalls:
    def check(self, value: ToolCall, role: Role, /) -> Verdict:
        return Allow()


def cut(draw_text: str, points: Sequence[int]) -> list[str]:
    ends = sorted([p % (len(draw_text) + 1) for p in points])
    return [draw_text[a:b] for a, b in zip([0, *ends], [*ends, len(draw_text)], strict=True)]


def shown(
    batches: Sequence[Sequence[StreamChunk]], *output: Guard
) -> tuple[list[StreamChunk], bool]:
    """Return what is emitted, and whether it was blocked. No loop is needed for that."""
    emitted: list[StreamChunk] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        finish = Finish("stop")
        for batch in batches:
            await fx.emit([c for c in batch if not isinstance(c, Finish)])
            finish = next((c for c in batch if isinstance(c, Finish)), finish)
        return finish

    async def main() -> bool:
        model = with_guardrails(output=output, tool_calls=[AllowCalls()])(FunctionModel(answer))

        async def collect(chunks: Sequence[Emission]) -> None:
            emitted.extend(chunks)

        from beluga.effects import live

        with contextlib.suppress(GuardBlockedError):
            request = Request("Hi", streaming=True)  # type: ignore[arg-type]
            emitted.append(await model.respond(request, live().emitting(collect)))
            return False
        return True

    options = virtual_backends()["asyncio"]
    return emitted, anyio.run(main, backend="asyncio", backend_options=options)


def all_text(chunks: Sequence[StreamChunk]) -> str:
    kinds = (TextDelta, ReasoningDelta)
    return "".join([c.text for c in chunks if isinstance(c, kinds)])


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 50), max_size=8), WINDOWS, st.booleans(), TEXTS)
def test_no_character_of_a_blocked_text_is_shown(
    text: str, points: list[int], window: Window, thinking: bool, void: str
) -> None:
    make = ReasoningDelta if thinking else TextDelta
    batches: list[list[StreamChunk]] = [[make(piece, 0)] for piece in cut(text, points)]
    seen, blocked = shown(batches, Forbid(window))
    assert blocked == (WORD in text)
    limit = text.find(WORD) if blocked else len(text)
    assert text.startswith(all_text(seen))
    assert len(all_text(seen)) <= limit
    if not blocked:
        assert all_text(seen) == text
    if WORD not in void:
        again, _ = shown([[TextDelta(void)], [Restarted(SLOW_DOWN)], *batches], Forbid(window))
        after = again[again.index(Restarted(SLOW_DOWN)) + 1 :]
        assert all_text(after) == all_text(seen)


Form = Literal["pieces", "whole", "both", "closed late"]
FORMS: st.SearchStrategy[list[Form]] = st.lists(
    st.sampled_from(["pieces", "whole", "both", "closed late"]), min_size=9, max_size=9
)


def in_parts(pieces: Sequence[str], forms: Sequence[Form], thinking: bool) -> list[StreamChunk]:
    """Each piece as a part: by a delta, whole, by both, or by both with the whole at the end."""
    chunks: list[StreamChunk] = []
    closings: list[StreamChunk] = []
    for index, (piece, form) in enumerate(zip(pieces, forms, strict=False)):
        whole = PartDone(index, ReasoningPart(piece) if thinking else TextPart(piece))
        if form != "whole":
            chunks.append((ReasoningDelta if thinking else TextDelta)(piece, index))
        if form in ("whole", "both"):
            chunks.append(whole)
        if form == "closed late" and piece:
            closings.append(whole)
    return [*chunks, *closings]


def read(chunks: Sequence[StreamChunk]) -> str:
    message = fold(chunks)
    return message.text + message.reasoning


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 50), max_size=8), FORMS, WINDOWS, st.booleans())
def test_nothing_of_a_blocked_text_is_shown_whatever_parts_it_is_in(
    text: str, points: list[int], forms: list[Form], window: Window, thinking: bool
) -> None:
    chunks = in_parts(cut(text, points), forms, thinking)
    seen, blocked = shown([[chunk] for chunk in chunks], Forbid(window))
    assert blocked == (WORD in text)
    limit = text.find(WORD) if blocked else len(text)
    assert text.startswith(read(seen))
    assert len(read(seen)) <= limit
    if not blocked:
        assert fold(seen) == fold([*chunks, Finish("stop")])


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 50), max_size=8), FORMS, WINDOWS, st.booleans())
def test_what_is_changed_is_changed_for_every_reader(
    text: str, points: list[int], forms: list[Form], window: Window, thinking: bool
) -> None:
    whole, _ = shown([[TextDelta(text)]], Forbid(window, "*"))
    chunks = in_parts(cut(text, points), forms, thinking)
    seen, _ = shown([[chunk] for chunk in chunks], Forbid(window, "*"))
    assert read(seen) == all_text(whole)
    assert WORD not in all_text(seen)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.text(st.sampled_from("ab."), max_size=3), st.booleans()),
        max_size=8,
    ),
    WINDOWS,
    st.sampled_from([None, "*"]),
)
def test_neither_the_text_that_comes_nor_the_one_that_is_read_holds_what_is_forbidden(
    told: list[tuple[int, str, bool]], window: Window, replacement: str | None
) -> None:
    chunks = [
        PartDone(index, TextPart(text)) if whole else TextDelta(text, index)
        for index, text, whole in told
    ]
    seen, blocked = shown([[chunk] for chunk in chunks], Forbid(window, replacement))
    assert WORD not in read(seen)
    if not any(whole for _, _, whole in told):
        assert WORD not in all_text(seen)
    if not any("b" in text for _, text, _ in told):
        assert not blocked
        assert fold(seen) == fold([*chunks, Finish("stop")])


@settings(max_examples=150, deadline=None)
@given(
    TEXTS,
    st.lists(st.integers(0, 50), max_size=8),
    st.lists(st.integers(0, 3), max_size=9),
    WINDOWS,
    st.sampled_from(["", "*", "-----"]),
)
def test_what_is_changed_does_not_depend_on_the_cuts(
    text: str, points: list[int], parts: list[int], window: Window, replacement: str
) -> None:
    indexes = sorted([*parts, *[0] * 10])[-len(points) - 1 :]
    pieces = zip(cut(text, points), indexes, strict=True)
    whole, _ = shown([[TextDelta(text)]], Forbid(window, replacement))
    seen, blocked = shown([[TextDelta(p, i)] for p, i in pieces], Forbid(window, replacement))
    assert not blocked
    assert all_text(seen) == all_text(whole)
    if replacement:
        assert WORD not in all_text(seen)


@settings(max_examples=150, deadline=None)
@given(st.data(), chunk_streams(restarts=True), st.sampled_from([1, 5, "sentence", "answer"]))
def test_what_is_allowed_passes_as_it_is(
    data: st.DataObject, chunks: list[StreamChunk], window: Window
) -> None:
    batches = data.draw(partitions(chunks))
    seen, blocked = shown(batches, AllowAll(window), AllowAll(3))
    assert not blocked
    assert fold(seen) == fold(chunks)
