"""Messages as a dialect: where a server is, and which of its models answers."""

from __future__ import annotations

from typing import Final

from beluga.dialects.anthropic.decode import StreamDecoder, WholeDecoder
from beluga.dialects.anthropic.encode import RequestEncoder
from beluga.dialects.anthropic.failures import failure_in
from beluga.dialects.claude_models import codec_of
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["AnthropicDialect"]

VERSION: Final = "2023-06-01"


class AnthropicDialect:
    """Speak Messages with one server.

    Args:
        provider: Whose server it is; the origin of its thoughts and of what its tools did.
        model: The model's name there.
        url: Where messages are made.
    """

    def __init__(self, provider: str, model: str, url: str) -> None:
        self._provider, self._model, self._url = provider, model, url
        self._codec = codec_of(model)

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        request = with_encoded_calls(request, self._codec)
        encoded = RequestEncoder(self._provider, self._model, omissions).encode(request)
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream" if request.streaming else "application/json",
            "anthropic-version": VERSION,
        }
        if encoded.betas:
            headers["anthropic-beta"] = ",".join(encoded.betas)
        return HttpRequest("POST", self._url, headers, encoded.body)

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*; its content type decides which."""
        kind = head.header("content-type") or ""
        streamed = "event-stream" in kind or (request.streaming and "json" not in kind)
        decoder = StreamDecoder if streamed else WholeDecoder
        return decoding_calls(decoder(head, self._provider), request, self._codec)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
