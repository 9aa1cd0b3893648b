"""Spans of tools, seen through OpenTelemetry's own SDK and held to its own list of names."""

from __future__ import annotations

import anyio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import StatusCode

from beluga import run_tools, tool, trace_tools
from beluga.tools import current_call
from tests.middleware.test_tracing import KNOWN
from tests.tools.test_run_tools import asking

KEY = "sk-abcdefghijklmnop1234"


@tool(timeout=5)
async def work(seconds: float, key: str = "") -> str:
    if seconds < 0:
        raise ValueError(key)
    await anyio.sleep(seconds)
    call = current_call()
    return "nobody" if call is None else call.id


class Telemetry:
    """An SDK that keeps what it is told."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._traces = TracerProvider(shutdown_on_exit=False)
        self._traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self._traces.get_tracer("test")

    def spans(self) -> dict[object, ReadableSpan]:
        """Return the ended spans by the id of their call."""
        found = self._exporter.get_finished_spans()
        return {(s.attributes or {}).get("gen_ai.tool.call.id"): s for s in found}


async def test_a_span_of_every_call() -> None:
    telemetry = Telemetry()
    (traced,) = trace_tools([work], telemetry.tracer)
    message = asking(
        ("work", {"seconds": 1}), ("work", {"seconds": -1, "key": KEY}), ("work", {"seconds": 9})
    )
    answers = await run_tools(message, [traced])
    assert [answer.is_error for answer in answers] == [False, True, True]
    assert answers[0].text == "c0"
    assert "within 5 s" in answers[2].text  # a tool's own bound goes with it
    spans = telemetry.spans()
    assert {span.name for span in spans.values()} == {"execute_tool work"}
    errors = {key: (span.attributes or {}).get("error.type") for key, span in spans.items()}
    assert errors == {"c0": None, "c1": "ValueError", "c2": "cancelled"}
    assert spans["c1"].status.status_code is StatusCode.ERROR
    assert KEY not in "".join(span.to_json() for span in spans.values())
    operations = {member.value for member in gen_ai_attributes.GenAiOperationNameValues}
    for span in spans.values():
        assert set(span.attributes or {}) <= KNOWN
        assert (span.attributes or {})["gen_ai.operation.name"] in operations


async def test_arguments_if_asked_for_without_keys() -> None:
    telemetry = Telemetry()
    traced = trace_tools([work], telemetry.tracer, content=True)
    await run_tools(asking(("work", {"seconds": 0, "key": KEY})), traced)
    told = (telemetry.spans()["c0"].attributes or {})["gen_ai.tool.call.arguments"]
    assert '"seconds":0' in str(told)
    assert KEY not in str(told)


async def test_outside_of_a_run_there_is_no_call() -> None:
    assert current_call() is None
    assert await work.invoke({"seconds": 0}) == "nobody"
    telemetry = Telemetry()
    await trace_tools([work], telemetry.tracer)[0].invoke({"seconds": 0})
    assert list(telemetry.spans()) == [None]
