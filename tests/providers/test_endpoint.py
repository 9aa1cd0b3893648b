"""Addresses and keys, as a user or the environment gives them: of every provider alike."""

from __future__ import annotations

import pytest

from beluga.errors import AuthError, InvalidInputError, ModelError
from beluga.providers.address import checked_url
from beluga.providers.anthropic import KEY as ANTHROPIC
from beluga.providers.anthropic import TOKEN as ANTHROPIC_TOKEN
from beluga.providers.azure import RECORD as AZURE
from beluga.providers.bedrock import ENDPOINT as BEDROCK
from beluga.providers.cohere import ENDPOINT as COHERE
from beluga.providers.compatible import RECORDS
from beluga.providers.endpoint import Endpoint
from beluga.providers.google import ENDPOINT as GOOGLE
from beluga.providers.google import VERTEX
from beluga.providers.ollama import ENDPOINT as OLLAMA
from beluga.providers.openai import RECORD as OPENAI
from beluga.registry import list_providers, new
from tests.providers.stored import StoredHttp

ENDPOINTS: list[Endpoint] = [
    ANTHROPIC,
    ANTHROPIC_TOKEN,
    AZURE.endpoint,
    BEDROCK,
    COHERE,
    GOOGLE,
    VERTEX,
    OLLAMA,
    OPENAI.endpoint,
    *[record.endpoint for record in RECORDS.values()],
]
OTHERS = {
    "AWS_ACCESS_KEY_ID": "bedrock",
    "AWS_SECRET_ACCESS_KEY": "bedrock",
    "AWS_SESSION_TOKEN": "bedrock",
    "AWS_REGION": "bedrock",
    "OLLAMA_HOST": "ollama",
    "OPENAI_ORG_ID": "openai",
    "OPENAI_PROJECT_ID": "openai",
    "GOOGLE_CLOUD_PROJECT": "google",
    "GOOGLE_GENAI_USE_VERTEXAI": "google",
}
PROVIDERS = [name for name in list_providers() if name != "mock"]
NEEDING_A_KEY = sorted({e.provider for e in ENDPOINTS if e.key == "required"} - {"bedrock"})
LOCAL = "http://127.0.0.1:9/v1"


def variables_of(provider: str) -> dict[str, str]:
    """Return every variable that belongs to a provider, set to something that shows whose it is."""
    keys = [name for e in ENDPOINTS if e.provider == provider for name in e.key_variables]
    urls = [name for e in ENDPOINTS if e.provider == provider for name in e.url_variables]
    others = [name for name, owner in OTHERS.items() if owner == provider]
    return {
        **dict.fromkeys([*keys, *others], f"key-of-{provider}"),
        **dict.fromkeys(urls, f"http://{provider}.invalid/v1"),
    }


@pytest.fixture
def without_azure_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beluga.providers.azure.find_spec", lambda name: None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_an_endpoint_here(provider: str) -> None:
    assert provider in {endpoint.provider for endpoint in ENDPOINTS}


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize("provider", NEEDING_A_KEY)
def test_no_provider_takes_the_key_of_another(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in PROVIDERS:
        if other != provider:
            for name, value in variables_of(other).items():
                monkeypatch.setenv(name, value)
    own = next(e for e in ENDPOINTS if e.provider == provider)
    with pytest.raises(AuthError) as caught:
        new(provider, model="m", base_url=LOCAL)
    assert all(name in caught.value.message for name in own.key_variables)
    assert (caught.value.provider, caught.value.local) == (provider, True)


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nothing_of_another_provider_is_sent(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in PROVIDERS:
        if other != provider:
            for name, value in variables_of(other).items():
                monkeypatch.setenv(name, value)
    http = StoredHttp("{}")
    url = None if provider in {"ollama", "openai"} else LOCAL
    model = new(provider, model="m", api_key="own-key", base_url=url, http=http)
    with pytest.raises(ModelError):
        await model.generate("Hi")
    sent = http.requests[0]
    shown = " ".join([sent.url, *sent.headers.keys(), *sent.headers.values(), repr(sent.body)])
    assert "own-key" in shown
    assert "key-of-" not in shown
    assert ".invalid" not in shown


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        (endpoint.provider, name)
        for endpoint in ENDPOINTS
        for name in endpoint.key_variables
        if endpoint is not VERTEX
    ],
)
async def test_the_own_variable_is_read_and_its_ends_are_cleaned(
    provider: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, " own-key\n")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    http = StoredHttp("{}")
    with pytest.raises(ModelError):
        await new(provider, model="m", base_url=LOCAL, http=http).generate("Hi")
    assert [v for v in http.requests[0].headers.values() if v.split()[-1] == "own-key"]


NO_URLS = [
    "nonsense",
    "ftp://h/v1",
    "//h/v1",
    "h:8080",
    "http:/h",
    "http://",
    "http://:80",
    "http://h:port",
    "http://h:70000",
    "http://[::1",
    "http://h h/v1",
    "http://h\n/v1",
    "http://h\\@other/v1",
    "http://h/v1?key=1",
    "http://h/v1#x",
    "http://a..b/v1",
    f"http://{'a' * 64}.example/v1",
]


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic", "google", "ollama", "cohere"])
def test_what_is_no_address_is_refused_when_a_model_is_made(provider: str, url: str) -> None:
    with pytest.raises(InvalidInputError, match="base_url") as caught:
        new(provider, model="m", api_key="k", base_url=url)
    assert caught.value.local


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize(
    ("provider", "variable"),
    [(e.provider, name) for e in ENDPOINTS for name in e.url_variables if e is not VERTEX],
)
@pytest.mark.parametrize("url", ["nonsense", "http://", "http://h:port", "ftp://h"])
def test_a_variable_that_holds_no_address_is_refused_by_its_name(
    provider: str, variable: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(InvalidInputError, match=variable):
        new(provider, model="m", api_key="k")


@pytest.mark.parametrize(
    "host", ["???", "ftp://host", "host:port", "host:99999", "a b", "#", "u:pass-word@host"]
)
def test_a_host_of_ollamas_that_is_none_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(InvalidInputError, match="OLLAMA_HOST") as caught:
        new("ollama:m")
    assert "pass-word" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "https://h.example/a/b",
        "http://[::1]:11434",
        "http://user:word@h.example/v1",
        "https://bücher.example/v1",
        "http://h.example.",
    ],
)
def test_what_is_an_address_is_taken(url: str) -> None:
    assert checked_url(f"{url}/", "base_url") == url


@pytest.mark.parametrize(
    "url", ["ftp://me:pass-word@h", "http://me:pass-word@h:x", "http://a:pass-word@h?q"]
)
def test_a_refused_address_shows_no_password(url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked_url(url, "base_url")
    assert "pass-word" not in str(caught.value)


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize(
    "key", ["pass-word\n", " pass-word", "pass\x00-word", "pass-wörd", '"pass-word"', "'pass-word'"]
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_no_key_is_refused_and_not_shown(provider: str, key: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        new(provider, model="m", api_key=key, base_url=LOCAL)
    assert "pass" not in str(caught.value)


@pytest.mark.usefixtures("without_azure_identity")
@pytest.mark.parametrize("given", [b"bytes", None, "", "two\nlines", "wörd"])
async def test_credentials_that_give_no_key_are_refused_and_not_shown(given: str) -> None:
    async def credentials() -> str:
        return given

    http = StoredHttp("{}")
    model = new("openai:m", credentials=credentials, http=http)
    with pytest.raises(InvalidInputError, match="credentials must give") as caught:
        await model.generate("Hi")
    assert http.requests == []
    assert not given or str(given) not in str(caught.value)
