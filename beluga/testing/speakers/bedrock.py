"""The Converse dialect of Amazon Bedrock."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from beluga.providers.mock import words
from beluga.schema import (
    AIMessage,
    FinishReason,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    Usage,
)
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import arguments_of, json_pieces

__all__ = ["BedrockSpeaker", "event_stream_frame"]

_PATH: Final = re.compile(r"/model/(?P<model>[^/]+)/(?P<verb>converse|converse-stream)$")

_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "pause": "end_turn",
    "error": "end_turn",
    "unknown": "end_turn",
}


class _Result(msgspec.Struct):
    content: list[_Block] = []


class _Block(msgspec.Struct, rename="camel"):
    text: str = ""
    json: object = None
    tool_result: _Result | None = None


class _Message(msgspec.Struct):
    role: str
    content: list[_Block] = []


class _Spec(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct, rename="camel"):
    tool_spec: _Spec | None = None


class _ToolConfig(msgspec.Struct):
    tools: list[_Tool] = []


class _Body(msgspec.Struct, rename="camel"):
    messages: list[_Message]
    tool_config: _ToolConfig | None = None


_decode = msgspec.json.Decoder(_Body).decode


class BedrockSpeaker:
    """Speak Converse: AWS's binary event stream, whose last message counts the tokens."""

    @property
    def stream_type(self) -> str:
        """AWS's event stream."""
        return "application/vnd.amazon.eventstream"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to a model's `/converse` or `/converse-stream`."""
        return method == "POST" and _PATH.search(path) is not None

    def read(self, path: str, body: bytes) -> Asked:
        """Read a request; the path says which model, and whether to stream."""
        place = _PATH.search(path)
        request = _decode(body)
        if place is None or not request.messages:
            raise ValueError("a conversation must start with a user message")
        last = request.messages[-1].content
        tools = request.tool_config.tools if request.tool_config is not None else []
        return Asked(
            model=unquote(place["model"]),
            streaming=place["verb"] == "converse-stream",
            text="".join([_text(block) for block in last]),
            answers_tool=any(block.tool_result is not None for block in last),
            tools=tuple([tool.tool_spec.name for tool in tools if tool.tool_spec is not None]),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write an answer."""
        content = [block for block, _, _ in _blocks(reply)]
        return msgspec.json.encode(
            {
                "output": {"message": {"role": "assistant", "content": content}},
                "stopReason": _reason(reply),
                "usage": _usage(reply.usage),
                "metrics": {"latencyMs": 1},
            }
        )

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write the messages of an answer."""
        return [_event(name, data) for name, data in _events(reply)]

    def refusal(self, status: int, message: str) -> bytes:  # noqa: ARG002 - the status line has it
        """Write an error."""
        return msgspec.json.encode({"message": message})

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an exception, or an error as the whole body."""
        body = msgspec.json.encode({"message": message})
        if not asked.streaming:
            return body
        headers = {":message-type": "exception", ":exception-type": code}
        return event_stream_frame({**headers, ":content-type": "application/json"}, body)


def event_stream_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write one message of AWS's event stream, with the checksums that guard it."""
    written = b"".join(
        [
            struct.pack("!B", len(name)) + name.encode()
            + struct.pack("!BH", 7, len(value.encode())) + value.encode()
            for name, value in headers.items()
        ]
    )  # fmt: skip
    sizes = struct.pack("!II", 16 + len(written) + len(payload), len(written))
    message = sizes + struct.pack("!I", zlib.crc32(sizes)) + written + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _event(name: str, data: Mapping[str, object]) -> bytes:
    headers = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    return event_stream_frame(headers, msgspec.json.encode({**data, "p": "abcdefgh"}))


def _events(reply: AIMessage) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    cut = [_call_block(call) for call in reply.cut_calls]
    for index, (_, start, deltas) in enumerate([*_blocks(reply), *cut]):
        at = {"contentBlockIndex": index}
        if start is not None:
            yield "contentBlockStart", {**at, "start": start}
        for delta in deltas:
            yield "contentBlockDelta", {**at, "delta": delta}
        yield "contentBlockStop", at
    yield "messageStop", {"stopReason": _reason(reply)}
    yield "metadata", {"usage": _usage(reply.usage), "metrics": {"latencyMs": 1}}


_Told = tuple[dict[str, Any], dict[str, Any] | None, list[dict[str, Any]]]
"""A block, what opens it in a stream, and its deltas."""


def _blocks(reply: AIMessage) -> Iterator[_Told]:
    for part in reply.parts:
        match part:
            case TextPart(text) | RefusalPart(text) if text:
                yield {"text": text}, None, [{"text": word} for word in words(text)]
            case ReasoningPart(text, signature=signature):
                whole = {"text": text} | ({} if signature is None else {"signature": signature})
                pieces = [{"text": word} for word in words(text)]
                if signature is not None:
                    pieces.append({"signature": signature})
                deltas = [{"reasoningContent": piece} for piece in pieces]
                yield {"reasoningContent": {"reasoningText": whole}}, None, deltas
            case ToolCall():
                yield _call_block(part)
            case _:
                pass


def _call_block(call: ToolCall) -> _Told:
    who = {"toolUseId": call.id, "name": call.name}
    deltas = [{"toolUse": {"input": piece}} for piece in json_pieces(call.arguments)]
    return {"toolUse": {**who, "input": arguments_of(call)}}, {"toolUse": who}, deltas


def _reason(reply: AIMessage) -> str:
    return reply.raw_finish_reason or _REASONS[reply.finish_reason or "unknown"]


def _usage(usage: Usage) -> dict[str, int]:
    """Count tokens as Bedrock does: the input's without the cache's."""
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    return {
        "inputTokens": (usage.input_tokens or 0) - cached - written,
        "outputTokens": usage.output_tokens or 0,
        "totalTokens": usage.total_tokens or 0,
        "cacheReadInputTokens": cached,
        "cacheWriteInputTokens": written,
    }


def _text(block: _Block) -> str:
    if block.tool_result is not None:
        return "".join([_text(inner) for inner in block.tool_result.content])
    return block.text if block.json is None else msgspec.json.encode(block.json).decode()
