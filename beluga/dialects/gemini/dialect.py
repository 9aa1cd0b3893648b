"""Gemini as a dialect: where a model is, and which of the two services serves it."""

from __future__ import annotations

from beluga.dialects.gemini.decode import StreamDecoder, WholeDecoder
from beluga.dialects.gemini.encode import CODEC, GeminiEncoder
from beluga.dialects.gemini.failures import failure_in
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["GeminiDialect"]


class GeminiDialect:
    """Speak with one model of Google's.

    Args:
        model: Its name; its generation decides how thinking is asked for.
        url: Its address, to which the method's name is added.
        vertex: Whether Vertex AI serves it.
    """

    def __init__(self, model: str, url: str, *, vertex: bool = False) -> None:
        self._model, self._url, self._vertex = model, url, vertex

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        method = "streamGenerateContent?alt=sse" if request.streaming else "generateContent"
        accept = "text/event-stream" if request.streaming else "application/json"
        headers = {"content-type": "application/json", "accept": accept}
        request = with_encoded_calls(request, CODEC)
        encoder = GeminiEncoder(self._model, omissions, vertex=self._vertex)
        return HttpRequest("POST", f"{self._url}:{method}", headers, encoder.body(request))

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*.

        A gateway may drop `alt=sse`, so the content type decides.
        """
        kind = head.header("content-type") or ""
        streamed = "event-stream" in kind or (request.streaming and "json" not in kind)
        decoder = StreamDecoder(head) if streamed else WholeDecoder(head)
        return decoding_calls(decoder, request, CODEC)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
