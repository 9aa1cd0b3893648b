"""Where an Ollama server is, who may ask it, and how it loads the model."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.errors import InvalidInputError, ModelError
from beluga.registry import new
from tests.providers.stored import StoredHttp

ANSWER = '{"model":"m","message":{"content":"Hi."},"done":true,"done_reason":"stop"}'


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


async def ask(**config: Any) -> StoredHttp:
    http = StoredHttp(ANSWER)
    reply = await new("ollama:m", http=http, **config).generate("Hi")
    assert reply.text == "Hi."
    assert reply.provider == "ollama"
    return http


# The addresses are those that Ollama's own client makes of the same values, but for 0.0.0.0 and
# [::], which are where a server listens, and for the service's bare name, where keys would go in
# the clear.
@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://1.2.3.4:56789", "https://1.2.3.4:56789"),
        ("example.com", "http://example.com:11434"),
        ("example.com/", "http://example.com:11434"),
        ("example.com:56789/path", "http://example.com:56789/path"),
        ("http://example.com/path/", "http://example.com:80/path"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:5", "http://[::1]:5"),
        ("localhost", "http://localhost:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("[::]:5", "http://[::1]:5"),
        ("https://ollama.com", "https://ollama.com:443"),
        ("ollama.com", "https://ollama.com:443"),
    ],
)
async def test_the_variable_names_the_server(
    host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    http = await ask()
    assert http.requests[0].url == f"{url}/api/chat"


async def test_an_address_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "elsewhere:1")
    http = await ask(base_url="https://ollama.com/")
    assert http.requests[0].url == "https://ollama.com/api/chat"


@pytest.mark.parametrize("host", ["ftp://host", "host:port", "host:99999"])
def test_an_address_that_is_none_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(InvalidInputError):
        new("ollama:m")


async def test_no_key_is_needed_and_no_other_providers_key_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-others")
    http = await ask()
    assert "authorization" not in http.requests[0].headers


async def test_a_key_goes_with_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "from-environment")
    assert (await ask()).requests[0].headers["authorization"] == "Bearer from-environment"
    http = await ask(api_key="given")
    assert http.requests[0].headers["authorization"] == "Bearer given"


async def test_settings_say_how_to_load_the_model() -> None:
    http = await ask(settings={"num_ctx": 8192, "keep_alive": "10m"})
    assert http.sent["options"] == {"num_ctx": 8192}
    assert http.sent["keep_alive"] == "10m"


@pytest.mark.parametrize("settings", [{"num_ctx": "many"}, {"num_gpu": 1}])
def test_a_setting_that_is_none_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="num_"):
        new("ollama:m", settings=settings)


async def test_a_refusal_is_an_error() -> None:
    http = StoredHttp('{"error":"model \'m\' not found"}', status=404)
    with pytest.raises(ModelError) as caught:
        await new("ollama:m", http=http).generate("Hi")
    assert caught.value.failure.code == "not_found"
    assert caught.value.failure.message == "model 'm' not found"
