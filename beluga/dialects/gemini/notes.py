"""What Gemini tells beside its answer: sources, ratings, probabilities, other candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from beluga.dialects.gemini.grounding import cited, grounded
from beluga.dialects.gemini.wire import ABSENT, Candidate, Citations, PartWire, UsageWire
from beluga.schema import Citation, Emission, JsonValue, PartDone, TextPart

__all__ = ["Notes"]

# A stream sends these with any of its events; an empty one says nothing.
_NOTHING = (ABSENT, msgspec.Raw(b"null"), msgspec.Raw(b"{}"), msgspec.Raw(b"[]"))


class Notes:
    """Keep notes until the end of an answer."""

    def __init__(self) -> None:
        self._raw: dict[str, msgspec.Raw] = {}
        self._plain: dict[str, JsonValue] = {}
        self._citations: Citations | None = None
        self._logprobs: dict[str, object] = {}
        self._others: dict[int, list[str]] = defaultdict(list)

    def take_usage(self, wire: UsageWire) -> None:
        """Take in how the request was served."""
        if wire.service_tier is not None:
            self._plain["service_tier"] = wire.service_tier
        if wire.traffic_type is not None:
            self._plain["traffic_type"] = wire.traffic_type

    def take_candidate(self, wire: Candidate) -> None:
        """Take in what stands beside the content; what comes later is fuller."""
        self._keep("grounding", wire.grounding_metadata)
        self._keep("url_context", wire.url_context_metadata)
        self._keep("safety_ratings", wire.safety_ratings)
        if wire.citation_metadata is not None:
            self._citations = wire.citation_metadata
        if wire.avg_logprobs is not None:
            self._plain["avg_logprobs"] = wire.avg_logprobs
        if isinstance(wire.logprobs_result, dict):
            self._take_logprobs(wire.logprobs_result)

    def take_alternative(self, index: int, parts: Sequence[msgspec.Raw]) -> None:
        """Take in another candidate's text."""
        pieces = self._others[index]
        for raw in parts:
            part = msgspec.json.decode(raw, type=PartWire)
            if part.text and not part.thought:
                pieces.append(part.text)

    def citations(self, texts: Sequence[str]) -> list[Emission]:
        """Return the texts that cite something, whole and with what they cite."""
        found: dict[int, list[Citation]] = defaultdict(list)
        try:
            if "grounding" in self._raw:
                for index, citations in grounded(self._raw["grounding"], texts).items():
                    found[index] += citations
            if self._citations is not None:
                for index, citation in cited(self._citations, texts):
                    found[index].append(citation)
        except msgspec.MsgspecError:
            return []  # the answer stands without its sources; they are in the metadata
        return [
            PartDone(index, TextPart(texts[index], citations=tuple(citations)))
            for index, citations in sorted(found.items())
        ]

    def metadata(self, message: str | None) -> dict[str, JsonValue]:
        """Return everything else.

        Args:
            message: Why the answer ended, in words.
        """
        found = dict(self._plain)
        if message is not None:
            found["finish_message"] = message
        for name, raw in self._raw.items():
            found[name] = msgspec.json.decode(raw)
        if self._logprobs:
            found["logprobs"] = self._logprobs  # type: ignore[assignment]  # it is JSON
        if self._others:
            found["alternatives"] = ["".join(self._others[i]) for i in sorted(self._others)]
        return found

    def _keep(self, name: str, raw: msgspec.Raw) -> None:
        if raw is not ABSENT and raw not in _NOTHING:
            self._raw[name] = raw

    def _take_logprobs(self, result: dict[str, object]) -> None:
        """Those of a stream come piece by piece, and are joined."""
        for key, value in result.items():
            known = self._logprobs.get(key)
            if isinstance(known, list) and isinstance(value, list):
                known.extend(value)
            else:
                self._logprobs[key] = value
