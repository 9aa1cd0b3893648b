"""The lines that come in: one prompt each, checked before anything is sent."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from beluga.errors import InvalidInputError, invalid_input
from beluga.schema import (
    GenerateOptions,
    HumanMessage,
    Message,
    OptionLayer,
    Options,
    Request,
    Timeouts,
)
from beluga.schema.tools import ToolDeclaration

__all__ = ["Line", "Prompts"]

_OTHER_WORDS: Final = {"user": "human", "assistant": "ai", "developer": "system"}
"""Roles as other libraries write them."""

_DIGEST: Final = 8


class Line(msgspec.Struct, frozen=True):
    """One line that asks for an answer.

    Attributes:
        index: Which it is, blank lines not counted; the first is 0.
        number: The number of the line in its file; the first is 1.
        digest: What its text is known by.
        id: What the user calls it.
        messages: The prompt.
        options: Its options, which go before those of the whole batch.
    """

    index: int
    number: int
    digest: str
    id: str | int | None
    messages: tuple[Message, ...]
    options: GenerateOptions


class Prompts:
    """A file of prompts, read line by line, as often as one likes.

    A line is a JSON string, which is a prompt, or an object with `prompt` or `messages`, and with
    an `id` and options besides, if one likes.

    Args:
        path: Where it is.

    Raises:
        InvalidInputError: A line asks for no answer; the text names it.
        OSError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digests = array("Q")  # eight bytes a line is all that is kept
        for index, number, data in self._raw():
            self._digests.append(_digest(data))
            _read(path, index, number, data)

    def __len__(self) -> int:
        return len(self._digests)

    def digest(self, index: int) -> str:
        """Return what the text of a line is known by."""
        return f"{self._digests[index]:016x}"

    def lines(self, done: bytearray) -> Iterator[Line]:
        """Give the lines that are not *done*, a byte a line.

        Raises:
            InvalidInputError: The file is not what it was.
        """
        count = 0
        for index, number, data in self._raw():
            if index >= len(self) or self._digests[index] != _digest(data):
                raise invalid_input(f"{self._path} has been changed while it was read; begin again")
            count += 1
            if not done[index]:
                yield _read(self._path, index, number, data)
        if count != len(self):
            raise invalid_input(f"{self._path} has been changed while it was read; begin again")

    def _raw(self) -> Iterator[tuple[int, int, bytes]]:
        index = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                data = line.strip()
                if number == 1:
                    data = data.removeprefix(b"\xef\xbb\xbf")
                if data:
                    yield index, number, data
                    index += 1


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=_DIGEST).digest())


def _read(path: Path, index: int, number: int, data: bytes) -> Line:
    try:
        given = msgspec.json.decode(data)
        name, messages, options = _asked(given)
        contradiction = Request(messages, options).contradiction()
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _refused(path, number, str(error)) from None
    if contradiction is not None:
        raise _refused(path, number, contradiction)
    return Line(index, number, f"{_digest(data):016x}", name, messages, options)


def _refused(path: Path, number: int, why: str) -> InvalidInputError:
    return invalid_input(f"{path}, line {number}: {why}")


def _asked(given: object) -> tuple[str | int | None, tuple[Message, ...], GenerateOptions]:
    if isinstance(given, str):
        return None, (HumanMessage(given),), GenerateOptions()
    if not isinstance(given, dict):
        raise ValueError('a line is a JSON string, or an object with "prompt" or "messages"')
    name = given.pop("id", None)
    if name is not None and (not isinstance(name, str | int) or isinstance(name, bool)):
        raise ValueError(f"an id is a text or a whole number; got {name!r:.80}")
    messages = _messages(given)
    return name, messages, OptionLayer.of(_options(given)).options


def _messages(given: dict[str, object]) -> tuple[Message, ...]:
    prompt, conversation = given.pop("prompt", None), given.pop("messages", None)
    if (prompt is None) == (conversation is None):
        raise ValueError('an object has either a "prompt" or "messages"')
    if prompt is not None:
        return (msgspec.convert({"role": "human", "content": prompt}, HumanMessage),)
    if not isinstance(conversation, list) or not conversation:
        raise ValueError('"messages" is a list of messages, one at least')
    return msgspec.convert([_translated(m) for m in conversation], tuple[Message, ...])


def _translated(message: object) -> object:
    if not isinstance(message, Mapping):
        return message
    role = message.get("role")
    return {**message, "role": _OTHER_WORDS.get(str(role), role)}


def _options(given: dict[str, object]) -> Options:
    """Return options as they may be written at a call, made of what JSON has for them."""
    if isinstance(given.get("tools"), list):
        given["tools"] = msgspec.convert(given["tools"], tuple[ToolDeclaration, ...])
    if isinstance(given.get("timeout"), Mapping):
        given["timeout"] = msgspec.convert(given["timeout"], Timeouts)
    return given  # type: ignore[return-value]  # `OptionLayer.of` checks every name and value
