"""Requests on Mistral's wire, read back: chat completions in other words."""

from __future__ import annotations

from tests.conformance.corpus import Json
from tests.conformance.readers.asked import Asked, items, mapping, text, without_empty
from tests.conformance.readers.chat import ChatReader

__all__ = ["MistralReader"]

_DEFAULTS = {"n": 1, "top_p": 1.0, "safe_prompt": False, "stream": False}


class MistralReader:
    """Read requests on Mistral's wire."""

    def __init__(self) -> None:
        self._chat = ChatReader()

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        return self._chat.read(_as_chat(body), origin)

    def canonical(self, body: Json) -> object:
        """Return *body* as chat completions would say it."""
        return self._chat.canonical(_as_chat(body))


def _as_chat(body: Json) -> Json:
    given = without_empty(body)
    plain = {k: v for k, v in given.items() if k not in _DEFAULTS or v != _DEFAULTS[k]}
    if given.get("stream") is True:
        plain["stream"] = True
    if "random_seed" in plain:
        plain["seed"] = plain.pop("random_seed")
    if plain.get("tool_choice") == "any":
        plain["tool_choice"] = "required"
    if "tools" in plain:
        plain["tools"] = [{"type": "function", **tool} for tool in items(plain["tools"])]
    plain["messages"] = [_message(message) for message in items(plain["messages"])]
    return plain


def _message(message: Json) -> Json:
    plain = {k: v for k, v in without_empty(message).items() if k != "prefix" or v is True}
    parts = items(plain.get("content"))
    if plain.get("content") == []:
        plain["content"] = ""
    if plain["role"] != "assistant":
        plain["content"] = [_part(part) for part in parts] or plain["content"]
        return plain
    thoughts = [piece for part in parts for piece in items(part.get("thinking"))]
    if thoughts:
        plain["reasoning"] = "".join([text(thought["text"]) for thought in thoughts])
        plain["content"] = [part for part in parts if part["type"] != "thinking"]
    if "tool_calls" in plain:
        plain["tool_calls"] = [_call(call) for call in items(plain["tool_calls"])]
    return plain


def _part(part: Json) -> Json:
    if part["type"] != "document_url":
        return part
    file = {"filename": text(part.get("document_name", "file")), "file_data": part["document_url"]}
    return {"type": "file", "file": file}


def _call(call: Json) -> Json:
    function = mapping(call["function"])
    return {"type": "function", "id": call["id"], "function": without_empty(function)}
