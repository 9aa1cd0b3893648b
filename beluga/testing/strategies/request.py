"""Options and requests."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    NamedTool,
    PromptCache,
    ProviderTool,
    ReasoningConfig,
    Request,
    TextFormat,
    Timeouts,
    ToolDeclaration,
    ToolSpec,
)
from beluga.testing.strategies.content import json_texts
from beluga.testing.strategies.conversation import tool_histories
from beluga.testing.strategies.values import json_objects, names

__all__ = ["options", "requests", "timeouts", "tool_specs"]

_NUMBERS = st.floats(-2, 2)
_EFFORTS = st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
_TAGS = st.dictionaries(names(), st.text(max_size=10), max_size=3)
_HEADERS = st.dictionaries(names(), st.from_regex("([!-~]{1,5}( [!-~]{1,5})?)?", fullmatch=True))
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}


@cache
def tool_specs() -> SearchStrategy[ToolSpec]:
    """Draw descriptions of tools."""
    return st.builds(
        ToolSpec,
        names(),
        st.text(max_size=20),
        st.sampled_from([_SCHEMA, {}]),
        st.none() | st.booleans(),
    )


@cache
def timeouts() -> SearchStrategy[Timeouts]:
    """Draw bounds on time, infinite ones among them."""
    seconds = st.floats(0.001, 1e6) | st.just(math.inf)
    return st.builds(Timeouts, seconds, seconds, seconds, seconds)


@st.composite
def options(draw: DrawFn) -> GenerateOptions:
    """Draw options that contradict neither themselves nor each other; most are unset."""
    tools = draw(st.none() | st.lists(tool_specs(), max_size=3, unique_by=lambda tool: tool.name))
    values: dict[str, Any] = draw(_simple_options())
    if tools is not None:
        values["tools"] = (*tools, *draw(st.lists(_provider_tools(), max_size=1)))
        values["tool_choice"] = draw(_tool_choices(values["tools"]))
    return GenerateOptions(**values)


@st.composite
def requests(draw: DrawFn) -> Request:
    """Draw requests: a conversation and options, watched or not."""
    return Request(draw(tool_histories()), draw(options()), draw(st.booleans()))


@cache
def _simple_options() -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.floats(0, 2),
            "top_p": st.floats(0, 1),
            "top_k": st.integers(0, 100),
            "max_tokens": st.integers(1, 10**6),
            "stop": st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple),
            "seed": st.integers(0, 2**31),
            "presence_penalty": _NUMBERS,
            "frequency_penalty": _NUMBERS,
            "parallel_tool_calls": st.booleans(),
            "response_format": st.one_of(
                st.just(TextFormat()),
                st.just(JsonObject()),
                st.builds(JsonSchema, names(), st.just(_SCHEMA), st.booleans()),
            ),
            "reasoning": st.builds(
                ReasoningConfig, st.none() | _EFFORTS, st.none() | st.integers(0, 10**5)
            ),
            "timeout": timeouts(),
            "metadata": _TAGS,
            "prompt_cache": st.sampled_from(["auto", "off", PromptCache("5m")]),
            "cache": st.sampled_from(["use", "refresh", "skip"]),
            "extra": json_objects(),
            "extra_headers": _HEADERS,
            "unsupported": st.sampled_from(["raise", "warn"]),
        },
    )


@cache
def _provider_tools() -> SearchStrategy[ProviderTool]:
    return st.builds(ProviderTool, names(), json_texts())


def _tool_choices(tools: tuple[ToolDeclaration, ...]) -> SearchStrategy[object]:
    choices: list[object] = [None, "auto", "none"]
    if tools:
        choices.append("required")
    choices += [NamedTool(tool.name) for tool in tools if isinstance(tool, ToolSpec)]
    return st.sampled_from(choices)
