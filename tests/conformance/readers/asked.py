"""What a recorded request asks for, in the library's terms, and the pieces that readers share."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from beluga.schema import JsonValue, Message
from tests.conformance.corpus import Json

__all__ = [
    "Asked",
    "UnreadableError",
    "data_of",
    "items",
    "mapping",
    "raw",
    "schema",
    "text",
    "without_elisions",
    "without_empty",
]

_ELIDED: Final = re.compile(r"\.\.\.ELIDED\(\d+ chars\)")
_DATA_URL: Final = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)


class UnreadableError(Exception):
    """A recorded request says what this library has no words for."""


class Asked(msgspec.Struct):
    """A request, as a user would have made it.

    Attributes:
        messages: The conversation.
        options: The keywords of `generate`; keys that only the provider knows are in `extra`.
        model: The model's name, where the body holds it.
        streaming: Whether to stream, where the body says so.
    """

    messages: list[Message]
    options: Mapping[str, object]
    model: str | None = None
    streaming: bool | None = None


def data_of(url: str) -> tuple[bytes, str] | None:
    """Return the bytes and the media type in a data URL; `None` if it is another URL."""
    match = _DATA_URL.fullmatch(url)
    return None if match is None else (base64.b64decode(match[2]), match[1])


def items(value: object) -> Sequence[Json]:
    """Return the objects of a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def mapping(value: object) -> Json:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a string.

    Raises:
        UnreadableError: It is none.
    """
    if not isinstance(value, str):
        raise UnreadableError(f"{value!r} stands where a text is read")
    return value


def raw(value: object) -> str:
    """Return a value's JSON text."""
    return msgspec.json.encode(value).decode()


def schema(value: object) -> Mapping[str, JsonValue]:
    """Return a JSON Schema."""
    return msgspec.convert(value, dict[str, JsonValue])


def without_elisions(value: object) -> object:
    """Return *value* with shortened base64 as if it had been short from the start."""
    match value:
        case Mapping():
            return {key: without_elisions(item) for key, item in value.items()}
        case list():
            return [without_elisions(item) for item in value]
        case str() if _ELIDED.search(value):
            head, mark, data = _ELIDED.sub("", value).rpartition("base64,")
            return f"{head}{mark}{data[: len(data) // 4 * 4]}"
        case _:
            return value


def without_empty(value: Json) -> dict[str, object]:
    """Return an object without what is null."""
    return {key: item for key, item in value.items() if item is not None}
