"""Where Cohere is and whose key opens it."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.errors import AuthError
from beluga.registry import new
from tests.providers.stored import StoredHttp

ANSWER = (
    '{"id":"r","message":{"content":[{"type":"text","text":"Hi."}]},"finish_reason":"COMPLETE"}'
)
VARIABLES = ("CO_API_KEY", "COHERE_API_KEY", "CO_API_URL", "CO_BASE_URL")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def ask(**config: Any) -> StoredHttp:
    http = StoredHttp(ANSWER)
    reply = await new("cohere:command-a-03-2025", http=http, **config).generate("Hi")
    assert (reply.text, reply.provider, reply.response_id) == ("Hi.", "cohere", "r")
    return http


async def test_it_is_asked_at_its_public_address() -> None:
    http = await ask(api_key="k")
    assert http.requests[0].url == "https://api.cohere.com/v2/chat"
    assert http.requests[0].headers["authorization"] == "Bearer k"
    assert http.sent["model"] == "command-a-03-2025"


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({"CO_API_KEY": "short", "COHERE_API_KEY": "long"}, "short"),
        ({"COHERE_API_KEY": "long"}, "long"),
    ],
)
async def test_the_key_may_be_in_the_environment(
    environment: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (await ask()).requests[0].headers["authorization"] == f"Bearer {key}"


def test_without_a_key_nothing_is_sent() -> None:
    with pytest.raises(AuthError, match="CO_API_KEY or COHERE_API_KEY"):
        new("cohere:command-a-03-2025")


@pytest.mark.parametrize("name", ["CO_API_URL", "CO_BASE_URL"])
async def test_the_address_may_be_in_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "https://cohere.example.com/")
    assert (await ask(api_key="k")).requests[0].url == "https://cohere.example.com/v2/chat"
