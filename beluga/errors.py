"""What can go wrong.

```text
BelugaError
├── ModelError                   made from one Failure, whose fields are its properties
│   ├── RateLimitError           rate_limit
│   ├── ModelTimeoutError        timeout
│   ├── ProviderDownError        provider_unavailable
│   │   └── IncompleteStreamError    incomplete_stream
│   ├── AuthError                auth_error
│   ├── NotFoundError            not_found
│   ├── InvalidInputError        invalid_input
│   │   ├── ContextLengthError   context_length
│   │   └── UnsupportedError     unsupported
│   ├── ContentFilterError       content_filter
│   ├── ToolFailedError          tool_failed
│   ├── GuardBlockedError        guard_blocked
│   ├── BudgetExhaustedError     budget_exhausted
│   ├── OutputInvalidError       output_invalid
│   └── AllModelsFailedError     the code of the last cause
├── ContextOverflowError         messages that cannot be made to fit
├── StrategyError                a routing strategy that failed, or chose what it was not offered
└── StreamUsageError             a stream used twice, or outside its block
```
"""

from __future__ import annotations

from typing import Final

from beluga.schema import AIMessage, ErrorCode, Failure

__all__ = [
    "AllModelsFailedError",
    "AuthError",
    "BelugaError",
    "BudgetExhaustedError",
    "ContentFilterError",
    "ContextLengthError",
    "ContextOverflowError",
    "ErrorCode",
    "Failure",
    "GuardBlockedError",
    "IncompleteStreamError",
    "InvalidInputError",
    "ModelError",
    "ModelTimeoutError",
    "NotFoundError",
    "OutputInvalidError",
    "ProviderDownError",
    "RateLimitError",
    "StrategyError",
    "StreamUsageError",
    "ToolFailedError",
    "UnsupportedError",
    "error_for",
    "invalid_input",
    "tool_failed",
]


class BelugaError(Exception):
    """The base of every error that this library raises of its own."""


class ModelError(BelugaError):
    """A model did not answer; `failure` says why.

    Attributes:
        failure: What happened, as data.
        partial: What had arrived of the answer, if anything had.
    """

    failure: Failure
    partial: AIMessage | None

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure
        self.partial = None

    def __str__(self) -> str:
        failure = self.failure
        who = ":".join([name for name in (failure.provider, failure.model) if name])
        status = f" (HTTP {failure.status})" if failure.status is not None else ""
        return f"{who}: {failure.message}{status}" if who else f"{failure.message}{status}"

    @property
    def code(self) -> ErrorCode:
        """Which of the closed set of failures it is."""
        return self.failure.code

    @property
    def message(self) -> str:
        """What happened, in words."""
        return self.failure.message

    @property
    def provider(self) -> str | None:
        """Whose failure it is."""
        return self.failure.provider

    @property
    def model(self) -> str | None:
        """Which model was asked."""
        return self.failure.model

    @property
    def status(self) -> int | None:
        """The HTTP status, if there was one."""
        return self.failure.status

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return self.failure.request_id

    @property
    def provider_code(self) -> str | None:
        """The provider's own word for the failure."""
        return self.failure.provider_code

    @property
    def body(self) -> str | None:
        """What the provider sent, scrubbed, 4 kB at most."""
        return self.failure.body

    @property
    def retry_after(self) -> float | None:
        """Seconds that the provider asked to wait."""
        return self.failure.retry_after

    @property
    def in_stream(self) -> bool:
        """Whether it came inside an answer that had begun with a good status."""
        return self.failure.in_stream

    @property
    def local(self) -> bool:
        """Whether it was refused on this side."""
        return self.failure.local

    @property
    def retryable(self) -> bool:
        """Whether the same request to the same model may succeed later."""
        return self.failure.retryable

    @property
    def attempts(self) -> tuple[Failure, ...]:
        """The failures that led to this one, in order."""
        return self.failure.attempts


class RateLimitError(ModelError):
    """Too many requests or tokens; `retry_after` says for how long, where the provider did."""


class ModelTimeoutError(ModelError):
    """Nothing came in time. Past the total deadline it is not retryable."""


class ProviderDownError(ModelError):
    """The provider, or the way to it, is down or overloaded."""


class IncompleteStreamError(ProviderDownError):
    """An answer broke off before its end."""


class AuthError(ModelError):
    """The key is missing or wrong, or may not do this."""


class NotFoundError(ModelError):
    """There is no such model, provider or address."""


class InvalidInputError(ModelError):
    """The request is wrong; nothing but another request will help."""


class ContextLengthError(InvalidInputError):
    """The request is longer than the model's context window."""


class UnsupportedError(InvalidInputError):
    """The provider cannot do what was asked."""


class ContentFilterError(ModelError):
    """The provider refused to answer, before any content."""


class ToolFailedError(ModelError):
    """A tool call could not be made or run."""


class GuardBlockedError(ModelError):
    """A guardrail stopped the request or the answer."""


class BudgetExhaustedError(ModelError):
    """The money is gone: the account's at the provider, or a budget of one's own."""


class OutputInvalidError(ModelError):
    """The answer is not what was asked for, after all attempts to have it mended."""


class AllModelsFailedError(ModelError):
    """No candidate answered; `attempts` holds every cause in order."""


class ContextOverflowError(BelugaError):
    """Messages cannot be made to fit a budget.

    Attributes:
        needed: The smallest budget that would do, in tokens.
        budget: The budget that was given, in tokens.
    """

    needed: int
    budget: int

    def __init__(self, needed: int, budget: int) -> None:
        super().__init__(needed, budget)
        self.needed, self.budget = needed, budget

    def __str__(self) -> str:
        return f"the messages cannot fit {self.budget} tokens; they need at least {self.needed}"


class StrategyError(BelugaError):
    """A routing strategy failed, or chose what it was not offered; its own error is the cause."""


class StreamUsageError(BelugaError):
    """A stream was used twice, or outside its `async with` block."""


_CLASSES: Final[dict[ErrorCode, type[ModelError]]] = {
    "rate_limit": RateLimitError,
    "timeout": ModelTimeoutError,
    "provider_unavailable": ProviderDownError,
    "incomplete_stream": IncompleteStreamError,
    "auth_error": AuthError,
    "not_found": NotFoundError,
    "invalid_input": InvalidInputError,
    "context_length": ContextLengthError,
    "unsupported": UnsupportedError,
    "content_filter": ContentFilterError,
    "tool_failed": ToolFailedError,
    "guard_blocked": GuardBlockedError,
    "budget_exhausted": BudgetExhaustedError,
    "output_invalid": OutputInvalidError,
}


def error_for(failure: Failure) -> ModelError:
    """Return the error of the class that belongs to *failure*: that of its code, as a rule.

    One that holds the failures of several models is `AllModelsFailedError`, with the code of the
    last.
    """
    if failure.attempts and failure.code != "output_invalid":
        return AllModelsFailedError(failure)
    return _CLASSES[failure.code](failure)


def invalid_input(message: str) -> InvalidInputError:
    """Return the error for what a user gave and this library refuses; nothing was sent."""
    return InvalidInputError(Failure("invalid_input", message, local=True))


def tool_failed(message: str) -> ToolFailedError:
    """Return the error with which a tool tells a model what went wrong, in words for the model."""
    return ToolFailedError(Failure("tool_failed", message, local=True))
