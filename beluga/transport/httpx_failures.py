"""What httpx raises, as failures of our own."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from beluga.schema import ErrorCode, Failure

__all__ = ["FOREIGN", "failure_of"]

_CODES: Final[Mapping[type[Exception], ErrorCode]] = {
    httpx.TimeoutException: "timeout",
    httpx.UnsupportedProtocol: "invalid_input",
    httpx.LocalProtocolError: "invalid_input",
    httpx.InvalidURL: "invalid_input",
    httpx.ProxyError: "provider_unavailable",
    httpx.RequestError: "provider_unavailable",
    ssl.SSLError: "provider_unavailable",
    UnicodeError: "invalid_input",
}
"""The first that fits tells what it means here. A name that no host can have is a UnicodeError."""

FOREIGN: Final = tuple(_CODES)

_WORDS: Final[Mapping[type[Exception], str]] = {
    httpx.ConnectTimeout: "no connection was made in time (timeout connect)",
    httpx.WriteTimeout: "the server took nothing more of the request",
    httpx.ConnectError: "no connection was made",
    httpx.ReadError: "the connection was reset",
    httpx.WriteError: "the connection was reset while the request was written",
    httpx.UnsupportedProtocol: "the address is no URL of http or https; check base_url",
    httpx.LocalProtocolError: "the request is no HTTP; check its headers",
    httpx.InvalidURL: "the address is no URL; check base_url",
    UnicodeError: "the address names no host that there could be; check base_url",
}
"""What to say where httpx says nothing, or only what another library's caller could use."""


def failure_of(error: Exception, *, in_body: bool) -> Failure:
    """Return the failure that one of `FOREIGN` stands for.

    Args:
        error: What was raised.
        in_body: The head of the response had come.
    """
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    words = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), "")
    detail = "" if isinstance(error, UnicodeError | httpx.TimeoutException) else _root(error)
    what = ": ".join(filter(None, (words, detail))) or type(error).__name__
    if code == "invalid_input":
        return Failure(code, what, local=True)
    if in_body:
        return Failure("incomplete_stream", f"the answer broke off: {what}", retryable=True)
    return Failure(code, what, retryable=True)


def _root(error: BaseException) -> str:
    """Return the last text in the chain of causes: the system's own word, where it had one."""
    text = ""
    link: BaseException | None = error
    while link is not None:
        text = str(link) or text
        if isinstance(link, BaseExceptionGroup):
            link = link.exceptions[0]
        else:
            link = link.__cause__ or link.__context__
    return text
