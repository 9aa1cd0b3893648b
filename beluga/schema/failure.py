"""How an attempt at a model failed, as a value: a closed set of codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.schema.redaction import redact, redact_and_cut

__all__ = ["RETRYABLE", "ErrorCode", "Failure"]

ErrorCode: TypeAlias = Literal[
    "rate_limit",
    "timeout",
    "provider_unavailable",
    "incomplete_stream",
    "auth_error",
    "not_found",
    "invalid_input",
    "context_length",
    "unsupported",
    "content_filter",
    "tool_failed",
    "guard_blocked",
    "budget_exhausted",
    "output_invalid",
]

RETRYABLE: Final[frozenset[ErrorCode]] = frozenset(
    {"rate_limit", "timeout", "provider_unavailable", "incomplete_stream"}
)
"""Codes of failures that may pass by themselves."""

BODY_LIMIT: Final = 4096


class Failure(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Say how an attempt failed.

    What the provider sent is cleared of all that looks like a credential, and `body` is cut to
    4 kB.

    Attributes:
        code: Which of the closed set of failures it is.
        message: What happened, in words that say what to do.
        provider: Whose failure it is.
        model: Which model was asked.
        status: The HTTP status, if there was one.
        request_id: The provider's id of the request.
        provider_code: The provider's own word for the failure.
        body: What the provider sent, scrubbed, 4 kB at most.
        retry_after: Seconds that the provider asked to wait.
        in_stream: It came inside an answer that had begun with a good status.
        local: It was refused on this side; nothing was sent.
        retryable: The same request to the same model may succeed later.
        attempts: The failures that led to this one, in order.
    """

    code: ErrorCode
    message: str
    provider: str | None = None
    model: str | None = None
    status: int | None = None
    request_id: str | None = None
    provider_code: str | None = None
    body: str | None = None
    retry_after: float | None = None
    in_stream: bool = False
    local: bool = False
    retryable: bool = False
    attempts: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        for name in ("message", "request_id", "provider_code"):
            text = getattr(self, name)
            if text:
                msgspec.structs.force_setattr(self, name, redact(text))
        if self.body is not None:
            body = redact_and_cut(self.body, BODY_LIMIT)
            msgspec.structs.force_setattr(self, "body", body)

    def without(self, secrets: Sequence[str]) -> Failure:
        """Return this failure with none of *secrets* in it, whatever they look like."""

        def clean(text: str | None) -> str | None:
            return text if text is None else redact(text, secrets)

        return msgspec.structs.replace(
            self,
            message=redact(self.message, secrets),
            request_id=clean(self.request_id),
            provider_code=clean(self.provider_code),
            body=clean(self.body),
        )
