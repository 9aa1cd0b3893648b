"""How Anthropic is found and let in."""

from __future__ import annotations

import pytest

import beluga
from beluga.errors import AuthError, InvalidInputError, ProviderDownError
from beluga.schema import Failure, ImagePart
from beluga.transport.http import HttpRequest, HttpResponse, Sent

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")


class Kept:
    """An `Http` that keeps what it is asked to send, and lets it fail."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        self.sent.append(request)
        raise ProviderDownError(Failure("provider_unavailable", "nobody is there"))

    async def aclose(self) -> None:
        pass


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


async def asked(http: Kept, **config: object) -> HttpRequest:
    model = beluga.new("anthropic", model="claude-sonnet-4-5", http=http, **config)  # type: ignore[arg-type]  # of the test's choice
    with pytest.raises(ProviderDownError):
        await model.generate("Hi")
    return http.sent[-1]


async def test_the_key_is_sent_in_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")
    request = await asked(Kept())
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers["x-api-key"] == "sk-test"
    assert "authorization" not in request.headers
    assert (await asked(Kept(), api_key="given")).headers["x-api-key"] == "given"


async def test_a_token_is_a_bearers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")
    request = await asked(Kept())
    assert request.headers["authorization"] == "Bearer token"
    assert "x-api-key" not in request.headers
    chosen = await asked(Kept(), api_key="given", settings={"auth": "token"})
    assert chosen.headers["authorization"] == "Bearer given"


async def test_another_address_keeps_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example/anthropic/")
    request = await asked(Kept(), api_key="k")
    assert request.url == "https://gateway.example/anthropic/v1/messages"
    given = await asked(Kept(), api_key="k", base_url="http://localhost:1")
    assert given.url == "http://localhost:1/v1/messages"


async def test_betas_of_the_caller_and_of_the_request_are_both_sent() -> None:
    http = Kept()
    model = beluga.new(
        "anthropic:claude-sonnet-4-5",
        api_key="k",
        http=http,
        headers={"anthropic-beta": "fast-mode-2026-02-01", "anthropic-version": "2026-10-21"},
    )
    with pytest.raises(ProviderDownError):
        await model.generate(beluga.HumanMessage((ImagePart(id="file_1"),)))
    headers = http.sent[0].headers
    assert headers["anthropic-beta"] == "files-api-2025-04-14,fast-mode-2026-02-01"
    assert headers["anthropic-version"] == "2026-10-21"


def test_without_a_key_nothing_is_made() -> None:
    with pytest.raises(AuthError, match="ANTHROPIC_API_KEY"):
        beluga.new("anthropic:claude-sonnet-4-5")


def test_an_unknown_way_in_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="key or token"):
        beluga.new("anthropic:claude-sonnet-4-5", api_key="k", settings={"auth": "no"})
