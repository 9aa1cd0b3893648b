"""Google: the Gemini API with a key, and Vertex AI with a project or a key."""

from __future__ import annotations

import re
import threading
from importlib import import_module
from typing import Final, Protocol
from urllib.parse import quote

import anyio.to_thread
import msgspec

from beluga.dialects.gemini import GeminiDialect
from beluga.errors import AuthError, invalid_input
from beluga.model import ChatModel
from beluga.providers.endpoint import (
    Endpoint,
    auth_of,
    base_url_of,
    check_settings,
    environment,
    model_of,
)
from beluga.registry import ProviderConfig
from beluga.schema import Failure
from beluga.transport.auth import Auth, KeyAuth
from beluga.transport.http import HttpRequest

__all__ = ["ENDPOINT", "DefaultCredentials", "google"]

ENDPOINT: Final = Endpoint(
    provider="google",
    base_url="https://generativelanguage.googleapis.com",
    url_variables=("GOOGLE_GEMINI_BASE_URL",),
    key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    header="x-goog-api-key",
    prefix="",
)

VERTEX: Final = msgspec.structs.replace(
    ENDPOINT,
    base_url="https://aiplatform.googleapis.com",
    url_variables=("GOOGLE_VERTEX_BASE_URL",),
)

# The first of them that is set decides.
SWITCHES: Final = ("GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI")
PROJECT: Final = ("GOOGLE_CLOUD_PROJECT",)
LOCATION: Final = ("GOOGLE_CLOUD_LOCATION",)

_LOCATION: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MULTI_REGIONS: Final = frozenset({"us", "eu"})
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


def google(config: ProviderConfig) -> ChatModel:
    """Return a model of Google's.

    Read from the environment, where not given: `GOOGLE_API_KEY` (or `GEMINI_API_KEY`) and
    `GOOGLE_GEMINI_BASE_URL`.

    With the setting `vertex` (or `GOOGLE_GENAI_USE_VERTEXAI=true`), Vertex AI serves the model: the
    settings `project` and `location` (or `GOOGLE_CLOUD_PROJECT` and `GOOGLE_CLOUD_LOCATION`, which
    is `global` if nobody says) tell where, and `credentials` give the token; without them it comes
    from Google's default credentials (extra `vertex`). A key in place of a project is the express
    mode.

    Raises:
        AuthError: There is no key, and no project either.
        InvalidInputError: A setting is of the wrong type.
    """
    check_settings(config, "vertex", "project", "location")
    if _wants_vertex(config):
        return _on_vertex(config)
    name = config.model if "/" in config.model else f"models/{config.model}"
    url = f"{base_url_of(ENDPOINT, config)}/v1beta/{_quoted(name)}"
    return model_of(ENDPOINT, config, GeminiDialect(config.model, url))


def _on_vertex(config: ProviderConfig) -> ChatModel:
    given = _text_setting(config, "project")
    project = given or environment(PROJECT)
    if config.credentials is None and config.api_key is not None:
        project = given  # a key that was given is worth more than what the environment says
    if project is None and not _has_key(config):
        raise _homeless(config)
    location = _text_setting(config, "location") or environment(LOCATION) or "global"
    endpoint, place, region = VERTEX, "", "global"
    if project is not None:
        region = location
        endpoint = msgspec.structs.replace(VERTEX, base_url=_host(location))
        place = f"projects/{project}/locations/{location}/"
    url = f"{base_url_of(endpoint, config)}/v1beta1/{_quoted(_resource(config.model, place))}"
    dialect = GeminiDialect(config.model, url, vertex=True)
    auth = _vertex_auth(config, project)
    return model_of(endpoint, config, dialect, auth=auth, api="vertex", region=region)


def _vertex_auth(config: ProviderConfig, project: str | None) -> Auth:
    if config.credentials is not None:
        return KeyAuth(config.credentials)
    if project is not None and config.api_key is None:
        return DefaultCredentials()
    return auth_of(VERTEX, config)


def _has_key(config: ProviderConfig) -> bool:
    if config.credentials is not None:
        return False  # a token says who asks, not for which project
    return bool(config.api_key or environment(VERTEX.key_variables))


def _homeless(config: ProviderConfig) -> AuthError:
    message = (
        "Vertex AI needs a project or a key: give settings={'project': …} or set "
        f"{PROJECT[0]}, or give api_key or set {VERTEX.key_variables[0]}"
    )
    return AuthError(Failure("auth_error", message, VERTEX.provider, config.model, local=True))


def _host(location: str) -> str:
    if not _LOCATION.fullmatch(location):
        raise invalid_input(f"{location!r} is no location; they look like us-central1")
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _resource(model: str, place: str) -> str:
    """Return a model's path: `gemini-…`, `meta/llama-…`, or a resource's own full name."""
    if model.startswith("projects/"):
        return model
    if model.startswith(("publishers/", "endpoints/", "models/")):
        return f"{place}{model}"
    publisher, slash, name = model.rpartition("/")
    return f"{place}publishers/{publisher if slash else 'google'}/models/{name}"


def _quoted(path: str) -> str:
    return quote(path, safe="/-._~@")


def _wants_vertex(config: ProviderConfig) -> bool:
    value = config.settings.get("vertex")
    if value is None:
        return (environment(SWITCHES) or "").lower() in {"true", "1"}
    if not isinstance(value, bool):
        raise invalid_input(f"setting vertex takes True or False; got {value!r}")
    return value


def _text_setting(config: ProviderConfig, name: str) -> str | None:
    value = config.settings.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid_input(f"setting {name} takes a text; got {value!r}")
    return value or None


class _Credentials(Protocol):
    """What of google-auth's credentials is used."""

    token: str | None
    valid: bool

    def refresh(self, request: object, /) -> None: ...


class DefaultCredentials:
    """Put a token of Google's default credentials on requests; it is renewed when it is due.

    google-auth, which blocks, is imported and asked in a worker thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: _Credentials | None = None

    async def authorize(self, request: HttpRequest, /) -> HttpRequest:
        """Return *request* with a token, and with the project to bill, if the credentials name one.

        Raises:
            AuthError: google-auth is not installed, or finds no credentials.
        """
        found = self._found
        if found is None or not found.valid:
            found = await anyio.to_thread.run_sync(self._renewed, abandon_on_cancel=True)
        headers = {"authorization": f"Bearer {found.token}"}
        project = getattr(found, "quota_project_id", None)
        if project:
            headers["x-goog-user-project"] = project
        return request.with_headers(headers)

    def _renewed(self) -> _Credentials:
        try:
            auth, errors = import_module("google.auth"), import_module("google.auth.exceptions")
            transport = import_module("google.auth.transport.requests")
        except ImportError as error:
            why = "Vertex AI's default credentials need google-auth: install beluga[vertex]"
            raise _auth_error(why) from error
        with self._lock:
            try:
                found: _Credentials = self._found or auth.default(scopes=[SCOPE])[0]
                if not found.valid:
                    found.refresh(transport.Request())
            except errors.GoogleAuthError as error:
                why = f"Google's default credentials gave no token: {error}"
                raise _auth_error(why, retryable=bool(error.retryable)) from error
            self._found = found
            return found


def _auth_error(message: str, *, retryable: bool = False) -> AuthError:
    failure = Failure("auth_error", message, ENDPOINT.provider, local=True, retryable=retryable)
    return AuthError(failure)
