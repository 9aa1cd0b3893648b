"""Cohere's chat format as a dialect: an address and a model."""

from __future__ import annotations

from beluga.dialects.cohere.decode import StreamDecoder, WholeDecoder
from beluga.dialects.cohere.encode import CODEC, CohereEncoder
from beluga.dialects.cohere.failures import failure_in
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["CohereDialect"]


class CohereDialect:
    """Speak with Cohere, or with who speaks as Cohere does.

    Args:
        provider: Whose server it is; the origin of its reasoning.
        model: The model's name there.
        url: Where it chats.
    """

    def __init__(self, provider: str, model: str, url: str) -> None:
        self._provider, self._model, self._url = provider, model, url

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        request = with_encoded_calls(request, CODEC)
        encoder = CohereEncoder(self._provider, self._model, omissions)
        accept = "text/event-stream" if request.streaming else "application/json"
        headers = {"content-type": "application/json", "accept": accept}
        return HttpRequest("POST", self._url, headers, encoder.body(request))

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*."""
        kind = head.header("content-type") or ""
        streamed = "event-stream" in kind or (request.streaming and "json" not in kind)
        decoder = StreamDecoder if streamed else WholeDecoder
        return decoding_calls(decoder(head, self._provider), request, CODEC)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
