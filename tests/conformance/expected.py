"""What an answer must be, derived from a recording without the code under test.

In the larger set `expected` is what an official SDK read, in the provider's own terms; what is
made of it here was written from the providers' references. In the project's own set it stands in
the library's terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import FinishReason, Usage
from tests.conformance.calls import ExpectedCall, expected_calls
from tests.conformance.corpus import Json, Recording
from tests.conformance.errors import ExpectedError, code_of, quoted_code, retry_after_of
from tests.conformance.reasons import Wire, reasons_of
from tests.conformance.usage import Counting, reported_cost, usage_of

__all__ = ["Expected", "expected_by_sdk", "expected_error", "expected_here"]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must come out. `None` is not compared.

    Attributes:
        text: All text.
        reasoning: All reasoning.
        refusal: What the model said in place of an answer.
        calls: The calls, in order.
        reasons: What the finish reason may be.
        raw_reason: The provider's word for it.
        usage: The tokens.
        cost: US dollars, where the provider says so itself.
        model: Which model answered.
        response_id: The provider's id of the answer.
        counts: How many citations, signatures and choices there must be.
        provider_parts: How many items of each type the provider's own tools left.
        error: The failure, in place of all that.
    """

    text: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    calls: tuple[ExpectedCall, ...] | None = None
    reasons: tuple[FinishReason, ...] | None = None
    raw_reason: str | None = None
    usage: Usage | None = None
    cost: float | None = None
    model: str | None = None
    response_id: str | None = None
    counts: Mapping[str, int] = {}
    provider_parts: Mapping[str, int] = {}
    error: ExpectedError | None = None


_COUNTS: Final = ("n_citations", "n_annotations", "n_thought_signatures", "n_choices")


def expected_by_sdk(recording: Recording, wire: Wire, counting: Counting) -> Expected:
    """Return what a recording of the larger set must become."""
    given = recording.expected
    if "error" in given:
        return Expected(error=_error(recording))
    calls = expected_calls(given.get("tool_calls")) or _function_call(recording)
    text, reasoning, refusal = _text(given, "text"), _reasoning(given), _text(given, "refusal")
    raw_reason = _raw_reason(given)
    content = bool(text or reasoning or refusal or calls)
    if _is_filtered(given, wire, raw_reason) and not content:
        return Expected(error=ExpectedError(code="content_filter"))
    usage = given.get("usage")
    raw = usage.get("raw") if isinstance(usage, dict) else None
    return Expected(
        text=text or "",
        reasoning=reasoning,
        refusal=refusal or "",
        calls=calls,
        reasons=None if raw_reason is None else reasons_of(wire, raw_reason, calls=bool(calls)),
        raw_reason=raw_reason,
        usage=usage_of(counting, raw),
        cost=reported_cost(raw),
        model=_text(given, "model") or None,
        response_id=_text(given, "id") or None,
        counts={name: n for name in _COUNTS if isinstance(n := given.get(name), int) and n},
        provider_parts=_provider_parts(given, wire),
    )


def expected_error(recording: Recording) -> Expected:
    """Return what a quoted error must become."""
    return Expected(
        error=ExpectedError(
            code=quoted_code(recording),
            status=recording.status,
            retry_after=retry_after_of(recording),
        )
    )


class _Here(msgspec.Struct, forbid_unknown_fields=True):
    text: str | None = None
    tool_calls: list[dict[str, object]] | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    usage: dict[str, int] | None = None
    reasoning: str | None = None
    refusal: str | None = None
    model: str | None = None
    response_id: str | None = None
    error_code: str | None = None
    retry_after: float | None = None


def expected_here(recording: Recording) -> Expected:
    """Return what a recording of the project's own set must become."""
    here = msgspec.convert(recording.expected, _Here)
    if here.error_code is not None:
        return Expected(
            error=msgspec.convert(
                {
                    "code": here.error_code,
                    "status": recording.status if recording.status >= 400 else None,
                    "in_stream": recording.status < 400,
                    "retry_after": here.retry_after,
                },
                ExpectedError,
            )
        )
    return Expected(
        text=here.text,
        reasoning=here.reasoning,
        refusal=here.refusal,
        calls=None if here.tool_calls is None else expected_calls(here.tool_calls),
        reasons=None if here.finish_reason is None else (here.finish_reason,),
        raw_reason=here.raw_finish_reason,
        usage=None if here.usage is None else Usage(**here.usage),
        model=here.model,
        response_id=here.response_id,
    )


def _error(recording: Recording) -> ExpectedError:
    error = recording.expected["error"]
    assert isinstance(error, dict)
    in_stream = error.get("in_stream") is True
    message = error.get("message")
    redacted = not isinstance(message, str) or "key provided" in message
    return ExpectedError(
        code=code_of(error),
        status=None if in_stream else recording.status,
        message=None if redacted else message,
        in_stream=in_stream,
        retry_after=None if in_stream else retry_after_of(recording),
    )


def _function_call(recording: Recording) -> tuple[ExpectedCall, ...]:
    """The one call of the oldest chat completions, which has no id, and which SDKs keep apart."""
    if recording.expected.get("finish_reason") != "function_call":
        return ()
    answer = msgspec.json.decode(recording.body)
    call = answer["choices"][0]["message"]["function_call"]
    return (ExpectedCall(None, call["name"], msgspec.json.decode(call["arguments"])),)


def _reasoning(given: Json) -> str:
    """The thoughts; of the Responses API their summary, or the thoughts themselves."""
    thoughts = given.get("thinking")
    items = thoughts if isinstance(thoughts, list) else []
    texts = [_text(item, "text") or _text(item, "content") for item in items]
    return "".join([_text(given, "tool_plan"), *texts])


def _raw_reason(given: Json) -> str | None:
    """The native word; of the Responses API the status, or the reason why it is incomplete."""
    reason = given.get("finish_reason")
    if isinstance(reason, dict):
        reason = reason["incomplete_reason"] or reason["status"]
    return reason if isinstance(reason, str) else None


def _is_filtered(given: Json, wire: Wire, raw_reason: str | None) -> bool:
    if given.get("prompt_block_reason") is not None:
        return True
    return raw_reason is not None and "content_filter" in reasons_of(wire, raw_reason, calls=False)


def _provider_parts(given: Json, wire: Wire) -> Mapping[str, int]:
    """The calls that the provider ran itself, by the type of item in which they come."""
    run = given.get("builtin_calls")
    if isinstance(run, list):
        return Counter([_text(call, "type") for call in run])
    served = given.get("server_tool_calls")
    kind = "toolUse" if wire == "bedrock" else "tool_use"
    return {kind: len(served)} if isinstance(served, list) and served else {}


def _text(given: object, name: str) -> str:
    value = given.get(name) if isinstance(given, dict) else None
    return value if isinstance(value, str) else ""
