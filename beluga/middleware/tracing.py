"""Spans and metrics of calls, as OpenTelemetry's conventions for generative AI name them.

The names are those of opentelemetry-semantic-conventions 0.66b2 (schema 1.44.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from beluga.edge import model_error
from beluga.effects import Effects
from beluga.errors import ModelError, invalid_input
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    Folder,
    JsonObject,
    JsonSchema,
    Message,
    Part,
    ReasoningPart,
    Request,
    SystemMessage,
    TextFormat,
    TextPart,
    ToolCall,
    ToolMessage,
)
from beluga.schema.redaction import redact

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, Meter
    from opentelemetry.trace import Span, Tracer

__all__ = ["SCHEMA_URL", "with_tracing"]

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"

Value: TypeAlias = str | bool | int | float | Sequence[str]

PROVIDERS: Final[Mapping[str, str]] = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""Where the conventions' name of a provider is not ours."""

_ROLES: Final[Mapping[type[Message], str]] = {SystemMessage: "system", AIMessage: "assistant"}

_CANCELLED: Final = "cancelled"

_SECONDS: Final = (
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
)  # fmt: skip
_TOKENS: Final = tuple([4**n for n in range(14)])


def with_tracing(
    tracer: Tracer | None = None,
    *,
    meter: Meter | None = None,
    content: bool = False,
) -> Middleware:
    """Return a middleware that makes a span of every call, and counts time and tokens.

    A span is a client's, named `chat {model}`; it has the request's options, how the answer ended,
    its tokens, and of a failure the code. The metrics are `gen_ai.client.operation.duration`,
    `gen_ai.client.token.usage` and, for streams, `gen_ai.client.operation.time_to_first_chunk`.
    Needs the extra `otel`; without a configured SDK nothing is recorded.

    Args:
        tracer: Makes the spans; by default OpenTelemetry's global one.
        meter: Makes the metrics; by default OpenTelemetry's global one.
        content: Whether spans carry prompts, answers and the words of failures, cleared of what
            looks like a key.

    Raises:
        InvalidInputError: The package `opentelemetry-api` is not installed.
    """
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        raise invalid_input(
            "with_tracing needs opentelemetry-api; install it with: pip install 'beluga[otel]'"
        ) from None
    tracer = tracer or trace.get_tracer("beluga", schema_url=SCHEMA_URL)
    instruments = _Instruments(meter or metrics.get_meter("beluga", schema_url=SCHEMA_URL))
    return lambda model: _Traced(model, tracer, instruments, content)


class _Instruments:
    def __init__(self, meter: Meter) -> None:
        self.duration = _histogram(
            meter, "operation.duration", "GenAI operation duration.", "s", _SECONDS
        )
        self.first_chunk = _histogram(
            meter, "operation.time_to_first_chunk", "Time to the first chunk.", "s", _SECONDS
        )
        self.tokens = _histogram(
            meter, "token.usage", "Number of input and output tokens used.", "{token}", _TOKENS
        )


class _Traced(Wrapper):
    def __init__(
        self, inner: ChatModel, tracer: Tracer, instruments: _Instruments, content: bool
    ) -> None:
        super().__init__(inner)
        self._tracer, self._instruments, self._content = tracer, instruments, content

    async def respond(self, request: Request, fx: Effects) -> Finish:
        from opentelemetry.trace import SpanKind

        common = _identity(self.inner)
        told = {**common, **_options(request)}
        span = self._tracer.start_span(
            f"chat {self.inner.model_id}", kind=SpanKind.CLIENT, attributes=told
        )
        call = _Call(span, self._instruments, common, fx)
        if self._content and span.is_recording():
            span.set_attributes(_prompt(request))
        try:
            finish = await self._inside(call, request, fx)
            call.finished(finish, self._content)
            return finish
        except Exception as error:
            call.failed(model_error(error) or error, self._content)
            raise
        finally:
            call.end()

    async def _inside(self, call: _Call, request: Request, fx: Effects) -> Finish:
        from opentelemetry.context import attach, detach
        from opentelemetry.trace import set_span_in_context

        keeps = self._content and call.span.is_recording()

        async def emit(chunks: Sequence[Emission]) -> None:
            call.first_chunk(request.streaming and bool(chunks))
            if keeps:
                call.folder.feed(chunks)
            await fx.emit(chunks)

        token = attach(set_span_in_context(call.span))
        try:
            return await self.inner.respond(request, fx.emitting(emit))
        finally:
            detach(token)


class _Call:
    """One span, and what is measured of it."""

    def __init__(
        self, span: Span, instruments: _Instruments, common: dict[str, Value], fx: Effects
    ) -> None:
        self.span, self.folder = span, Folder()
        self._instruments, self._common, self._fx = instruments, common, fx
        self._started = fx.clock.now()
        self._first: float | None = None
        self._error: str | None = _CANCELLED

    def first_chunk(self, watched: bool) -> None:
        if self._first is None and watched:
            self._first = self._fx.clock.now() - self._started
            self.span.set_attribute("gen_ai.response.time_to_first_chunk", self._first)
            self._instruments.first_chunk.record(self._first, self._common)

    def finished(self, finish: Finish, content: bool) -> None:
        self._error = None
        if finish.model:
            self._common["gen_ai.response.model"] = finish.model
        self.span.set_attributes(_answer(finish))
        if content and self.span.is_recording():
            self.folder.feed([finish])
            self.span.set_attributes(_said(self.folder.message()))
        usage = finish.usage
        for kind, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
            if tokens is not None:
                attributes = {**self._common, "gen_ai.token.type": kind}
                self._instruments.tokens.record(tokens, attributes)

    def failed(self, error: Exception, content: bool) -> None:
        told = isinstance(error, ModelError)
        self._error = error.code if isinstance(error, ModelError) else type(error).__qualname__
        self._broken(str(error) if told and content else None)

    def end(self) -> None:
        """End the span; of what was cancelled, as far as it came."""
        now = self._fx.clock.now()
        if self._error == _CANCELLED and now >= self._fx.deadline:
            self._error = "timeout"  # the edge will say so, outside of this call
            self._broken(None)
        if self._error is not None:
            self._common["error.type"] = self._error
            self.span.set_attribute("error.type", self._error)
        self._instruments.duration.record(now - self._started, self._common)
        self.span.end()

    def _broken(self, why: str | None) -> None:
        """Mark the span as failed. What a provider says of a failure may quote what it was told."""
        from opentelemetry.trace import Status, StatusCode

        self.span.set_status(Status(StatusCode.ERROR, why))


def _histogram(
    meter: Meter, name: str, description: str, unit: str, bounds: Sequence[float]
) -> Histogram:
    return meter.create_histogram(
        f"gen_ai.client.{name}",
        unit=unit,
        description=description,
        explicit_bucket_boundaries_advisory=bounds,
    )


def _identity(model: ChatModel) -> dict[str, Value]:
    provider = model.info.provider or "_OTHER"
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDERS.get(provider, provider),
        "gen_ai.request.model": model.model_id,
    }


def _options(request: Request) -> dict[str, Value]:
    options = request.options
    given: dict[str, Value | None] = {
        "gen_ai.request.frequency_penalty": options.frequency_penalty,
        "gen_ai.request.max_tokens": options.max_tokens,
        "gen_ai.request.presence_penalty": options.presence_penalty,
        "gen_ai.request.seed": options.seed,
        "gen_ai.request.stop_sequences": options.stop,
        "gen_ai.request.stream": request.streaming,
        "gen_ai.request.temperature": options.temperature,
        "gen_ai.request.top_k": options.top_k,
        "gen_ai.request.top_p": options.top_p,
    }
    match options.response_format:
        case TextFormat():
            given["gen_ai.output.type"] = "text"
        case JsonObject() | JsonSchema():
            given["gen_ai.output.type"] = "json"
        case None:
            pass
    return {name: value for name, value in given.items() if value is not None}


def _answer(finish: Finish) -> dict[str, Value]:
    usage = finish.usage
    given: dict[str, Value | None] = {
        "gen_ai.response.finish_reasons": [finish.reason],
        "gen_ai.response.id": finish.response_id,
        "gen_ai.response.model": finish.model,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return {name: value for name, value in given.items() if value is not None}


def _prompt(request: Request) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "gen_ai.input.messages": _json([_message(message) for message in request.messages])
    }
    if request.options.tools:
        definitions = msgspec.to_builtins(request.options.tools)
        attributes["gen_ai.tool.definitions"] = _json(definitions)
    return attributes


def _said(message: AIMessage) -> dict[str, Value]:
    told = {**_message(message), "finish_reason": message.finish_reason}
    return {"gen_ai.output.messages": _json([told])}


def _message(message: Message) -> dict[str, object]:
    if isinstance(message, ToolMessage):
        result = {
            "type": "tool_call_response",
            "id": message.tool_call_id,
            "response": message.text,
        }
        return {"role": "tool", "parts": [result]}
    role = _ROLES.get(type(message), "user")
    return {"role": role, "parts": [_part(part) for part in message.parts]}


def _part(part: Part) -> dict[str, object]:
    match part:
        case TextPart(text):
            return {"type": "text", "content": text}
        case ReasoningPart(text):
            return {"type": "reasoning", "content": text}
        case ToolCall(id, name, arguments):
            return {"type": "tool_call", "id": id, "name": name, "arguments": arguments}
        case _:
            return {"type": str(type(part).__struct_config__.tag)}


def _json(value: object) -> str:
    return redact(msgspec.json.encode(value).decode())
