"""The chunks in which answers arrive."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from beluga.schema import (
    AIMessage,
    Emission,
    PartDone,
    ReasoningDelta,
    Restarted,
    StreamChunk,
    TextDelta,
    ToolCallDelta,
    unfold,
)
from beluga.testing.strategies.content import answer_parts, texts
from beluga.testing.strategies.conversation import ai_messages
from beluga.testing.strategies.values import failures, names

__all__ = ["chunk_streams", "chunks_of", "emissions", "partitions"]

_INDEXES = st.integers(0, 3)


@cache
def emissions() -> SearchStrategy[Emission]:
    """Draw single chunks of any kind, as no provider would order them."""
    fragments = st.builds(
        ToolCallDelta, _INDEXES, names() | st.just(""), names() | st.just(""), texts()
    )
    return st.one_of(
        st.builds(TextDelta, texts(), _INDEXES),
        st.builds(ReasoningDelta, texts(), _INDEXES),
        fragments,
        st.builds(PartDone, _INDEXES, answer_parts()),
    )


@st.composite
def chunks_of(draw: DrawFn, message: AIMessage) -> list[StreamChunk]:
    """Draw ways to stream *message*: its texts and its calls' arguments cut anywhere.

    Args:
        draw: Given by hypothesis.
        message: One that obeys `fold(unfold(m)) == m`.
    """
    return [piece for chunk in unfold(message) for piece in _recut(draw, chunk)]


@st.composite
def chunk_streams(draw: DrawFn, *, restarts: bool = False) -> list[StreamChunk]:
    """Draw whole streams, which end with a `Finish`.

    Args:
        draw: Given by hypothesis.
        restarts: Whether the answer may begin anew, also several times.
    """
    void: list[StreamChunk] = []
    for _ in range(draw(st.integers(0, 2)) if restarts else 0):
        void += draw(st.lists(emissions(), max_size=4))
        void.append(Restarted(draw(failures(0))))
    return void + draw(chunks_of(draw(ai_messages(finished=True))))


@st.composite
def partitions(draw: DrawFn, chunks: Sequence[StreamChunk]) -> list[Sequence[StreamChunk]]:
    """Draw ways to hand *chunks* on in batches; some batches are empty.

    Args:
        draw: Given by hypothesis.
        chunks: What to cut.
    """
    cuts = draw(st.lists(st.integers(0, len(chunks)), max_size=6).map(sorted))
    return [chunks[a:b] for a, b in zip([0, *cuts], [*cuts, len(chunks)], strict=True)]


def _recut(draw: DrawFn, chunk: StreamChunk) -> Sequence[StreamChunk]:
    match chunk:
        case TextDelta(text, index):
            return [TextDelta(piece, index) for piece in _cut(draw, text)]
        case ReasoningDelta(text, index):
            return [ReasoningDelta(piece, index) for piece in _cut(draw, text)]
        case ToolCallDelta(index, id, name, arguments):
            first, *rest = _cut(draw, arguments)
            more = [ToolCallDelta(index, arguments=piece) for piece in rest]
            return [ToolCallDelta(index, id, name, first), *more]
        case _:
            return [chunk]


def _cut(draw: DrawFn, text: str) -> list[str]:
    cuts = draw(st.lists(st.integers(0, len(text)), max_size=3).map(sorted))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
