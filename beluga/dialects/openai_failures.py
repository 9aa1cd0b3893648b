"""Refusals in the forms of OpenAI and of those who follow it, for both of its wire formats."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from beluga.schema import Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead

__all__ = ["failure_in", "read_report"]


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that *body* tells of, an error response or an event inside a stream."""
    return failure_of(head, body, read_report(body), in_stream=in_stream)


def read_report(body: bytes) -> ErrorReport:
    """Read an error: `{"error": {…}}`, `{"error": "…"}`, flat, in a list, or under `detail`."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ErrorReport()
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return ErrorReport()
    inner = value.get("error")
    fields = {**value, **inner} if isinstance(inner, dict) else value
    message = _message(fields, inner)
    code, kind = fields.get("code"), fields.get("type")
    words = tuple([str(w) for w in (code, kind) if isinstance(w, str | int) and w != ""])
    return ErrorReport(
        message=message,
        words=tuple([word for word in words if not word.isdigit()]) or words,
        status=_status(fields),
    )


def _message(fields: Mapping[str, object], inner: object) -> str | None:
    for value in (fields.get("message"), inner, fields.get("detail")):
        if isinstance(value, str) and value:
            return value
        if value and not (value is inner and isinstance(inner, dict)):
            return msgspec.json.encode(value).decode()
    return None


def _status(fields: Mapping[str, object]) -> int | None:
    for key in ("status_code", "status", "code"):
        value = fields.get(key)
        if isinstance(value, str) and value.isdigit():
            value = int(value[:4])
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None
