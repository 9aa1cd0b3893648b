"""Signatures are those of AWS's published examples."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from beluga.transport.http import HttpRequest
from beluga.transport.sigv4 import AwsCredentials, SigV4Auth, sign

WHEN = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
WHO = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def signed(request: HttpRequest, who: AwsCredentials = WHO) -> HttpRequest:
    return sign(request, who, region="us-east-1", service="service", at=WHEN)


# AWS's test suite for version 4: get-vanilla, post-vanilla, get-vanilla-query-order-key-case.
@pytest.mark.parametrize(
    ("method", "path", "signature"),
    [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
)
def test_published_examples(method: str, path: str, signature: str) -> None:
    request = signed(HttpRequest(method, f"https://example.amazonaws.com{path}"))
    assert request.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )
    assert request.headers["x-amz-date"] == "20150830T123600Z"


def test_a_session_token_is_sent_and_signed() -> None:
    who = AwsCredentials("AKIDEXAMPLE", "secret", "token")
    request = signed(HttpRequest("GET", "https://example.amazonaws.com/"), who)
    assert request.headers["x-amz-security-token"] == "token"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in request.headers["authorization"]


def test_what_may_change_on_the_way_is_not_signed() -> None:
    headers = {"Content-Type": "application/json", "user-agent": "x", "X-Amz-Meta": "a"}
    one = signed(HttpRequest("POST", "https://host/", headers, b"{}"))
    other = signed(HttpRequest("POST", "https://host/", {**headers, "user-agent": "y"}, b"{}"))
    assert one.headers["authorization"] == other.headers["authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-meta" in one.headers["authorization"]


@pytest.mark.parametrize(
    "changed",
    [
        HttpRequest("POST", "https://host/a", {}, b"{ }"),
        HttpRequest("POST", "https://host/b", {}, b"{}"),
        HttpRequest("POST", "https://other/a", {}, b"{}"),
        HttpRequest("POST", "https://host:8443/a", {}, b"{}"),
        HttpRequest("PUT", "https://host/a", {}, b"{}"),
        HttpRequest("POST", "https://host/a?b", {}, b"{}"),
    ],
)
def test_what_is_sent_is_signed(changed: HttpRequest) -> None:
    plain = signed(HttpRequest("POST", "https://host/a", {}, b"{}"))
    assert signed(changed).headers["authorization"] != plain.headers["authorization"]


def test_a_default_port_is_as_good_as_none() -> None:
    plain = signed(HttpRequest("GET", "https://host/"))
    assert signed(HttpRequest("GET", "https://host:443/")).headers == plain.headers


async def test_credentials_are_asked_for_every_request() -> None:
    given = iter([WHO, AwsCredentials("OTHER", "secret")])

    async def source() -> AwsCredentials:
        return next(given)

    auth = SigV4Auth(source, region="eu-west-1", service="bedrock", now=lambda: WHEN)
    for name in ("AKIDEXAMPLE", "OTHER"):
        request = await auth.authorize(HttpRequest("GET", "https://host/"))
        scope = f"Credential={name}/20150830/eu-west-1/bedrock/aws4_request"
        assert scope in request.headers["authorization"]


def test_a_secret_shows_nowhere() -> None:
    assert "EXAMPLE" not in repr(WHO)
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(WHO)
