"""The dialect of Ollama's own chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from beluga.providers.mock import words
from beluga.schema import AIMessage, FinishReason
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import arguments_of, json_line, refusal_of

__all__ = ["OllamaSpeaker"]

_REASONS: Final[Mapping[FinishReason, str]] = {"length": "length"}


class _Message(msgspec.Struct):
    role: str
    content: str = ""


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function


class _Body(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool = True
    tools: list[_Tool] = []


_decode = msgspec.json.Decoder(_Body).decode


class OllamaSpeaker:
    """Speak Ollama's chat: a line of JSON for every piece, and a last one that counts."""

    @property
    def stream_type(self) -> str:
        """Lines of JSON."""
        return "application/x-ndjson"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to any path that ends in `/api/chat`."""
        return method == "POST" and path.endswith("/api/chat")

    def read(self, path: str, body: bytes) -> Asked:  # noqa: ARG002 - the body says it all
        """Read a request; it streams unless it says otherwise."""
        request = _decode(body)
        if not request.messages:
            raise ValueError("messages are missing")
        last = request.messages[-1]
        return Asked(
            model=request.model,
            streaming=request.stream,
            text=last.content,
            answers_tool=last.role == "tool",
            tools=tuple([tool.function.name for tool in request.tools]),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write an answer."""
        said: dict[str, Any] = {"content": reply.text + refusal_of(reply)}
        if reply.reasoning:
            said["thinking"] = reply.reasoning
        if reply.tool_calls:
            said["tool_calls"] = _calls(reply)
        return json_line({**_line(reply, said), **_end(reply)})

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write a line for every piece, and the last one."""
        lines = [json_line({**_line(reply, said), "done": False}) for said in _said(reply)]
        return [*lines, json_line({**_line(reply, {"content": ""}), **_end(reply)})]

    def refusal(self, status: int, message: str) -> bytes:  # noqa: ARG002 - the status line has it
        """Write an error."""
        return json_line({"error": message})

    def failure(self, asked: Asked, code: str, message: str) -> bytes:  # noqa: ARG002 - no place
        """Write an error: a line like any other."""
        return json_line({"error": f"{message} ({code})"})


def _said(reply: AIMessage) -> Iterator[dict[str, Any]]:
    for word in words(reply.reasoning):
        yield {"content": "", "thinking": word}
    for word in words(reply.text + refusal_of(reply)):
        yield {"content": word}
    if reply.tool_calls:
        yield {"content": "", "tool_calls": _calls(reply)}


def _calls(reply: AIMessage) -> list[dict[str, Any]]:
    return [
        {"id": c.id, "function": {"index": n, "name": c.name, "arguments": arguments_of(c)}}
        for n, c in enumerate(reply.tool_calls)
    ]


def _line(reply: AIMessage, said: Mapping[str, object]) -> dict[str, Any]:
    message = {"role": "assistant", **said}
    return {
        "model": reply.model,
        "created_at": "2025-01-01T00:00:00.000000000Z",
        "message": message,
    }


def _end(reply: AIMessage) -> dict[str, Any]:
    return {
        "done": True,
        "done_reason": reply.raw_finish_reason
        or _REASONS.get(reply.finish_reason or "stop", "stop"),
        "total_duration": 1000,
        "prompt_eval_count": reply.usage.input_tokens or 0,
        "eval_count": reply.usage.output_tokens or 0,
    }
