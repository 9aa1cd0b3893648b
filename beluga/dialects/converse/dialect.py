"""Converse as a dialect: an address, a model, and what the model takes."""

from __future__ import annotations

from urllib.parse import quote

from beluga.dialects.converse.decode import StreamDecoder, WholeDecoder
from beluga.dialects.converse.encode import RequestEncoder
from beluga.dialects.converse.failures import failure_in
from beluga.dialects.converse.families import codec_of
from beluga.dialects.schemas import decoding_calls, with_encoded_calls
from beluga.schema import Failure, Request
from beluga.transport.dialect import Decoder, Omissions
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["ConverseDialect"]

STREAM_TYPE = "application/vnd.amazon.eventstream"


class ConverseDialect:
    """Speak Converse with one model.

    Args:
        provider: Whose server it is; the origin of its reasoning.
        model: The model's id or ARN.
        base_url: Where the service is, without a slash at its end.
        base_model: The model that an ARN stands for, where its name does not say so.
    """

    def __init__(
        self, provider: str, model: str, base_url: str, base_model: str | None = None
    ) -> None:
        self._provider = provider
        self._base_model = base_model or model
        self._codec = codec_of(self._base_model)
        self._url = f"{base_url}/model/{quote(model, safe='')}"

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire."""
        encoder = RequestEncoder(self._provider, self._base_model, omissions)
        accept = STREAM_TYPE if request.streaming else "application/json"
        headers = {"content-type": "application/json", "accept": accept}
        request = with_encoded_calls(request, self._codec)
        path = "converse-stream" if request.streaming else "converse"
        return HttpRequest("POST", f"{self._url}/{path}", headers, encoder.body(request))

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*."""
        kind = head.header("content-type") or ""
        streamed = "eventstream" in kind or (request.streaming and "json" not in kind)
        decoder = StreamDecoder if streamed else WholeDecoder
        return decoding_calls(decoder(head, self._provider), request, self._codec)

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what an error response means."""
        return failure_in(head, body)
