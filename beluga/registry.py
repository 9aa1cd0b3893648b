"""Names of providers, and how a model is made from one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import UnionType
from typing import Final, TypeAlias, TypedDict, Unpack

import msgspec

from beluga.errors import NotFoundError, invalid_input
from beluga.model import ChatModel
from beluga.schema import Failure, GenerateOptions, Timeouts
from beluga.schema.headers import check_headers
from beluga.schema.redaction import shown_url
from beluga.transport.auth import Credentials
from beluga.transport.http import Http

__all__ = [
    "Factory",
    "ProviderConfig",
    "ProviderConfigDict",
    "list_providers",
    "new",
    "register",
]

ENTRY_POINTS: Final = "beluga.providers"

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


_KINDS: Final[Mapping[str, tuple[type | UnionType, str]]] = {
    "model": (str, "a text"),
    "api_key": (str | None, "a text"),
    "base_url": (str | None, "a text"),
    "headers": (Mapping, "a mapping of names to texts"),
    "timeouts": (Timeouts | None, "Timeouts(…)"),
    "defaults": (GenerateOptions, "GenerateOptions(…)"),
    "settings": (Mapping, "a mapping"),
}


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a provider's model is to be made. Its text form shows no key.

    Attributes:
        model: The provider's name for the model.
        api_key: The key; otherwise the provider's own environment variable is read.
        base_url: Where the provider is, instead of its public address.
        http: Who sends requests; the model does not close it.
        headers: Headers that every request carries.
        timeouts: The default of the option `timeout`.
        credentials: An async function that gives a key or token before every request.
        defaults: The options that every call starts from.
        settings: What else the provider takes; see its page.
    """

    model: str
    api_key: str | None = None
    base_url: str | None = None
    http: Http | None = None
    headers: Mapping[str, str] = {}
    timeouts: Timeouts | None = None
    credentials: Credentials | None = None
    defaults: GenerateOptions = GenerateOptions()
    settings: Mapping[str, object] = {}

    def __post_init__(self) -> None:
        for name, (kind, wanted) in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise invalid_input(f"{name} takes {wanted}; got {type(value).__name__}")
        try:
            check_headers(self.headers)
        except ValueError as error:
            raise invalid_input(f"headers: {error}") from None

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"ProviderConfig({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show rich no more than anybody else; msgspec would show it the key."""
        url = None if self.base_url is None else shown_url(self.base_url)
        return [("model", self.model), ("base_url", url)]

    def __reduce__(self) -> str:
        raise TypeError("a ProviderConfig may hold a key; make it where it is used")


class ProviderConfigDict(TypedDict, total=False):
    """The keywords of `new`; see `ProviderConfig`."""

    model: str
    api_key: str | None
    base_url: str | None
    http: Http | None
    headers: Mapping[str, str]
    timeouts: Timeouts | None
    credentials: Credentials | None
    defaults: GenerateOptions
    settings: Mapping[str, object]


Factory: TypeAlias = Callable[[ProviderConfig], ChatModel]

_registered: dict[str, Factory] = {}


def register(name: str, factory: Factory, *, replace: bool = False) -> None:
    """Make a provider known under *name*.

    Args:
        name: Letters, digits, `-` and `_`.
        factory: Makes a model from a configuration.
        replace: Take a name that is taken.

    Raises:
        InvalidInputError: The name is taken, or no name, or the factory is none.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid_input(
            f"{name!r} is no name for a provider; letters, digits, - and _ make one"
        )
    if not callable(factory):
        raise invalid_input(f"a factory is a function of a ProviderConfig; got {factory!r:.80}")
    if not replace and (name in _registered or name in _installed()):
        raise invalid_input(f"a provider {name!r} is there already; replace=True takes its place")
    _registered[name] = factory


def list_providers() -> tuple[str, ...]:
    """Return the names of all providers, sorted; none is imported for it."""
    return tuple(sorted({*_registered, *_installed()}))


def new(name: str, /, **config: Unpack[ProviderConfigDict]) -> ChatModel:
    """Return a model: `new("openai:gpt-5-mini")`, or `new("openai", model="gpt-5-mini")`.

    Nothing is sent, and the provider is imported now if it was not before.

    Args:
        name: A provider's name, with or without a model's after a colon.
        **config: See `ProviderConfig`.

    Raises:
        NotFoundError: There is no such provider.
        InvalidInputError: No model is named, two are, or a setting is wrong.
        AuthError: The provider needs a key and none is given or in its environment variable.
    """
    if not isinstance(name, str):
        raise invalid_input(
            f"a model is named by a text, provider:model; got {type(name).__name__}"
        )
    provider, _, named = name.partition(":")
    factory = _factory(provider)
    unknown = [key for key in config if key not in ProviderConfig.__struct_fields__]
    if unknown:
        known = ", ".join(ProviderConfig.__struct_fields__)
        raise invalid_input(f"unknown setting {unknown[0]!r}; there are {known}")
    given = config.get("model") or ""
    if named and given and named != given:
        raise invalid_input(f"two models are named, {named!r} and {given!r}; name one")
    model = named or given
    if not model:
        raise invalid_input(f"which model of {provider}? Write new({provider + ':<model>'!r})")
    config["model"] = model
    made: object = factory(ProviderConfig(**config))
    if not isinstance(made, ChatModel):
        got = type(made).__name__
        raise TypeError(f"the factory of {provider!r} must return a ChatModel; it returned {got}")
    return made


def _factory(provider: str) -> Factory:
    if provider in _registered:
        return _registered[provider]
    entry = _installed().get(provider)
    if entry is None:
        known = ", ".join(list_providers())
        message = f"there is no provider {provider!r}; known are {known}"
        raise NotFoundError(Failure("not_found", message, local=True))
    factory: Factory = entry.load()
    return _registered.setdefault(provider, factory)


@cache
def _installed() -> dict[str, EntryPoint]:
    """The providers of all installed packages; a name of this one's is nobody else's to take."""
    entries = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: _is_own(entry.value))
    return {entry.name: entry for entry in entries}


def _is_own(value: str) -> bool:
    return value.startswith(f"{__package__}.")
