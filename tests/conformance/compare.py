"""Compare what came out with what must come out, field by field."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from beluga.dialects.calls import is_synthetic
from beluga.schema import (
    AIMessage,
    Failure,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    StreamChunk,
    TextPart,
    ToolCall,
)
from tests.conformance.calls import ExpectedCall
from tests.conformance.errors import ExpectedError
from tests.conformance.expected import Expected

__all__ = ["Gap", "Seen", "gaps"]

Gap: TypeAlias = tuple[str, object, object]
"""A field, what it must be, and what it is."""


class Seen(msgspec.Struct, frozen=True):
    """What came out of one replay: a message or a failure, and the chunks if they were watched."""

    message: AIMessage | None = None
    failure: Failure | None = None
    chunks: tuple[StreamChunk, ...] = ()


def gaps(expected: Expected, seen: Seen) -> Iterator[Gap]:
    """Yield every field in which *seen* is not as expected."""
    error, message, failure = expected.error, seen.message, seen.failure
    if error is not None:
        if failure is None:
            yield "outcome", f"the failure {error.code}", message
        else:
            yield from _failure_gaps(error, failure)
    elif message is None:
        yield "outcome", "an answer", failure
    else:
        yield from _message_gaps(expected, message)


def _failure_gaps(error: ExpectedError, failure: Failure) -> Iterator[Gap]:
    compared = {
        "code": (error.code, failure.code),
        "status": (error.status, failure.status),
        "message": (error.message, failure.message),
    }
    yield from _unequal(compared)
    if error.in_stream != failure.in_stream:
        yield "in_stream", error.in_stream, failure.in_stream
    if error.retry_after != failure.retry_after:
        yield "retry_after", error.retry_after, failure.retry_after


def _message_gaps(expected: Expected, message: AIMessage) -> Iterator[Gap]:
    refusal = "".join([p.text for p in message.parts if isinstance(p, RefusalPart)])
    compared: dict[str, tuple[object, object]] = {
        "text": (expected.text, message.text),
        "reasoning": (expected.reasoning, message.reasoning),
        "refusal": (expected.refusal, refusal),
        "raw_finish_reason": (expected.raw_reason, message.raw_finish_reason),
        "usage": (expected.usage, message.usage),
        "model": (expected.model, message.model),
        "response_id": (expected.response_id, message.response_id),
    }
    yield from _unequal(compared)
    if expected.reasons is not None and message.finish_reason not in expected.reasons:
        yield "finish_reason", expected.reasons, message.finish_reason
    cost = math.nan if message.cost is None else message.cost
    if expected.cost is not None and not math.isclose(expected.cost, cost, rel_tol=1e-6):
        yield "cost", expected.cost, message.cost
    if expected.calls is not None and not _same_calls(expected.calls, message.tool_calls):
        yield "tool_calls", expected.calls, message.tool_calls
    counted = _counts(message)
    for name, count in expected.counts.items():
        if counted[name] != count:
            yield name, count, counted[name]
    made = _made_by_provider(message)
    for kind, count in expected.provider_parts.items():
        if made[kind] != count:
            yield f"provider part {kind}", count, made[kind]


def _unequal(compared: Mapping[str, tuple[object, object]]) -> Iterator[Gap]:
    for name, (wanted, got) in compared.items():
        if wanted is not None and wanted != got:
            yield name, wanted, got


def _same_calls(wanted: tuple[ExpectedCall, ...], got: tuple[ToolCall, ...]) -> bool:
    if len(wanted) != len(got):
        return False
    return all(_same_call(a, b) for a, b in zip(wanted, got, strict=True))


def _same_call(wanted: ExpectedCall, got: ToolCall) -> bool:
    same_id = is_synthetic(got.id) if wanted.id is None else got.id == wanted.id
    if wanted.text is not None:
        return same_id and wanted.name == got.name and wanted.text == got.arguments
    try:
        arguments: object = got.parse()
    except ValueError:
        arguments = got.arguments
    return same_id and wanted.name == got.name and wanted.arguments == arguments


def _counts(message: AIMessage) -> Mapping[str, int]:
    citations = sum(len(p.citations) for p in message.parts if isinstance(p, TextPart))
    signed = [p for p in message.parts if isinstance(p, ReasoningPart | ToolCall) and p.signature]
    kept = [p for p in message.parts if isinstance(p, ProviderPart) and _is_signed(p)]
    alternatives = message.metadata.get("alternatives")
    return {
        "n_citations": citations,
        "n_annotations": citations,
        "n_thought_signatures": len(signed) + len(kept),
        "n_choices": 1 + (len(alternatives) if isinstance(alternatives, list) else 0),
    }


def _is_signed(part: ProviderPart) -> bool:
    """Whether the provider's own JSON for a part holds a signature, as Gemini's may."""
    return "thoughtSignature" in msgspec.json.decode(part.raw)


def _made_by_provider(message: AIMessage) -> Counter[str]:
    """Count what the provider's own tools left, by the type in its JSON.

    A picture that was drawn stands for the item that held it, where that is not kept as well.
    """
    kinds: Counter[str] = Counter()
    for part in message.parts:
        if isinstance(part, ProviderPart):
            item = msgspec.json.decode(part.raw)
            kind = str(item.get("type") or next(iter(item)))
            kinds["tool_use" if kind.endswith("tool_use") else kind] += 1
    drawn = sum(isinstance(part, ImagePart) for part in message.parts)
    kinds["image_generation_call"] = max(kinds["image_generation_call"], drawn)
    return kinds
