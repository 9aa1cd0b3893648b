"""Tracing, seen through OpenTelemetry's own SDK and held to its own list of names."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import anyio
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from beluga.errors import (
    InvalidInputError,
    ModelError,
    ModelTimeoutError,
    RateLimitError,
    error_for,
)
from beluga.middleware.retry import with_retry
from beluga.middleware.tracing import SCHEMA_URL, with_tracing
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    HumanMessage,
    JsonObject,
    ModelInfo,
    Prompt,
    ReasoningPart,
    SystemMessage,
    TextDelta,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
    Usage,
)
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN

KNOWN = {v for k, v in vars(gen_ai_attributes).items() if k.startswith("GEN_AI_")}
KNOWN |= {error_attributes.ERROR_TYPE}
METRICS = {v for k, v in vars(gen_ai_metrics).items() if k.startswith("GEN_AI_")}
ANSWER = AIMessage(
    (ReasoningPart("hm"), TextPart("Hi sk-abcdefghijklmnop1234"), ToolCall("c", "f", "{}")),
    usage=Usage(10, 5, 15, cached_tokens=4, reasoning_tokens=2),
    finish_reason="tool_calls",
    response_id="r",
)


class Telemetry:
    """An SDK that keeps what it is told."""

    def __init__(self) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self._traces = TracerProvider(shutdown_on_exit=False)
        self._traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._meters = MeterProvider([self._reader], shutdown_on_exit=False)

    def on(self, model: ChatModel, **options: Any) -> ChatModel:
        meter = self._meters.get_meter("test")
        return with_tracing(self._traces.get_tracer("test"), meter=meter, **options)(model)

    @property
    def spans(self) -> list[Any]:
        spans = list(self._exporter.get_finished_spans())
        for span in spans:
            assert set(span.attributes) <= KNOWN, set(span.attributes) - KNOWN
        return spans

    @property
    def span(self) -> Any:
        [span] = self.spans
        return span

    @property
    def metrics(self) -> dict[str, list[Any]]:
        told = self._reader.get_metrics_data()
        found = [m for r in told.resource_metrics for s in r.scope_metrics for m in s.metrics]
        assert {metric.name for metric in found} <= METRICS
        points = {metric.name: list(metric.data.data_points) for metric in found}
        assert all(set(p.attributes) <= KNOWN for ps in points.values() for p in ps)
        return points


async def ask(model: ChatModel, streaming: bool, prompt: Prompt = "Hi") -> AIMessage:
    if not streaming:
        return await model.generate(prompt)
    async with model.stream(prompt) as chunks:
        return await chunks.message()


async def test_a_call() -> None:
    telemetry = Telemetry()
    info = ModelInfo(model="gpt-5-mini", provider="azure")
    scripted = ScriptedModel([ANSWER], model_id="gpt-5-mini", info=info)
    await telemetry.on(scripted).generate(
        "Hi", temperature=0.5, max_tokens=9, stop="x", seed=1, response_format=JsonObject()
    )
    span = telemetry.span
    assert (span.name, span.kind) == ("chat gpt-5-mini", SpanKind.CLIENT)
    assert span.status.status_code == StatusCode.UNSET
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.seed": 1,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.request.stream": False,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.output.type": "json",
        "gen_ai.response.finish_reasons": ("tool_calls",),
        "gen_ai.response.id": "r",
        "gen_ai.response.model": "gpt-5-mini",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }
    tokens = {
        p.attributes["gen_ai.token.type"]: p.sum
        for p in telemetry.metrics["gen_ai.client.token.usage"]
    }
    assert tokens == {"input": 10, "output": 5}
    [duration] = telemetry.metrics["gen_ai.client.operation.duration"]
    assert duration.count == 1
    assert "Hi" not in repr(dict(span.attributes))


async def test_a_stream_tells_when_it_began_to_speak() -> None:
    telemetry = Telemetry()
    model = telemetry.on(
        ScriptedModel([[3.0, TextDelta("a"), 4.0, TextDelta("b"), Finish("stop")]])
    )
    async with model.stream("Hi") as chunks:
        await chunks.message()
    assert telemetry.span.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(3)
    [first] = telemetry.metrics["gen_ai.client.operation.time_to_first_chunk"]
    [whole] = telemetry.metrics["gen_ai.client.operation.duration"]
    assert (first.sum, whole.sum) == (pytest.approx(3), pytest.approx(7))
    assert (first.count, whole.count) == (1, 1)


async def test_a_failure_and_a_cancellation() -> None:
    telemetry = Telemetry()
    with pytest.raises(RateLimitError):
        await telemetry.on(ScriptedModel([RateLimitError(SLOW_DOWN)])).generate("Hi")
    assert telemetry.span.attributes["error.type"] == "rate_limit"
    assert telemetry.span.status.status_code == StatusCode.ERROR
    telemetry = Telemetry()
    with anyio.move_on_after(5):
        await telemetry.on(ScriptedModel([[60.0]])).generate("Hi")
    assert telemetry.span.attributes["error.type"] == "cancelled"
    [duration] = telemetry.metrics["gen_ai.client.operation.duration"]
    assert (duration.sum, duration.attributes["error.type"]) == (pytest.approx(5), "cancelled")


async def test_a_stream_that_is_left_early() -> None:
    telemetry = Telemetry()
    script = [1.0, TextDelta("a"), 60.0, Finish("stop", usage=Usage(1, 2, 3))]
    async with telemetry.on(ScriptedModel([script])).stream("Hi") as chunks:
        await anext(aiter(chunks))
    attributes = telemetry.span.attributes
    assert attributes["error.type"] == "cancelled"
    assert attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(1)
    assert not [name for name in attributes if name.startswith("gen_ai.usage")]
    assert telemetry.span.status.status_code == StatusCode.UNSET
    assert set(telemetry.metrics) == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.operation.time_to_first_chunk",
    }


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_answer_beyond_its_total_time_is_a_failure(streaming: bool) -> None:
    telemetry = Telemetry()
    with pytest.raises(ModelTimeoutError):
        await ask(telemetry.on(ScriptedModel([[60.0]])).with_options(timeout=5), streaming)
    assert telemetry.span.attributes["error.type"] == "timeout"
    assert telemetry.span.status.status_code == StatusCode.ERROR


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("content", [False, True])
async def test_nothing_that_was_said_is_told_unless_asked(content: bool, streaming: bool) -> None:
    secret = "the treasure is under the oak"
    history = [SystemMessage(secret), HumanMessage(secret), ToolMessage(secret, "c")]
    tools = [ToolSpec("f", secret)]
    answer = AIMessage((ReasoningPart(secret), TextPart(secret), ToolCall("c", "f", secret)))
    quoting = error_for(Failure("invalid_input", f"this is no prompt: {secret}"))
    for reply in (answer, [TextDelta(secret), quoting], [TextDelta(secret), ValueError(secret)]):
        telemetry = Telemetry()
        model = telemetry.on(ScriptedModel([reply]), content=content)
        with contextlib.suppress(ModelError, ValueError):
            await ask(model.with_options(tools=tools), streaming, history)
        told = telemetry.span.to_json()
        assert (secret in told) == content
        assert secret not in repr(telemetry.metrics)


async def test_who_failed_is_known_by_its_code_and_counted() -> None:
    telemetry = Telemetry()
    down = error_for(Failure("provider_unavailable", "down", status=503, retryable=True))
    model = with_retry(base=0.0)(telemetry.on(ScriptedModel([down, down, ANSWER])))
    await model.generate("Hi")
    spans = telemetry.spans
    assert [s.attributes.get("error.type") for s in spans] == ["provider_unavailable"] * 2 + [None]
    counts = {
        point.attributes.get("error.type"): point.count
        for point in telemetry.metrics["gen_ai.client.operation.duration"]
    }
    assert counts == {"provider_unavailable": 2, None: 1}


async def test_content_if_asked() -> None:
    telemetry = Telemetry()
    history = [
        SystemMessage("Be brief."),
        HumanMessage("Hi"),
        AIMessage((ToolCall("c0", "f", "{}"),)),
        ToolMessage("12:00", "c0"),
    ]
    model = telemetry.on(ScriptedModel([ANSWER]), content=True)
    async with model.stream(history, tools=[ToolSpec("f")]) as chunks:
        await chunks.message()
    told = {
        k: json.loads(v)
        for k, v in telemetry.span.attributes.items()
        if k.endswith(("messages", "definitions"))
    }
    assert [m["role"] for m in told["gen_ai.input.messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]
    assert told["gen_ai.input.messages"][3]["parts"] == [
        {"type": "tool_call_response", "id": "c0", "response": "12:00"}
    ]
    [said] = told["gen_ai.output.messages"]
    assert (said["role"], said["finish_reason"]) == ("assistant", "tool_calls")
    assert said["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "Hi [redacted]"},
        {"type": "tool_call", "id": "c", "name": "f", "arguments": "{}"},
    ]
    assert told["gen_ai.tool.definitions"][0]["name"] == "f"


async def test_what_happens_inside_is_a_child_of_the_span() -> None:
    telemetry = Telemetry()
    inside: list[Any] = []

    class Looking(ScriptedModel):
        async def respond(self, request: Any, fx: Any) -> Any:
            inside.append(get_current_span().get_span_context())
            return await super().respond(request, fx)

    await telemetry.on(Looking(["a"])).generate("Hi")
    assert inside == [telemetry.span.get_span_context()]
    assert not get_current_span().get_span_context().is_valid


def test_the_newest_schema_is_named() -> None:
    assert SCHEMA_URL in {schema.value for schema in Schemas}


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(InvalidInputError, match=r"beluga\[otel\]"):
        with_tracing()
