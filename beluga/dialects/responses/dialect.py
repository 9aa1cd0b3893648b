"""Responses as a dialect: a server's address, a model, and what is odd about it."""

from __future__ import annotations

from beluga.dialects.openai_failures import failure_in
from beluga.dialects.responses.decode import StreamDecoder, WholeDecoder
from beluga.dialects.responses.encode import CODEC, ResponsesEncoder
from beluga.dialects.responses.quirks import Quirks
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["ResponsesDialect"]


class ResponsesDialect:
    """Speak Responses with one server.

    Args:
        provider: Whose server it is; the origin of its reasoning and of its own tools' items.
        model: The model's name there.
        url: Where responses are made.
        quirks: How the server differs.
    """

    def __init__(self, provider: str, model: str, url: str, quirks: Quirks) -> None:
        self._provider, self._model, self._url, self._quirks = provider, model, url, quirks

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        request = with_encoded_calls(request, CODEC)
        encoder = ResponsesEncoder(self._provider, self._model, self._quirks, omissions)
        accept = "text/event-stream" if request.streaming else "application/json"
        headers = {"content-type": "application/json", "accept": accept}
        return HttpRequest("POST", self._url, headers, encoder.body(request))

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*; the content type decides."""
        kind = head.header("content-type") or ""
        streamed = "event-stream" in kind or (request.streaming and "json" not in kind)
        decoder = StreamDecoder if streamed else WholeDecoder
        return decoding_calls(decoder(head, self._provider), request, CODEC)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
