"""An answer as it grows out of chat-completion bodies: one of them, or one for each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from beluga.dialects.calls import CallAssembler
from beluga.dialects.chat.details import ReasoningDetails
from beluga.dialects.chat.usage import cost_of, usage_of
from beluga.dialects.chat.wire import (
    Audio,
    Body,
    Choice,
    Content,
    Image,
    Message,
    ToolCallWire,
    UsageWire,
)
from beluga.dialects.media import decode_base64
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    AudioPart,
    Citation,
    Emission,
    Failure,
    Finish,
    FinishReason,
    ImagePart,
    JsonValue,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    TextDelta,
    TextPart,
    Usage,
)

__all__ = ["Answer"]

_REASONS: Final[Mapping[str, FinishReason]] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
    "insufficient_system_resource": "error",
    "abort": "error",
}


class Answer:
    """Turn wire messages into chunks, and keep what only the end can tell."""

    usage: Usage

    def __init__(self, origin: str) -> None:
        self.usage = Usage()
        self._origin = origin
        self._id: str | None = None
        self._model: str | None = None
        self._reason: str | None = None
        self._calls = CallAssembler()
        self._details = ReasoningDetails()
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._thoughts_key: str | None = None
        self._refusals: list[str] = []
        self._signature: str | None = None
        self._citations: list[Citation] = []
        self._others: dict[int, list[str]] = {}
        self._media = 0
        self._metadata: dict[str, JsonValue] = {}

    def take(self, body: Body, chunks: list[Emission]) -> None:
        """Take in a body, whole or one event's, and append its chunks."""
        if self._id is None or body.usage is not None or body.x_groq is not None:
            self._take_names(body)
        for choice in body.choices or ():
            self._take_choice(choice, chunks)
            if choice.finish_reason:
                self._take_names(body)

    def _take_names(self, body: Body) -> None:
        """Every event tells them; to look at the first and the last is enough."""
        if self._id is None and body.id:
            self._id = self._calls.seed = body.id
        if body.model:
            self._model = body.model
        if body.usage is not None:
            self.take_usage(body.usage)
        elif body.x_groq is not None and body.x_groq.usage is not None:
            self.take_usage(body.x_groq.usage)
        if body.citations and not self._citations:
            self._citations = [Citation(url=url) for url in body.citations]
        if body.service_tier is not None:
            self._metadata["service_tier"] = body.service_tier
        if body.system_fingerprint is not None:
            self._metadata["system_fingerprint"] = body.system_fingerprint

    def take_usage(self, wire: UsageWire) -> None:
        """Take in token counts; servers that send several send cumulative ones."""
        self.usage = usage_of(wire)
        cost = cost_of(wire)
        if cost is not None:
            self._metadata["cost"] = cost

    def close(self, marked: bool) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended.

        Args:
            marked: Whether the body said that it ends here.
        """
        if self._reason is None and not (marked and self._has_content()):
            message = "the stream ended without its terminal event"
            return [], Failure("incomplete_stream", message, retryable=True)
        reason = _REASONS.get(self._reason or "", "unknown")
        if reason == "content_filter" and not self._has_content():
            message = "the provider's content filter stopped the answer before it began"
            return [], Failure("content_filter", message, provider_code=self._reason)
        if reason == "stop" and len(self._calls):
            reason = "tool_calls"  # with a forced tool, OpenAI says "stop"
        chunks = [*self._whole_parts(), *self._calls.close(reason)]
        if self._others:
            self._metadata["alternatives"] = ["".join(t) for _, t in sorted(self._others.items())]
        usage, model, response_id = self.usage, self._model, self._id
        finish = Finish(
            reason, self._reason, usage, model, response_id=response_id, metadata=self._metadata
        )
        return chunks, Ok(finish)

    def _has_content(self) -> bool:
        pieces = (self._texts, self._thoughts, self._refusals)
        return any(pieces) or len(self._calls) > 0 or self._media > 0

    def _take_choice(self, choice: Choice, chunks: list[Emission]) -> None:
        message = choice.delta if choice.delta is not None else choice.message
        if choice.index:
            if message is not None and isinstance(message.content, str):
                self._others.setdefault(choice.index, []).append(message.content)
            return
        if choice.finish_reason:
            self._reason = choice.finish_reason
        if choice.native_finish_reason is not None:
            self._metadata["native_finish_reason"] = choice.native_finish_reason
        if choice.logprobs is not None:
            self._take_logprobs(choice.logprobs)
        if message is not None:
            self._take_message(message, chunks)

    def _take_message(self, message: Message, chunks: list[Emission]) -> None:
        if message.reasoning_content:
            self._think(message.reasoning_content, chunks, "reasoning_content")
        elif message.reasoning:
            self._think(message.reasoning, chunks, "reasoning")
        if message.reasoning_details:
            self._details.take(message.reasoning_details)
        content = message.content
        if content:
            if isinstance(content, str):
                self._say(content, chunks)
            else:
                self._take_parts(content, chunks)
        if message.refusal:
            self._refusals.append(message.refusal)
        for call in message.tool_calls or ():
            self._take_call(call, chunks)
        if message.function_call is not None:
            function = message.function_call
            chunks += self._calls.fragment(0, None, function.name, _text(function.arguments))
        if message.annotations or message.audio or message.images:
            self._take_extras(message, chunks)

    def _say(self, text: str, chunks: list[Emission]) -> None:
        self._texts.append(text)
        chunks.append(TextDelta(text))

    def _think(self, text: str, chunks: list[Emission], key: str | None = None) -> None:
        self._thoughts.append(text)
        self._thoughts_key = key
        chunks.append(ReasoningDelta(text))

    def _take_parts(self, contents: Sequence[Content], chunks: list[Emission]) -> None:
        """Content as a list: Mistral's, with thoughts as parts of their own."""
        for content in contents:
            if isinstance(content.thinking, str):
                self._think(content.thinking, chunks)
            for thought in content.thinking if isinstance(content.thinking, list) else ():
                if thought.text:
                    self._think(thought.text, chunks)
            if content.signature is not None:
                self._signature = content.signature
            if content.text:
                self._say(content.text, chunks)
            if content.refusal:
                self._refusals.append(content.refusal)

    def _take_call(self, call: ToolCallWire, chunks: list[Emission]) -> None:
        if call.custom is not None:
            name, arguments = call.custom.name, call.custom.input
        elif call.function is not None:
            name, arguments = call.function.name, _text(call.function.arguments)
        else:
            name, arguments = None, None
        identity = call.id if call.id != "null" else None
        chunks += self._calls.fragment(call.index, identity, name, arguments)

    def _take_extras(self, message: Message, chunks: list[Emission]) -> None:
        for note in message.annotations or ():
            link = note.url_citation
            if link is not None:
                start, end = link.start_index, link.end_index
                self._citations.append(
                    Citation(url=link.url, title=link.title, start=start, end=end)
                )
        for image in message.images or ():
            part = _image(image)
            if part is not None:
                self._add_media(part, chunks)
        if message.audio is not None:
            spoken = _audio(message.audio)
            if message.audio.id is not None:
                self._metadata["audio_id"] = message.audio.id
            if spoken is not None:
                self._add_media(spoken, chunks)

    def _add_media(self, part: ImagePart | AudioPart, chunks: list[Emission]) -> None:
        chunks.append(PartDone(self._media, part))
        self._media += 1

    def _take_logprobs(self, logprobs: object) -> None:
        """Those of a stream come piece by piece, and are joined."""
        known = self._metadata.get("logprobs")
        if isinstance(known, dict) and isinstance(logprobs, dict):
            for key, value in logprobs.items():
                if isinstance(value, list) and isinstance(known.get(key), list):
                    known[key] = [*known[key], *value]
        else:
            self._metadata["logprobs"] = logprobs  # type: ignore[assignment]  # it is JSON

    def _whole_parts(self) -> list[Emission]:
        """Parts that say more than their deltas did."""
        chunks: list[Emission] = []
        opaque = self._details.text()
        if self._thoughts or opaque is not None:
            text = "".join(self._thoughts)
            thought = ReasoningPart(
                text,
                signature=self._signature,
                opaque=opaque,
                origin=self._origin,
                key=self._thoughts_key,
            )
            chunks.append(PartDone(0, thought))
        if self._citations:
            cited = TextPart("".join(self._texts), citations=tuple(self._citations))
            chunks.append(PartDone(0, cited))
        if self._refusals:
            chunks.append(PartDone(self._media, RefusalPart("".join(self._refusals))))
        return chunks


def _text(arguments: str | dict[str, object] | None) -> str | None:
    """Some servers send arguments decoded; they are text everywhere else."""
    if isinstance(arguments, dict):
        return msgspec.json.encode(arguments).decode()
    return arguments


def _audio(audio: Audio) -> AudioPart | None:
    if audio.data is None:
        return None
    try:
        data = decode_base64(audio.data)
    except ValueError:
        return None
    return AudioPart(data, transcript=audio.transcript)


def _image(image: Image) -> ImagePart | None:
    url = image.image_url.url if image.image_url is not None else None
    if url is None:
        return None
    kind, found, data = url.removeprefix("data:").partition(";base64,")
    if not url.startswith("data:") or not found:
        return ImagePart(url=url)
    try:
        return ImagePart(decode_base64(data), media_type=kind)
    except ValueError:
        return None
