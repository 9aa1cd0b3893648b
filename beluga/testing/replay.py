"""Record exchanges with a provider once, and replay them ever after: at the HTTP capability.

What is recorded is data, without credentials: `msgspec.json.encode(recorder.recordings)` is a file
to keep, and `msgspec.json.decode(file, type=tuple[Recording, ...])` reads it back.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import anyio.lowlevel
import msgspec

from beluga.errors import ModelError, error_for, invalid_input
from beluga.schema import Failure
from beluga.schema.redaction import HIDDEN, redact
from beluga.testing.masks import mask_headers, secrets_in
from beluga.transport.http import Http, HttpRequest, HttpResponse, ResponseHead, Sent

__all__ = ["Body", "Cut", "Recorder", "Recording", "Replay", "record", "replay"]

Cut: TypeAlias = Literal["recorded", "whole", "bytes", "random"] | Sequence[int]
"""How a body arrives: as it did, at once, byte by byte, in random pieces, or cut at positions."""


class Body(msgspec.Struct, frozen=True):
    """Hold a body in the pieces in which it arrived: as text, or in base64 if it is none."""

    encoding: Literal["utf-8", "base64"]
    pieces: tuple[str, ...] = ()

    @classmethod
    def of(cls, pieces: Sequence[bytes]) -> Body:
        """Return the body that arrived in *pieces*."""
        try:
            return cls("utf-8", tuple([piece.decode() for piece in pieces]))
        except UnicodeDecodeError:
            return cls("base64", tuple([base64.b64encode(piece).decode() for piece in pieces]))

    def arrivals(self) -> list[bytes]:
        """Return the pieces as bytes."""
        if self.encoding == "base64":
            return [base64.b64decode(piece) for piece in self.pieces]
        return [piece.encode() for piece in self.pieces]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one exchange, without credentials.

    Attributes:
        method: The HTTP method of the request.
        url: Its address; a key in it is masked.
        request_headers: Its headers; keys are masked.
        request: Its body.
        status: The status of the response; 0 if there was none.
        headers: The headers of the response, their names in lower case.
        response: The body of the response, decompressed.
        failure: What the network did wrong, after all of that.
    """

    method: str
    url: str
    request_headers: Mapping[str, str] = {}
    request: Body = Body("utf-8")
    status: int = 0
    headers: Mapping[str, str] = {}
    response: Body = Body("utf-8")
    failure: Failure | None = None


def record(inner: Http) -> Recorder:
    """Return an `Http` that sends by *inner* and keeps every exchange.

    ```python
    recorder = record(HttpxHttp())
    async with beluga.new("openai:gpt-5-mini", http=recorder) as model:
        await model.generate("Hi")
    Path("hi.json").write_bytes(msgspec.json.encode(recorder.recordings))
    ```
    """
    return Recorder(inner)


def replay(
    recordings: Sequence[Recording],
    *,
    cut: Cut = "recorded",
    seed: int = 0,
    breaks_after: int | None = None,
) -> Replay:
    """Return an `Http` that sends nothing, and answers each request with the next recording.

    ```python
    model = beluga.new("openai:gpt-5-mini", api_key="none", http=replay(recordings, cut="random"))
    ```

    Args:
        recordings: What to answer, in the order of the requests.
        cut: How the bodies arrive.
        seed: For random cuts.
        breaks_after: Bytes of each body after which the connection breaks.

    Raises:
        InvalidInputError: A cut or a number is none.
    """
    return Replay(recordings, cut, seed, breaks_after)


class Recorder:
    """Send by another `Http` and keep every exchange; see `record`.

    Closing it closes the other. An exchange is kept when its response is closed.
    """

    def __init__(self, inner: Http) -> None:
        self._inner = inner
        self._kept: list[Recording] = []

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """What has been recorded so far, in the order in which it ended."""
        return tuple(self._kept)

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        """Send *request*; see `Http`."""
        try:
            response = await self._inner.send(request, connect_timeout=connect_timeout, sent=sent)
        except ModelError as error:
            self._kept.append(_recording(request, None, [], error.failure))
            raise
        return _Recorded(request, response, self._kept)

    async def aclose(self) -> None:
        """Close the other one's connections."""
        await self._inner.aclose()


class _Recorded:
    """A response of which all that is read is kept."""

    def __init__(self, request: HttpRequest, response: HttpResponse, kept: list[Recording]) -> None:
        self._request, self._response, self._kept = request, response, kept
        self._pieces: list[bytes] = []
        self._failure: Failure | None = None
        self._closed = False

    @property
    def head(self) -> ResponseHead:
        return self._response.head

    async def read(self) -> bytes:
        try:
            piece = await self._response.read()
        except ModelError as error:
            self._failure = error.failure
            raise
        if piece:
            self._pieces.append(piece)
        return piece

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._kept.append(_recording(self._request, self.head, self._pieces, self._failure))
        await self._response.aclose()


class Replay:
    """Answer out of recordings; see `replay`.

    A request for which there is no recording, or whose method or path is another than the recorded
    one's, is an `AssertionError`.

    Attributes:
        requests: What was asked, in order; these hold the credentials that they were sent with.
    """

    requests: list[HttpRequest]

    def __init__(
        self,
        recordings: Sequence[Recording],
        cut: Cut = "recorded",
        seed: int = 0,
        breaks_after: int | None = None,
    ) -> None:
        if isinstance(cut, str) and cut not in {"recorded", "whole", "bytes", "random"}:
            raise invalid_input(f"cut is recorded, whole, bytes, random or positions; got {cut!r}")
        if breaks_after is not None and breaks_after < 0:
            raise invalid_input(f"breaks_after counts bytes; got {breaks_after}")
        self.requests = []
        self._recordings = tuple(recordings)
        self._cut, self._random, self._breaks_after = cut, random.Random(seed), breaks_after

    async def send(
        self,
        request: HttpRequest,
        *,
        connect_timeout: float,  # noqa: ARG002 - nothing is connected
        sent: Sent,
    ) -> HttpResponse:
        """Answer *request* with the next recording; see `Http`."""
        position = len(self.requests)
        self.requests.append(request)
        if position >= len(self._recordings):
            count = len(self._recordings)
            raise AssertionError(f"{count} exchanges are recorded; request {position + 1} is new")
        recording = self._recordings[position]
        asked, known = _address(request), _address(recording)
        if asked != known:
            raise AssertionError(f"request {position + 1} is {asked}; recorded is {known}")
        await anyio.lowlevel.checkpoint()
        sent()
        if recording.failure is not None and recording.status == 0:
            raise error_for(recording.failure)
        return self._response(recording)

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""

    def _response(self, recording: Recording) -> HttpResponse:
        pieces, failure = recording.response.arrivals(), recording.failure
        body, limit = b"".join(pieces), self._breaks_after
        if limit is not None and limit < len(body):
            message = f"the replay breaks after {limit} bytes"
            failure = Failure("incomplete_stream", message, retryable=True)
            body = body[:limit]
        ends = self._ends(body, pieces)
        arriving = [body[start:end] for start, end in pairwise([0, *ends, len(body)])]
        return _Replayed(ResponseHead(recording.status, recording.headers), arriving, failure)

    def _ends(self, body: bytes, pieces: Sequence[bytes]) -> list[int]:
        """Say where pieces of *body* end; that the last one does is understood."""
        match self._cut:
            case "recorded":
                return [min(end, len(body)) for end in accumulate(map(len, pieces))]
            case "whole":
                return []
            case "bytes":
                return list(range(1, len(body)))
            case "random":
                count = self._random.randint(0, len(body) // 8)
                return sorted(self._random.choices(range(len(body) + 1), k=count))
            case positions:
                return sorted([min(position, len(body)) for position in positions])


class _Replayed:
    def __init__(
        self, head: ResponseHead, pieces: Sequence[bytes], failure: Failure | None
    ) -> None:
        self.head = head
        self._pieces, self._failure = iter([piece for piece in pieces if piece]), failure

    async def read(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        piece = next(self._pieces, b"")
        if not piece and self._failure is not None:
            raise error_for(self._failure)
        return piece

    async def aclose(self) -> None:
        self._pieces, self._failure = iter(()), None


def _address(request: HttpRequest | Recording) -> str:
    return f"{request.method} {urlsplit(request.url).path}"


def _recording(
    request: HttpRequest,
    head: ResponseHead | None,
    pieces: Sequence[bytes],
    failure: Failure | None,
) -> Recording:
    secrets = secrets_in(request.headers)
    asked = redact(request.body.decode("utf-8", "replace"), secrets)
    return Recording(
        method=request.method,
        url=redact(request.url, secrets),
        request_headers=mask_headers(request.headers),
        request=Body("utf-8", (asked,) if asked else ()),
        status=0 if head is None else head.status,
        headers={} if head is None else mask_headers(head.headers),
        response=Body.of(_without(pieces, secrets)),
        failure=failure if failure is None else failure.without(secrets),
    )


def _without(pieces: Sequence[bytes], secrets: Sequence[str]) -> Sequence[bytes]:
    """Take what was sent as a credential out of a body; it comes whole then.

    What merely looks like a credential stays: sealed reasoning does, and is kept byte for byte.
    """
    body = b"".join(pieces)
    clean = body
    for secret in secrets:
        clean = clean.replace(secret.encode(), HIDDEN.encode())
    return pieces if clean == body else [clean]
