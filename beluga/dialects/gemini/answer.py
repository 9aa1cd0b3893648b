"""An answer as it grows out of Gemini's bodies: one of them, or one for each event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.dialects.gemini.calls import Calls
from beluga.dialects.gemini.notes import Notes
from beluga.dialects.gemini.output import ORIGIN, media_part, provider_part
from beluga.dialects.gemini.usage import counts, usage_of
from beluga.dialects.gemini.wire import Body, Candidate, PartWire, PromptFeedback, UsageWire
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    Emission,
    Failure,
    Finish,
    FinishReason,
    Part,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    Usage,
)

__all__ = ["Answer"]

_FILTERED: Final = (
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT "
    "IMAGE_RECITATION MODEL_ARMOR ESCALATION PUP_LIMITED_DISABLED"
)
_FAILED: Final = (
    "MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE "
    "MALFORMED_RESPONSE LANGUAGE NO_IMAGE IMAGE_OTHER"
)
_REASONS: Final[Mapping[str, FinishReason]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    **dict.fromkeys(_FILTERED.split(), "content_filter"),
    **dict.fromkeys(_FAILED.split(), "error"),
}

_decode_part: Final = msgspec.json.Decoder(PartWire, strict=False).decode


class Answer:
    """Turn wire contents into chunks, and keep what only the end can tell.

    A part that carries a signature is never joined with its neighbours: the signature must go back
    on exactly that part. That of a text follows it as a `ReasoningPart` without text; that of an
    empty text is one with the wire's own JSON in `opaque`.
    """

    def __init__(self) -> None:
        self._usage = UsageWire()
        self._id: str | None = None
        self._model: str | None = None
        self._reason: str | None = None
        self._message: str | None = None
        self._feedback: PromptFeedback | None = None
        self._candidates = 0
        self._calls = Calls(ORIGIN)
        self._texts: list[list[str]] = []
        self._thoughts: list[list[str]] = []
        self._writing: list[list[str]] | None = None  # which of the two goes on
        self._others = 0
        self._notes = Notes()

    @property
    def usage(self) -> Usage:
        """What has been said of tokens so far; each word on it is the whole."""
        return usage_of(self._usage)

    def take(self, body: Body, raw: bytes, chunks: list[Emission]) -> None:
        """Take in a body, whole or one event's, and append its chunks.

        Args:
            body: The body.
            raw: The bytes it was decoded from.
            chunks: Where to append.
        """
        if not self._calls.seed:
            self._calls.seed = body.response_id or raw.decode("utf-8", "replace")
        self._id = body.response_id or self._id
        self._model = body.model_version or self._model
        usage = body.usage_metadata
        if usage is not None:
            if counts(usage):
                self._usage = usage
            self._notes.take_usage(usage)
        if body.prompt_feedback is not None and body.prompt_feedback.block_reason:
            self._feedback = body.prompt_feedback
        for candidate in body.candidates or ():
            self._candidates += 1
            self._take_candidate(candidate, chunks)

    def close(self, *, whole: bool) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended.

        Args:
            whole: Whether it came in one body, which ends wherever it ends.
        """
        blocked = self._blocked()
        if blocked is not None:
            return [], blocked
        word = self._feedback.block_reason if self._feedback is not None else self._reason
        if word is None and not (whole and self._candidates):
            what = "the answer holds no candidate" if whole else "the stream ended without a reason"
            return [], Failure("incomplete_stream", what, retryable=True)
        chunks: list[Emission] = []
        self._end_text(chunks)
        reason = "content_filter" if self._feedback else _REASONS.get(word or "", "unknown")
        if reason == "stop" and len(self._calls):
            reason = "tool_calls"  # Gemini has no word for it
        self._calls.close(reason, chunks)
        chunks += self._notes.citations(["".join(pieces) for pieces in self._texts])
        metadata = self._notes.metadata(self._message)
        finish = Finish(
            reason, word, self.usage, self._model, response_id=self._id, metadata=metadata
        )
        return chunks, Ok(finish)

    def _blocked(self) -> Failure | None:
        """The prompt or the answer was stopped before there was anything of it."""
        if self._texts or self._thoughts or self._others or len(self._calls):
            return None
        if self._feedback is not None:
            word, said = self._feedback.block_reason, self._feedback.block_reason_message
            message = said or f"Gemini blocked the prompt: {word}"
        elif _REASONS.get(self._reason or "") == "content_filter":
            word = self._reason
            message = self._message or f"Gemini stopped the answer before it began: {word}"
        else:
            return None
        return Failure("content_filter", message, provider_code=word)

    def _take_candidate(self, candidate: Candidate, chunks: list[Emission]) -> None:
        parts = candidate.content.parts if candidate.content is not None else None
        if candidate.index:
            self._notes.take_alternative(candidate.index, parts or ())
            return
        self._reason = candidate.finish_reason or self._reason
        self._message = candidate.finish_message or self._message
        for raw in parts or ():
            self._take_part(_decode_part(raw), raw, chunks)
        self._notes.take_candidate(candidate)

    def _take_part(self, part: PartWire, raw: msgspec.Raw, chunks: list[Emission]) -> None:
        signature = part.thought_signature
        if part.function_call is not None:
            self._end_text(chunks)
            self._calls.take(part.function_call, signature, chunks)
            return
        if part.text is not None:
            self._take_text(part, part.text, raw, chunks)
            return
        media = None if part.thought else media_part(part)
        made = provider_part(raw) if media is None else None
        if media is not None:
            self._add(media, chunks)
            if signature is not None:
                self._sign(signature, None, chunks)
        elif made is not None:
            self._add(made, chunks)  # its own JSON holds its signature
        elif signature is not None:
            self._sign(signature, raw, chunks)

    def _take_text(
        self, part: PartWire, text: str, raw: msgspec.Raw, chunks: list[Emission]
    ) -> None:
        signature = part.thought_signature
        if not text:
            if signature is not None:
                self._sign(signature, raw, chunks)
            return
        if signature is not None:
            self._end_text(chunks)
        if part.thought:
            index = self._write(text, self._thoughts, chunks)
            chunks.append(ReasoningDelta(text, index))
            if signature is not None:
                self._end_text(chunks, signature)
        else:
            index = self._write(text, self._texts, chunks)
            chunks.append(TextDelta(text, index))
            if signature is not None:
                self._sign(signature, None, chunks)

    def _write(self, text: str, kind: list[list[str]], chunks: list[Emission]) -> int:
        """Add to the text that goes on, or begin another; return which one it is."""
        if self._writing is not kind:
            self._end_text(chunks)
            self._calls.settle(chunks)
            kind.append([])
            self._writing = kind
        kind[-1].append(text)
        return len(kind) - 1

    def _end_text(self, chunks: list[Emission], signature: str | None = None) -> None:
        """Something else follows, or a signature ends the part; a thought is whole now."""
        writing, self._writing = self._writing, None
        if writing is self._thoughts:
            thought = "".join(writing[-1])
            part = ReasoningPart(thought, signature=signature, origin=ORIGIN)
            chunks.append(PartDone(len(writing) - 1, part))

    def _sign(self, signature: str, raw: msgspec.Raw | None, chunks: list[Emission]) -> None:
        """Add the signature of the part before; or, with *raw*, of a part that is nothing else."""
        self._end_text(chunks)
        self._calls.settle(chunks)
        opaque = None if raw is None else bytes(raw).decode()
        self._thoughts.append([])
        part = ReasoningPart("", signature=signature, opaque=opaque, origin=ORIGIN)
        chunks.append(PartDone(len(self._thoughts) - 1, part))

    def _add(self, part: Part, chunks: list[Emission]) -> None:
        self._end_text(chunks)
        self._calls.settle(chunks)
        chunks.append(PartDone(self._others, part))
        self._others += 1
