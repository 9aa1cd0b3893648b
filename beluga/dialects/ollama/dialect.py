"""Ollama's chat format as a dialect: a server's address, a model, and how it is to be loaded."""

from __future__ import annotations

from beluga.dialects.ollama.decode import StreamDecoder, WholeDecoder
from beluga.dialects.ollama.encode import CODEC, Loading, OllamaEncoder
from beluga.dialects.ollama.failures import failure_in
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["OllamaDialect"]


class OllamaDialect:
    """Speak with one Ollama server.

    Args:
        provider: Whose server it is; the origin of its reasoning.
        model: The model's name there.
        url: Where it chats.
        loading: How the server is to load the model.
    """

    def __init__(self, provider: str, model: str, url: str, loading: Loading) -> None:
        self._provider, self._model, self._url, self._loading = provider, model, url, loading

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        request = with_encoded_calls(request, CODEC)
        encoder = OllamaEncoder(self._provider, self._model, self._loading, omissions)
        accept = "application/x-ndjson" if request.streaming else "application/json"
        headers = {"content-type": "application/json", "accept": accept}
        return HttpRequest("POST", self._url, headers, encoder.body(request))

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*."""
        streamed = request.streaming or "ndjson" in (head.header("content-type") or "")
        decoder = StreamDecoder if streamed else WholeDecoder
        return decoding_calls(decoder(head, self._provider, len(request.messages)), request, CODEC)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
