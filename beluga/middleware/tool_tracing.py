"""Spans of the tools that a model calls, as OpenTelemetry's conventions for generative AI say.

The names are those of opentelemetry-semantic-conventions 0.66b2 (schema 1.44.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from beluga.errors import ModelError, invalid_input
from beluga.middleware.tracing import SCHEMA_URL
from beluga.schema import JsonValue, Tool, ToolSpec
from beluga.schema.redaction import redact
from beluga.tools.calls import current_call

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["trace_tools"]


def trace_tools(
    tools: Sequence[Tool], tracer: Tracer | None = None, *, content: bool = False
) -> list[Tool]:
    """Return *tools* as tools that make a span of every call.

    A span is named `execute_tool {name}`; it has the tool's name, the call's id, and of a failure
    its type. What the tool does inside stands below it. Needs the extra `otel`; without a
    configured SDK nothing is recorded.

    Args:
        tools: What a model may call.
        tracer: Makes the spans; by default OpenTelemetry's global one.
        content: Whether spans carry the arguments, cleared of what looks like a key.

    Raises:
        InvalidInputError: The package `opentelemetry-api` is not installed.
    """
    try:
        from opentelemetry import trace
    except ImportError:
        raise invalid_input(
            "trace_tools needs opentelemetry-api; install it with: pip install 'beluga[otel]'"
        ) from None
    tracer = tracer or trace.get_tracer("beluga", schema_url=SCHEMA_URL)
    return [_Traced(tool, tracer, content) for tool in tools]


class _Traced:
    def __init__(self, tool: Tool, tracer: Tracer, content: bool) -> None:
        self._tool, self._tracer, self._content = tool, tracer, content
        self.timeout: object = getattr(tool, "timeout", None)

    @property
    def spec(self) -> ToolSpec:
        return self._tool.spec

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        from opentelemetry.trace import Status, StatusCode

        with self._tracer.start_as_current_span(
            f"execute_tool {self.spec.name}",
            attributes=self._told(arguments),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            failed = "cancelled"
            try:
                result = await self._tool.invoke(arguments)
                failed = ""
                return result
            except Exception as error:
                failed = error.code if isinstance(error, ModelError) else type(error).__qualname__
                span.set_status(Status(StatusCode.ERROR, failed))
                raise
            finally:
                if failed:
                    span.set_attribute("error.type", failed)

    def _told(self, arguments: Mapping[str, JsonValue]) -> dict[str, str]:
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": self.spec.name,
            "gen_ai.tool.type": "function",
        }
        call = current_call()
        if call is not None:
            attributes["gen_ai.tool.call.id"] = call.id
        if self._content:
            text = msgspec.json.encode(arguments).decode()
            attributes["gen_ai.tool.call.arguments"] = redact(text)
        return attributes

    def __repr__(self) -> str:
        return f"trace_tools([{self._tool!r}])[0]"
