"""AWS Signature Version 4: requests that prove who sends them.

Source: AWS's reference "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from beluga.transport.http import HttpRequest

__all__ = ["AwsCredentialSource", "AwsCredentials", "SigV4Auth", "sign"]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


class AwsCredentials(msgspec.Struct, frozen=True):
    """Name an AWS identity and hold its secret. The text form shows neither secret nor token."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "AwsCredentials(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show rich no more than anybody else; msgspec would show it the secret."""
        return []

    def __reduce__(self) -> str:
        raise TypeError("AwsCredentials hold a secret and are not pickled")


AwsCredentialSource: TypeAlias = Callable[[], Awaitable[AwsCredentials]]
"""Give credentials that are valid now. It is asked before every request, and may refresh."""


def sign(
    request: HttpRequest, credentials: AwsCredentials, *, region: str, service: str, at: datetime
) -> HttpRequest:
    """Return *request* with a signature.

    Signed are the host, the content type, every `x-amz-` header and the body. Other headers may be
    changed on the way.

    Args:
        request: What to sign; its path is percent-encoded already.
        credentials: Who signs it.
        region: Such as `us-east-1`.
        service: Such as `bedrock`.
        at: When; the service accepts a difference of five minutes.
    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if credentials.session_token is not None:
        added["x-amz-security-token"] = credentials.session_token
    stamped = request.with_headers(added)
    signed = _signed_headers(stamped)
    scope = "/".join([stamp[:8], region, service, "aws4_request"])
    canonical = _sha256(_canonical(stamped, signed).encode())
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{canonical}"
    signature = _hmac(_key(credentials.secret_key, scope), text).hex()
    authorization = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return stamped.with_headers({"authorization": authorization})


class SigV4Auth:
    """Sign requests with AWS credentials.

    Args:
        source: Where the credentials come from.
        region: Such as `us-east-1`.
        service: Such as `bedrock`.
        now: What time it is.
    """

    def __init__(
        self,
        source: AwsCredentialSource,
        *,
        region: str,
        service: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._region, self._service, self._now = source, region, service, now

    async def authorize(self, request: HttpRequest, /) -> HttpRequest:
        """Return *request* with a signature."""
        credentials = await self._source()
        return sign(
            request, credentials, region=self._region, service=self._service, at=self._now()
        )


def _signed_headers(request: HttpRequest) -> dict[str, str]:
    """The headers that are signed, by their names in lower case, in order."""
    given = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    given.setdefault("host", _host(urlsplit(request.url)))
    names = [n for n in given if n in {"host", "content-type"} or n.startswith("x-amz-")]
    return {name: given[name] for name in sorted(names)}


def _host(url: SplitResult) -> str:
    host = url.netloc.rpartition("@")[2].lower()
    default = _DEFAULT_PORTS.get(url.scheme)
    return host.removesuffix(f":{default}")


def _canonical(request: HttpRequest, signed: Mapping[str, str]) -> str:
    url = urlsplit(request.url)
    return "\n".join(
        [
            request.method.upper(),
            # Encoded once more than on the wire; only S3 is different.
            quote(url.path or "/", safe="/~"),
            _canonical_query(url.query),
            *[f"{name}:{value}" for name, value in signed.items()],
            "",
            ";".join(signed),
            _sha256(request.body),
        ]
    )


def _canonical_query(query: str) -> str:
    pairs = sorted([pair.partition("=")[::2] for pair in query.split("&") if pair])
    return "&".join([f"{name}={value}" for name, value in pairs])


def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
