"""Readers of recorded requests, one for each wire; none knows anything of an encoder.

A reader turns a request's body into what a user of this library would have asked for, so that it
can be encoded again. `canonical` takes out of a body what a wire lets one say in several ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from tests.conformance.corpus import Json
from tests.conformance.readers.anthropic import AnthropicReader
from tests.conformance.readers.asked import Asked, UnreadableError
from tests.conformance.readers.chat import ChatReader
from tests.conformance.readers.cohere import CohereReader
from tests.conformance.readers.converse import ConverseReader
from tests.conformance.readers.gemini import GeminiReader
from tests.conformance.readers.mistral import MistralReader
from tests.conformance.readers.ollama import OllamaReader
from tests.conformance.readers.responses import ResponsesReader
from tests.conformance.reasons import Wire

__all__ = ["READERS", "Asked", "Reader", "UnreadableError"]


class Reader(Protocol):
    """Reads the bodies of one wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for.

        Args:
            body: The recorded body.
            origin: The provider that it was sent to, whose own tools and thoughts may be in it.

        Raises:
            UnreadableError: It says what this library has no words for.
        """

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""


READERS: Final[Mapping[Wire, Reader]] = {
    "chat": ChatReader(),
    "anthropic": AnthropicReader(),
    "cohere": CohereReader(),
    "google": GeminiReader(),
    "bedrock": ConverseReader(),
    "mistral": MistralReader(),
    "responses": ResponsesReader(),
    "ollama": OllamaReader(),
}
