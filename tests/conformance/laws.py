"""What holds for every answer, whoever gave it and whatever it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from beluga.schema import (
    AIMessage,
    Finish,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    Restarted,
    StreamChunk,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    fold,
    unfold,
)

__all__ = ["broken_laws"]


def broken_laws(message: AIMessage, chunks: Sequence[StreamChunk]) -> Iterator[str]:
    """Yield what an answer breaks; *chunks* are empty if nobody watched it come."""
    for law, holds in _OF_MESSAGES.items():
        if not holds(message):
            yield law
    if chunks:
        if fold(chunks) != message:
            yield "the chunks fold to the message"
        for law, obeyed in _OF_CHUNKS.items():
            if not obeyed(_standing(chunks)):
                yield law


def _standing(chunks: Sequence[StreamChunk]) -> Sequence[StreamChunk]:
    """The chunks since the answer last began anew."""
    begun = [i + 1 for i, chunk in enumerate(chunks) if isinstance(chunk, Restarted)]
    return chunks[begun[-1] :] if begun else chunks


def _survives_json(message: AIMessage) -> bool:
    return msgspec.json.decode(msgspec.json.encode(message), type=AIMessage) == message


def _unfolds(message: AIMessage) -> bool:
    return fold(unfold(message)) == message


def _ids_are_unique(message: AIMessage) -> bool:
    ids = [call.id for call in message.tool_calls]
    return all(ids) and len(set(ids)) == len(ids)


def _spent_what_it_used(message: AIMessage) -> bool:
    return message.spent.usage == message.usage and message.spent.attempts == 1


_OF_MESSAGES: Final[dict[str, Callable[[AIMessage], bool]]] = {
    "the message survives JSON": _survives_json,
    "the message is what its own chunks fold to": _unfolds,
    "calls have ids of their own": _ids_are_unique,
    "one attempt spent what the answer used": _spent_what_it_used,
}


def _one_finish(chunks: Sequence[StreamChunk]) -> bool:
    return [isinstance(chunk, Finish) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def _calls_are_done(chunks: Sequence[StreamChunk]) -> bool:
    done = [c.part for c in chunks if isinstance(c, PartDone) and isinstance(c.part, ToolCall)]
    return sorted(done, key=_id) == sorted(fold(chunks).tool_calls, key=_id)


def _id(call: ToolCall) -> str:
    return call.id


def _deltas_say_something(chunks: Sequence[StreamChunk]) -> bool:
    for chunk in chunks:
        match chunk:
            case TextDelta(text) | ReasoningDelta(text):
                if not text:
                    return False
            case ToolCallDelta(_, id, name, arguments):
                if not (id or name or arguments):
                    return False
            case _:
                pass
    return True


def _indices_count_up(chunks: Sequence[StreamChunk]) -> bool:
    next_index: defaultdict[str, int] = defaultdict(int)
    for kind, index in map(_place, chunks):
        if index > next_index[kind]:
            return False
        next_index[kind] = max(next_index[kind], index + 1)
    return True


def _done_is_last(chunks: Sequence[StreamChunk]) -> bool:
    done: set[tuple[str, int]] = set()
    for chunk in chunks:
        if _place(chunk) in done:
            return False
        if isinstance(chunk, PartDone):
            done.add(_place(chunk))
    return True


def _wholes_repeat_deltas(chunks: Sequence[StreamChunk]) -> bool:
    """A whole text, reasoning or call says what its deltas said, if there were any."""
    said: defaultdict[tuple[str, int], str] = defaultdict(str)
    for chunk in chunks:
        match chunk:
            case TextDelta(text) | ReasoningDelta(text):
                said[_place(chunk)] += text
            case ToolCallDelta(_, _, _, arguments):
                said[_place(chunk)] += arguments
            case PartDone(_, TextPart(text) | ReasoningPart(text) | ToolCall(_, _, text)):
                if said[_place(chunk)] not in {"", text}:
                    return False
            case _:
                pass
    return True


_OF_CHUNKS: Final[dict[str, Callable[[Sequence[StreamChunk]], bool]]] = {
    "one finish, and it is last": _one_finish,
    "every call is done before the end": _calls_are_done,
    "no delta is empty": _deltas_say_something,
    "indices count up within their kind": _indices_count_up,
    "nothing follows a part that is done": _done_is_last,
    "a whole says what its deltas said": _wholes_repeat_deltas,
}


def _place(chunk: StreamChunk) -> tuple[str, int]:
    match chunk:
        case TextDelta(_, index) | PartDone(index, TextPart()):
            return "text", index
        case ReasoningDelta(_, index) | PartDone(index, ReasoningPart()):
            return "reasoning", index
        case ToolCallDelta(index) | PartDone(index, ToolCall()):
            return "call", index
        case PartDone(index, _):
            return "other", index
        case _:
            return "end", 0
