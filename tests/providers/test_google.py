"""How Google's models are reached: addresses, keys, projects and tokens."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import Any

import anyio
import pytest

import beluga
from beluga.errors import AuthError, InvalidInputError
from beluga.providers.google import DefaultCredentials
from beluga.transport.http import HttpRequest
from tests.providers.stored import StoredHttp

ANSWER = '{"candidates":[{"content":{"parts":[{"text":"Hi."}]},"finishReason":"STOP"}]}'
VARIABLES = (
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_VERTEX_BASE_URL",
    "GOOGLE_GENAI_USE_ENTERPRISE",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


async def asked(model: str = "gemini-2.5-flash", **config: Any) -> HttpRequest:
    http = StoredHttp(ANSWER)
    async with beluga.new(f"google:{model}", http=http, **config) as made:
        assert (await made.generate("Hi.")).text == "Hi."
    return http.requests[0]


async def test_the_gemini_api_takes_a_key() -> None:
    request = await asked(api_key="k1")
    assert request.headers["x-goog-api-key"] == "k1"
    assert "authorization" not in {name.lower() for name in request.headers}
    host = "https://generativelanguage.googleapis.com"
    assert request.url == f"{host}/v1beta/models/gemini-2.5-flash:generateContent"


async def test_the_first_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "second")
    assert (await asked()).headers["x-goog-api-key"] == "second"
    monkeypatch.setenv("GOOGLE_API_KEY", "first")
    assert (await asked()).headers["x-goog-api-key"] == "first"


async def test_another_address_replaces_what_stands_before_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "https://gateway/one/")
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    assert (await asked(api_key="k")).url == f"https://gateway/one{path}"
    assert (await asked(api_key="k", base_url="https://two")).url == f"https://two{path}"


async def test_tuned_models_have_a_path_of_their_own() -> None:
    request = await asked("tunedModels/mine 1", api_key="k")
    assert request.url.endswith("/v1beta/tunedModels/mine%201:generateContent")


async def test_without_a_key_nothing_is_made() -> None:
    with pytest.raises(AuthError, match="GOOGLE_API_KEY or GEMINI_API_KEY"):
        beluga.new("google:gemini-2.5-flash")


async def give_token() -> str:
    return "t1"


def vertex(**settings: Any) -> dict[str, Any]:
    return {"settings": {"vertex": True, **settings}}


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (None, "https://aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
    ],
)
async def test_vertex_has_a_host_for_each_location(location: str | None, host: str) -> None:
    where = vertex(project="p1", location=location)
    request = await asked(credentials=give_token, **where)
    assert request.headers["authorization"] == "Bearer t1"
    assert request.url == (
        f"{host}/v1beta1/projects/p1/locations/{location or 'global'}"
        "/publishers/google/models/gemini-2.5-flash:generateContent"
    )


@pytest.mark.parametrize("switch", ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"])
async def test_the_environment_may_say_it_all(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(switch, "True")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p2")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "us-central1")
    request = await asked(credentials=give_token)
    start = (
        "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p2/locations/us-central1/"
    )
    assert request.url.startswith(start)
    here = await asked(api_key="k", settings={"vertex": False})
    assert here.url.startswith("https://generativelanguage.googleapis.com/")


async def test_express_mode_takes_a_key_and_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    url = (
        "https://aiplatform.googleapis.com/v1beta1"
        "/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p2")
    given = await asked(api_key="k1", **vertex())
    assert (given.url, given.headers["x-goog-api-key"]) == (url, "k1")
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    monkeypatch.setenv("GOOGLE_API_KEY", "k2")
    found = await asked(**vertex())
    assert (found.url, found.headers["x-goog-api-key"]) == (url, "k2")


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("meta/llama-4", "projects/p1/locations/global/publishers/meta/models/llama-4"),
        ("publishers/x/models/y", "projects/p1/locations/global/publishers/x/models/y"),
        ("endpoints/7", "projects/p1/locations/global/endpoints/7"),
        ("projects/9/locations/us/endpoints/7", "projects/9/locations/us/endpoints/7"),
    ],
)
async def test_vertex_serves_more_than_googles_models(model: str, path: str) -> None:
    request = await asked(model, credentials=give_token, **vertex(project="p1"))
    assert request.url == f"https://aiplatform.googleapis.com/v1beta1/{path}:generateContent"


async def test_vertex_behind_another_address() -> None:
    where = vertex(project="p1", location="us-central1")
    request = await asked(credentials=give_token, base_url="https://gateway", **where)
    assert request.url.startswith("https://gateway/v1beta1/projects/p1/locations/us-central1/")


async def test_vertex_without_a_project_or_a_key_is_refused() -> None:
    with pytest.raises(AuthError, match="GOOGLE_CLOUD_PROJECT"):
        beluga.new("google:gemini-2.5-flash", **vertex())
    with pytest.raises(AuthError, match="GOOGLE_CLOUD_PROJECT"):
        beluga.new("google:gemini-2.5-flash", credentials=give_token, **vertex())


@pytest.mark.parametrize("settings", [{"vertex": "yes"}, {"vertex": True, "project": 7}])
async def test_settings_of_the_wrong_type_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="setting"):
        beluga.new("google:gemini-2.5-flash", api_key="k", settings=settings)


class Token:
    """What google-auth finds."""

    token: str | None = None
    valid = False
    quota_project_id: str | None = None
    renewals = 0

    def refresh(self, request: object) -> None:
        assert request == "transport"
        self.renewals += 1
        self.token, self.valid = f"token {self.renewals}", True


@pytest.fixture
def google_auth(monkeypatch: pytest.MonkeyPatch) -> Token:
    """Stand in for google-auth, which need not be installed."""
    found, where = Token(), threading.current_thread()

    def default(scopes: list[str]) -> tuple[Token, str]:
        assert threading.current_thread() is not where, "it blocks, and so may not run in the loop"
        assert scopes == ["https://www.googleapis.com/auth/cloud-platform"]
        return found, "p"

    class GoogleAuthError(Exception):
        retryable = True

    modules: dict[str, dict[str, object]] = {
        "google.auth": {"default": default},
        "google.auth.exceptions": {"GoogleAuthError": GoogleAuthError},
        "google.auth.transport.requests": {"Request": lambda: "transport"},
    }
    for name in ("google", "google.auth.transport"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return found


PLAIN = HttpRequest("POST", "https://host")


@pytest.mark.real_time
async def test_default_credentials_are_renewed_when_they_are_due(google_auth: Token) -> None:
    auth = DefaultCredentials()
    for number in (1, 1, 2):
        if number == 2:
            google_auth.valid = False
        signed = await auth.authorize(PLAIN)
        assert signed.headers == {"authorization": f"Bearer token {number}"}
    google_auth.quota_project_id = "billed"
    assert (await auth.authorize(PLAIN)).headers["x-goog-user-project"] == "billed"


@pytest.mark.real_time
async def test_a_token_is_asked_for_once_by_many(google_auth: Token) -> None:
    auth = DefaultCredentials()
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(auth.authorize, PLAIN)
    assert google_auth.renewals == 1


@pytest.mark.real_time
async def test_credentials_that_are_not_found_are_an_auth_error(
    google_auth: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sys.modules["google.auth.exceptions"].GoogleAuthError

    def refuse(request: object) -> None:
        raise error("no metadata server")

    monkeypatch.setattr(google_auth, "refresh", refuse)
    with pytest.raises(AuthError, match="no metadata server") as caught:
        await DefaultCredentials().authorize(PLAIN)
    assert caught.value.retryable


@pytest.mark.real_time
async def test_without_google_auth_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(AuthError, match=r"beluga\[vertex\]"):
        await DefaultCredentials().authorize(PLAIN)


@pytest.mark.real_time
async def test_a_project_of_the_environment_takes_default_credentials(
    google_auth: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setenv("GOOGLE_API_KEY", "unused")
    request = await asked(**vertex())
    assert request.headers["authorization"] == "Bearer token 1"
    assert "x-goog-api-key" not in request.headers


@pytest.mark.parametrize("config", [{"api_key": "AIza-secret-key-of-mine"}])
async def test_no_text_form_shows_the_key(config: dict[str, Any]) -> None:
    model = beluga.new("google:gemini-2.5-flash", http=StoredHttp(ANSWER), **config)
    assert "secret" not in repr(model)
    assert "secret" not in repr(await asked(**config))
