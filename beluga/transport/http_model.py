"""A model behind HTTP: one provider's dialect, its credentials, and a way to send requests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from beluga.catalog import filled
from beluga.effects import Effects
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.schema import Finish, GenerateOptions, ModelInfo, OptionLayer, Request
from beluga.transport.auth import Auth, secrets_of
from beluga.transport.dialect import Dialect
from beluga.transport.exchange import Exchange
from beluga.transport.http import Http

__all__ = ["HttpModel"]


class HttpModel(ChatModel):
    """Ask one model of one provider, in its dialect.

    Args:
        info: Which model of which provider it is, and what is known of it beyond the catalogue.
        dialect: The provider's wire format.
        http: Who sends the requests.
        auth: Who puts the credentials on them.
        defaults: The options that every call starts from.
        headers: Headers that every request carries.
        owns_http: Whether closing the model closes *http*.
        region: Where the provider serves it, if that may change its price.
    """

    def __init__(
        self,
        info: ModelInfo,
        dialect: Dialect,
        http: Http,
        auth: Auth,
        *,
        defaults: GenerateOptions = GenerateOptions(),
        headers: Mapping[str, str] | None = None,
        owns_http: bool = True,
        region: str | None = None,
    ) -> None:
        self._info, self._dialect, self._http, self._auth = info, dialect, http, auth
        self._defaults = OptionLayer(defaults)
        self._headers = headers or {}
        self._owns_http = owns_http
        self._region = region

    @property
    def model_id(self) -> str:
        """The name of the model, as its provider knows it."""
        return self._info.model or ""

    @property
    def info(self) -> ModelInfo:
        """What is known of the model, by now: it may have been registered since it was made."""
        return filled(self._info, self._region)

    @property
    def defaults(self) -> OptionLayer:
        """The options that a call of this model starts from."""
        return self._defaults

    async def aclose(self) -> None:
        """Close the connections, unless they belong to somebody else.

        Answers under way go on; their connections are closed when they end.
        """
        if self._owns_http:
            await self._http.aclose()

    def __repr__(self) -> str:
        return f"HttpModel({self._info.provider}:{self._info.model})"

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Send one request and emit its answer."""
        request = request.over(self._defaults)
        contradiction = request.contradiction()
        if contradiction is not None:
            raise invalid_input(contradiction)
        exchange = Exchange(self.info, request, fx)
        encoded = self._dialect.encode(request, exchange)
        extra = {**self._headers, **(request.options.extra_headers or {})}
        plain = encoded.with_headers(extra)
        signed = await self._auth.authorize(plain)
        secrets = partial(secrets_of, plain, signed)
        return await exchange.run(self._http, self._dialect, signed, secrets)
