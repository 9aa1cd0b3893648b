"""Credentials are kept out of what tests record."""

from __future__ import annotations

import pytest

from beluga.testing.masks import mask_headers, secrets_in

KEY = "plain-key-of-mine"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "X-Amz-Security-Token",
        "set-cookie",
        "x-bf-vk",
        "Ocp-Apim-Subscription-Key",
    ],
)
def test_headers_that_carry_credentials_are_masked(name: str) -> None:
    assert mask_headers({name: KEY}) == {name: "[redacted]"}
    assert secrets_in({name: KEY}) == [KEY]


def test_the_word_before_a_key_stays() -> None:
    assert mask_headers({"authorization": f"Bearer {KEY}"}) == {
        "authorization": "Bearer [redacted]"
    }
    signed = f"AWS4-HMAC-SHA256 Credential={KEY}/x, Signature=0123456789"
    assert KEY not in str(mask_headers({"authorization": signed}))


@pytest.mark.parametrize(
    "name",
    [
        "content-type",
        "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-tokens-limit",
        "x-request-id",
    ],
)
def test_other_headers_stay(name: str) -> None:
    assert mask_headers({name: "12345"}) == {name: "12345"}
    assert secrets_in({name: "1234567890"}) == []


def test_what_looks_like_a_key_is_masked_anywhere() -> None:
    masked = mask_headers({"x-debug": "sk-0123456789abcdef"})
    assert masked == {"x-debug": "[redacted]"}
