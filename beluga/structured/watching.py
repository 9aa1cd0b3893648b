"""What the events of an attempt say about the shape in which its answer comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from beluga.events import Attempted, AttemptEnded, Event, LeftOut
from beluga.ledger import Ledger
from beluga.schema import AIMessage, Emission, Restarted

__all__ = ["Watch", "codec_of"]

_SCHEMA: Final = "JsonSchema"


class Watch:
    """Observe the calls of a model.

    Attributes:
        ledger: The account of the call that is under way.
        unheard: The schema was left out of its request.
        sections: For each part of what was shown, between restarts, the codecs that it may have
            come through.
    """

    def __init__(self) -> None:
        self.sections: list[frozenset[str]] = []
        self._is_settled = False
        self.begin()

    def begin(self) -> None:
        """A call begins."""
        self.ledger: Ledger = Ledger()
        self.unheard: bool = False
        self._under_way: list[Attempted] = []
        self._codecs: frozenset[str] = frozenset()

    @property
    def codecs(self) -> frozenset[str]:
        """The codecs of the attempts under way, or of the last one; none if nothing is known."""
        return self._codecs

    def observe(self, event: Event) -> None:
        """Take note of *event*."""
        self.ledger.observe(event)
        if isinstance(event, Attempted):
            self._under_way.append(event)
            self._settle()
        elif isinstance(event, AttemptEnded):
            who = (event.provider, event.model)
            ended = [one for one in self._under_way if (one.provider, one.model) == who]
            if ended:
                self._under_way.remove(ended[0])
                self._settle()
        elif isinstance(event, LeftOut):
            self.unheard = self.unheard or _SCHEMA in event.what

    def see(self, chunks: Sequence[Emission]) -> None:
        """Take note of chunks that are about to be shown."""
        for chunk in chunks:
            if isinstance(chunk, Restarted):
                self._is_settled = False
            elif not self._is_settled:
                self._is_settled = True
                self.sections.append(self._codecs)

    def _settle(self) -> None:
        if self._under_way:
            self._codecs = frozenset([one.schema_codec or "plain" for one in self._under_way])


def codec_of(message: AIMessage) -> frozenset[str]:
    """Return the codec that an answer says it came through, if it does."""
    name = message.metadata.get("schema_codec")
    return frozenset([name]) if isinstance(name, str) else frozenset()
