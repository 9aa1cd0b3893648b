"""Conversations on Gemini's wire: instructions apart, two roles, results as objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from beluga.dialects.calls import is_synthetic
from beluga.dialects.gemini.answers import AnswerEncoder
from beluga.dialects.gemini.blobs import blob, is_returnable
from beluga.dialects.gemini.thinking import generation_of
from beluga.dialects.media import MediaPart
from beluga.errors import invalid_input
from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    Message,
    Part,
    SystemMessage,
    TextPart,
    ToolMessage,
    VideoPart,
)
from beluga.schema.parts import load_object
from beluga.transport.dialect import Omissions

__all__ = ["MessageEncoder"]

Wire: TypeAlias = dict[str, object]


class MessageEncoder:
    """Write the messages of one request.

    Args:
        model: The model that will read them.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, model: str, omissions: Omissions) -> None:
        self._generation, self._omissions = generation_of(model), omissions
        self._answers = AnswerEncoder(model, omissions)
        self._instructions: list[Wire] = []
        self._contents: list[Wire] = []
        self._results: list[_Result] = []
        self._called: dict[str, tuple[int, str]] = {}

    def encode(self, messages: Sequence[Message]) -> Wire:
        """Return the instructions and contents of *messages*.

        All system messages are instructions, wherever they stand. The results of one answer's calls
        are one content, in the order of the calls, for some models tell them apart by that alone.
        """
        for message in messages:
            if not isinstance(message, ToolMessage):
                self._end_results()
            self._take(message)
        self._end_results()
        # Instructions alone are no request; an empty text is what says nothing more.
        wire: Wire = {"contents": self._contents or [_content("user", [{"text": ""}])]}
        if self._instructions:
            wire["systemInstruction"] = {"parts": self._instructions}
        return wire

    def _take(self, message: Message) -> None:
        match message:
            case SystemMessage():
                texts = self._texts(message.parts, "a system message")
                self._instructions += [{"text": text} for text in texts]
            case HumanMessage():
                said = [self._said(part) for part in message.parts]
                parts = [part for part in said if part is not None]
                self._contents.append(_content("user", parts or [{"text": ""}]))
            case AIMessage():
                self._take_answer(message)
            case ToolMessage():
                self._take_result(message)
            case _:
                assert_never(message)

    def _take_answer(self, message: AIMessage) -> None:
        for call in message.tool_calls:
            self._called[call.id] = (len(self._called), call.name)
        parts = self._answers.encode(message)
        if parts:
            self._contents.append(_content("model", parts))

    def _said(self, part: Part) -> Wire | None:
        match part:
            case TextPart():
                self._check_mark(part)
                return {"text": part.text} if part.text else None
            case ImagePart() | AudioPart() | VideoPart() | FilePart():
                self._check_mark(part)
                return blob(part, self._generation, self._omissions)
            case _:
                self._refuse(part, "a user's message")
                return None

    def _texts(self, parts: Sequence[Part], where: str) -> list[str]:
        texts: list[str] = []
        for part in parts:
            if isinstance(part, TextPart):
                self._check_mark(part)
                texts += [part.text] if part.text else []
            else:
                self._refuse(part, where)
        return texts

    def _take_result(self, message: ToolMessage) -> None:
        position, known = self._called.get(message.tool_call_id, (len(self._called), None))
        name = known or message.name
        if name is None:
            raise invalid_input(
                f"Gemini wants the tool's name with the result of {message.tool_call_id!r}, and no "
                "call before it has that id; give ToolMessage(name=…)"
            )
        response: Wire = {"name": name}
        if message.tool_call_id and not is_synthetic(message.tool_call_id):
            response["id"] = message.tool_call_id
        media = [part for part in message.parts if isinstance(part, MediaPart)]
        others = [part for part in message.parts if not isinstance(part, MediaPart)]
        text = "".join(self._texts(others, "a tool's result"))
        response["response"] = _object(text, is_error=message.is_error)
        returned = [p for p in media if is_returnable(p, self._generation)]
        if returned:
            response["parts"] = [self._blob(part) for part in returned]
        beside = [self._blob(part) for part in media if part not in returned]
        self._results.append(_Result(position, response, beside))

    def _blob(self, part: MediaPart) -> Wire:
        self._check_mark(part)
        return blob(part, self._generation, self._omissions)

    def _end_results(self) -> None:
        """Write the results that have gathered; media that none may hold follow as the user's."""
        if not self._results:
            return
        results = sorted(self._results, key=lambda result: result.position)
        self._results = []
        self._contents.append(_content("user", [{"functionResponse": r.wire} for r in results]))
        beside = [part for result in results for part in result.beside]
        if beside:
            self._contents.append(_content("user", beside))

    def _check_mark(self, part: TextPart | MediaPart) -> None:
        """Gemini caches what requests begin with by itself; for how long, nobody can say."""
        if part.prompt_cache is not None and part.prompt_cache.ttl is not None:
            self._omissions.unsupported(
                f"prompt_cache for {part.prompt_cache.ttl}", "Gemini keeps its cache as it likes"
            )

    def _refuse(self, part: Part, where: str) -> None:
        what = f"{type(part).__name__} in {where}"
        self._omissions.unsupported(what, "Gemini has no place for it")


class _Result(msgspec.Struct):
    position: int
    wire: Wire
    beside: list[Wire]


def _content(role: str, parts: Sequence[object]) -> Wire:
    return {"role": role, "parts": parts}


def _object(text: str, *, is_error: bool) -> object:
    """Return a result as the object that the wire wants; one that is an object goes as it is."""
    try:
        is_object = bool(load_object(text)) or text.strip() == "{}"
    except ValueError:
        is_object = False
    result = msgspec.Raw(text.encode()) if is_object else text
    if is_error:
        return {"error": result}
    return result if is_object else {"output": result}
