"""Differences that are meant, each with its reason. One that no longer shows is an error too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["KNOWN", "KNOWN_REQUESTS"]

_SEVERAL: Final = "it holds the answers to several requests; an answer ends with its own last event"

KNOWN: Final[Mapping[tuple[str, str], str]] = {
    **{
        (f"anthropic/vercel__anthropic_{name}__0__stream", field): _SEVERAL
        for name in (
            "programmatic_tool_calling_1",
            "tool_search_bm25_1",
            "tool_search_deferred_bm25",
            "tool_search_deferred_regex",
        )
        for field in (
            "finish_reason",
            "raw_finish_reason",
            "response_id",
            "text",
            "tool_calls",
            "usage",
        )
    },
    **{
        (f"{place}_encrypted_content_1__0__stream", field): _SEVERAL
        for place in (
            "azure_responses/vercel__azure_reasoning",
            "openai_responses/vercel__openai_reasoning",
        )
        for field in ("finish_reason", "reasoning", "response_id", "text", "tool_calls", "usage")
    },
    **{
        ("openai_responses/vercel__openai_shell_tool_1__0__stream", field): _SEVERAL
        for field in ("response_id", "text", "usage")
    },
}
"""From a recording (folder and name) and a field to why they differ."""

_SPEAKER: Final = "messages hold no name of a speaker"

_VERTEX: Final = "recorded of Vertex AI, which refuses what the Gemini API wants beside functions"

_STRICT: Final = "a tool that says nothing of strict is not: the wire's own default is another"

_WORDS: Final = "no document says that a strict schema may hold it: the description says it instead"

_OPENAPI: Final = (
    "strict, so it goes out in OpenAI's form: closed objects, and no `nullable` of OpenAPI"
)

KNOWN_REQUESTS: Final[Mapping[tuple[str, str], str]] = {
    **{
        (place, f"{schema}.{keyword}"): _WORDS
        for place, schema, left in (
            (
                "bedrock/pai__test_bedrock_native_output_profile_default__0__unary",
                "$.outputConfig.schema.properties.title",
                "minLength",
            ),
            (
                "openai_chat/oinf__test_llm_with_tools__0__unary",
                "$.tools[1].function.parameters.properties.temperature_unit",
                "default",
            ),
            (
                "openai_responses/ollm__test_recipe_agents_hierarchy__7__stream",
                "$.tools[0].parameters.properties.query",
                "default",
            ),
        )
        for keyword in (left, "description")
    },
    **{
        (
            "openrouter/pai__test_openrouter_google_nested_schema__1__unary",
            f"$.tools[{place}",
        ): _OPENAPI
        for place in (
            *(
                f"0].function.parameters.properties.level.{keyword}"
                for keyword in ("anyOf", "nullable", "properties", "required", "type")
            ),
            "0].function.parameters.properties.spaces.items.additionalProperties",
            "1].function.parameters.additionalProperties",
        )
    },
    **{
        (f"openai_responses/{name}", "$.tools[0].strict"): _STRICT
        for name in (
            "dd__response_function_call_streamed__0__stream",
            "ollm__test_responses_tool_calls__0__unary",
        )
    },
    **{
        (f"openai_responses/dd__response_with_mixed_prompt_url_{how}__0__unary", "unreadable"): (
            "a request has messages; a stored prompt alone has none"
        )
        for how in ("preserved", "stripped")
    },
    ("openai_responses/pai__test_openai_responses_model_http_error__0__unary", "request"): (
        "a temperature below 0 is refused before it is sent"
    ),
    (
        "google/pai__test_google_model_youtube_video_url_input_with_vendor_metadata__0__unary",
        "unreadable",
    ): "parts hold no frames a second",
    **{
        (
            f"google/pai__test_google_vertex_tool_combination_omits_include_server_side_tool_inv__{n}__unary",
            "$.toolConfig.includeServerSideToolInvocations",
        ): _VERTEX
        for n in (0, 1)
    },
    (
        "bedrock/pai__test_video_url_input__1__unary",
        "$.messages[0].content[1].video.format",
    ): "the reference knows mp4; that a media type was taken once is no promise",
    ("anthropic/dd__anthropic_completion_error__0__unary", "unreadable"): (
        "its messages are none, which is what the recorded error complains of"
    ),
    ("openai_chat/oinf__TestAssistantAgent_test_agent_run__0__stream", "unreadable"): _SPEAKER,
    ("openai_chat/oinf__TestAssistantAgent_test_agent_run__1__stream", "unreadable"): _SPEAKER,
}
"""From a recording and a path in its request (or `unreadable`) to why they differ."""
