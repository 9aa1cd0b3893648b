"""One request and its response: the only code that talks to the network, for every provider."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Final

import anyio
import msgspec

from beluga.catalog import cost_so_far, priced
from beluga.effects import Effects
from beluga.errors import ModelError, UnsupportedError, error_for
from beluga.events import (
    Attempted,
    AttemptEnded,
    LeftOut,
    RateLimits,
    RateWindow,
    SchemaReworded,
)
from beluga.outcomes import unwrap
from beluga.schema import Failure, Finish, ModelInfo, Request, Timeouts, Usage
from beluga.schema.redaction import redact
from beluga.schema.usage import COMPUTED, reported_cost
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Decoder, Dialect
from beluga.transport.failures import garbage, request_id_of
from beluga.transport.http import Http, HttpRequest, HttpResponse, ResponseHead
from beluga.transport.patience import Patience
from beluga.transport.rate_limits import rate_windows
from beluga.transport.relay import Relay

__all__ = ["Exchange"]

ERROR_BODY_CAP: Final = 64 * 1024
LINGER: Final = 0.25
"""Seconds to read on after an answer's end, so that its connection can be used again."""
REFUSAL_PATIENCE: Final = 2.0
"""Seconds to wait for the body of an error status, which says little that the status does not."""


class Exchange:
    """One request and its response, and what observers are told of them."""

    def __init__(self, info: ModelInfo, request: Request, fx: Effects) -> None:
        self._info, self._request, self._fx = info, request, fx
        timeouts = request.options.timeout or Timeouts()
        self._connect = timeouts.connect
        streaming = request.streaming
        self._patience = Patience(
            timeouts.first_content if streaming else math.inf,
            timeouts.between_content if streaming else math.inf,
        )
        self._started = fx.clock.now()
        self._relay = Relay(fx.emit, fx.clock, self._patience)
        self._decoder: Decoder | None = None
        self._failure: Failure | None = None
        self._finish: Finish | None = None
        self._codec: SchemaDialect | None = None

    def unsupported(self, what: str, why: str) -> None:
        """Refuse what the provider has no place for, or warn of it if the caller asked for that."""
        if self._request.options.unsupported != "warn":
            provider, model = self._info.provider, self._info.model
            message = f"{what} is not supported: {why}; unsupported='warn' leaves it out"
            raise UnsupportedError(Failure("unsupported", message, provider, model, local=True))
        self.foreign(what, why)

    def foreign(self, what: str, why: str) -> None:
        """Tell observers that something of the request is left out."""
        self._fx.notify(LeftOut(self._info.provider, self._info.model, what, why))

    def reworded(self, what: str, places: Sequence[tuple[str, str]]) -> None:
        """Tell observers what of a schema is only said in words."""
        self._fx.notify(SchemaReworded(self._info.provider, self._info.model, what, tuple(places)))

    def answers_in(self, codec: SchemaDialect) -> None:
        """Note with which codec the answer's schema was written."""
        self._codec = codec

    async def run(
        self, http: Http, dialect: Dialect, outgoing: HttpRequest, secrets: Callable[[], list[str]]
    ) -> Finish:
        """Send *outgoing* and emit what comes back.

        Args:
            http: Who sends it.
            dialect: What it is written in.
            outgoing: The request, with its credentials.
            secrets: Tell those credentials; no failure will show them.
        """
        self._fx.notify(Attempted(self._info.provider, self._info.model, self._codec))
        failure: Failure | None = None
        abandoned = True
        try:
            self._finish = await self._send(http, dialect, outgoing)
            abandoned = False
            return self._finish
        except ModelError as error:
            abandoned = False
            hidden = secrets()
            failure = self._signed(error.failure, hidden)
            cause = _presentable(error.__cause__, hidden)
        finally:
            self._report(failure, abandoned)
        # Outside of `except`: the error as it came may show a key, and is no context of this one.
        raise error_for(failure) from cause

    def _report(self, failure: Failure | None, abandoned: bool) -> None:
        """Tell what the attempt took; synchronous, so that a cancelled one is accounted too."""
        usage = Usage() if self._decoder is None else self._decoder.usage
        if self._finish is not None:
            usage, cost = self._finish.usage, reported_cost(self._finish.metadata)
            computed = self._finish.metadata.get(COMPUTED) is True
        else:
            cost = cost_so_far(usage, self._request, self._info)
            computed = cost is not None
        seconds = self._fx.clock.now() - self._started
        began = self._relay.first_content
        first = None if began is None else began - self._started
        provider, model = self._info.provider, self._info.model
        self._fx.notify(
            AttemptEnded(provider, model, usage, seconds, first, failure, abandoned, cost, computed)
        )

    async def _send(self, http: Http, dialect: Dialect, outgoing: HttpRequest) -> Finish:
        with self._patience:
            sending = http.send(outgoing, connect_timeout=self._connect, sent=self._patience.start)
            response = await self._patience.opening(sending)
            try:
                return await self._receive(response, dialect)
            finally:
                await response.aclose()
        raise self._silence()

    async def _receive(self, response: HttpResponse, dialect: Dialect) -> Finish:
        head = response.head
        windows = rate_windows(head.headers)
        if windows:
            self._fx.notify(RateLimits(self._info.provider, self._info.model, windows))
        if head.status >= 300 or _is_page(head):
            raise error_for(await _refusal(response, dialect))
        decoder = self._decoder = dialect.decoder(self._request, head)
        await self._relay.run(response.read, decoder)
        if decoder.done:
            await _read_on(response)
        ending = decoder.close()
        if ending.chunks:
            await self._relay.emit(ending.chunks)
        return self._complete(unwrap(ending.outcome), head, windows)

    def _complete(
        self, finish: Finish, head: ResponseHead, windows: Sequence[RateWindow]
    ) -> Finish:
        metadata = dict(finish.metadata)
        request_id = request_id_of(head)
        if request_id is not None:
            metadata["request_id"] = request_id
        if self._codec is not None:
            metadata["schema_codec"] = self._codec
        if windows:
            metadata["rate_limits"] = [msgspec.to_builtins(window) for window in windows]
        whole = msgspec.structs.replace(
            finish,
            model=finish.model or self._info.model,
            provider=finish.provider or self._info.provider,
            metadata=metadata,
        )
        return priced(whole, self._request, self._info)

    def _silence(self) -> ModelError:
        which = "first_content" if self._relay.first_content is None else "between_content"
        message = f"no content came for {self._patience.limit:g} s (timeout {which})"
        return error_for(Failure("timeout", message, retryable=True))

    def _signed(self, failure: Failure, secrets: Sequence[str]) -> Failure:
        """Return *failure* with whose it is, and without this request's credentials.

        Once somebody has seen content, the same request cannot be made again as if nothing were.
        """
        shown = self._request.streaming and self._relay.first_content is not None
        return msgspec.structs.replace(
            failure.without(secrets),
            provider=failure.provider or self._info.provider,
            model=failure.model or self._info.model,
            retryable=failure.retryable and not shown,
        )


async def _read_on(response: HttpResponse) -> None:
    """Read what follows an answer's end; nothing that goes wrong there makes it less whole."""
    with anyio.move_on_after(LINGER), contextlib.suppress(ModelError):
        while await response.read():
            pass


async def _refusal(response: HttpResponse, dialect: Dialect) -> Failure:
    head = response.head
    if 300 <= head.status < 400:
        where = head.header("location")
        if where is None:
            message = "the server answered with a redirect that leads nowhere; check base_url"
        else:
            message = f"the server redirects to {where}; give that as base_url: keys do not follow"
        return Failure("invalid_input", message, status=head.status)
    body = bytearray()
    with anyio.move_on_after(REFUSAL_PATIENCE), contextlib.suppress(ModelError):
        while len(body) < ERROR_BODY_CAP and (data := await response.read()):
            body += data
    if head.status < 300:
        return garbage("the answer is a page of HTML; check base_url", bytes(body))
    return dialect.failure(head, bytes(body[:ERROR_BODY_CAP]))


def _is_page(head: ResponseHead) -> bool:
    """Whether it is meant for a person: gateways and portals answer in the provider's place."""
    return (head.header("content-type") or "").startswith("text/html")


def _presentable(cause: BaseException | None, secrets: Sequence[str]) -> BaseException | None:
    """Return *cause*, unless the text of anything in its chain shows a credential."""
    link = cause
    while link is not None:
        text = f"{link} {link!r}"
        if redact(text, secrets) != text:
            return None
        link = link.__cause__ or link.__context__
    return cause
