"""The canonical form of everything in a request that changes its answer."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from beluga.model import ChatModel
from beluga.schema import AIMessage, Message, Request, Spent, Usage

__all__ = ["cache_key"]

_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode

TRACE_HEADERS: Final = frozenset(
    {
        "b3", "baggage", "idempotency-key", "request-id", "sentry-trace", "traceparent",
        "tracestate", "uber-trace-id", "x-amzn-trace-id", "x-b3-flags", "x-b3-parentspanid",
        "x-b3-sampled", "x-b3-spanid", "x-b3-traceid", "x-client-request-id",
        "x-cloud-trace-context", "x-correlation-id", "x-datadog-parent-id",
        "x-datadog-trace-id", "x-request-id",
    }
)  # fmt: skip
"""Headers that tell requests apart and change no answer."""

OF_ONE_ANSWER: Final = frozenset(
    {"cached", "cost", "cost_computed", "decision_id", "rate_limits", "request_id"}
)
"""Metadata that tells how an earlier answer came about, and that no provider is sent."""

VERSION: Final = "1"


def cache_key(model: ChatModel, request: Request) -> str | None:
    """Return the key of *request* to *model*; `None` if it cannot be written down.

    Timeouts, tags, headers that trace a request, and the accounts of earlier answers are left out:
    none of them changes what a model says. Whether somebody watches is left out too.
    """
    request = request.over(model.defaults)
    info = model.info
    identity = (VERSION, info.provider, info.model or model.model_id)
    messages = [_plain(message) for message in request.messages]
    try:
        canonical = _ENCODE((identity, messages, _options(request), sorted(request.cleared)))
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(canonical).hexdigest()


def _plain(message: Message) -> Message:
    if not isinstance(message, AIMessage):
        return message
    kept = {k: v for k, v in message.metadata.items() if k not in OF_ONE_ANSWER}
    return msgspec.structs.replace(
        message,
        usage=Usage(),
        spent=Spent(),
        finish_reason=None,
        raw_finish_reason=None,
        response_id=None,
        metadata=kept,
    )


def _options(request: Request) -> msgspec.Struct:
    options = request.options
    headers = {
        name.lower(): value
        for name, value in (options.extra_headers or {}).items()
        if name.lower() not in TRACE_HEADERS
    }
    return msgspec.structs.replace(
        options,
        timeout=None,
        metadata=None,
        cache=None,
        extra_headers=headers or None,
        temperature=_float(options.temperature),
        top_p=_float(options.top_p),
        presence_penalty=_float(options.presence_penalty),
        frequency_penalty=_float(options.frequency_penalty),
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
