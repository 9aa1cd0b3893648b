"""Refusals of AWS's: error responses, and exceptions inside a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.dialects.converse.wire import StreamError
from beluga.schema import ErrorCode, Failure
from beluga.transport.eventstream import EventStreamMessage
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead

__all__ = ["exception_in", "failure_in", "is_exception", "tells_of_failure"]

# What a name says that the status beside it does not.
_CODES: Final[Mapping[str, ErrorCode]] = {
    "ThrottlingException": "rate_limit",
    "ServiceQuotaExceededException": "rate_limit",
    "ModelNotReadyException": "provider_unavailable",
    "ExpiredTokenException": "auth_error",
    "UnrecognizedClientException": "auth_error",
    "IncompleteSignatureException": "auth_error",
    "InvalidSignatureException": "auth_error",
    "MissingAuthenticationTokenException": "auth_error",
    "UnknownOperationException": "not_found",
}

# The status that an exception inside a stream would have had as a response.
_STATUSES: Final[Mapping[str, int]] = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}

_decode = msgspec.json.Decoder(dict[str, object], strict=False).decode
_decode_exception = msgspec.json.Decoder(StreamError, strict=False).decode


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that an error response, or a good one with an error in it, stands for."""
    fields = _fields(body)
    texts = (fields.get(name) for name in ("message", "Message", "errorMessage"))
    message = next((text for text in texts if isinstance(text, str) and text), None)
    name = _name(head.header("x-amzn-errortype") or str(fields.get("__type") or ""))
    words = (name,) if name else ()
    report = ErrorReport(
        message=message or name or None,
        words=words,
        status=_STATUSES.get(name),
        code=_CODES.get(name),
    )
    return failure_of(head, body, report, in_stream=in_stream)


def tells_of_failure(body: bytes) -> bool:
    """Whether a body is an error, though its response may not be one."""
    return not _fields(body).keys().isdisjoint({"__type", "message", "Message"})


def is_exception(message: EventStreamMessage) -> bool:
    """Whether a message of a stream tells of a failure."""
    return message.headers.get(":message-type") in {"exception", "error"} or message.headers.get(
        ":event-type", ""
    ).endswith("Exception")


def exception_in(head: ResponseHead, message: EventStreamMessage) -> Failure:
    """Return the failure that an exception inside a stream stands for.

    `modelStreamErrorException` names the status of the model's own server.
    """
    headers = message.headers
    named = (headers.get(key) for key in (":exception-type", ":error-code", ":event-type"))
    word = _name(next((given for given in named if given), ""))
    name = word[:1].upper() + word[1:]
    try:
        error = _decode_exception(message.payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        error = StreamError()
    status = _STATUSES.get(name, 500)
    if error.original_status_code in {408, 429} or (error.original_status_code or 0) >= 500:
        status = error.original_status_code or status
    text = error.message or error.original_message or headers.get(":error-message")
    report = ErrorReport(
        message=text, words=(word,) if word else (), status=status, code=_CODES.get(name)
    )
    return failure_of(head, message.payload, report, in_stream=True)


def _fields(body: bytes) -> dict[str, object]:
    """The keys of an error; what does not know its path wraps them in `Output`."""
    try:
        fields = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return {}
    inner = fields.get("Output")
    return {**fields, **inner} if isinstance(inner, dict) else fields


def _name(given: str) -> str:
    """`com.amazon.coral.service#ThrottlingException:http://…` is `ThrottlingException`."""
    return given.partition(":")[0].rpartition("#")[2].strip()
