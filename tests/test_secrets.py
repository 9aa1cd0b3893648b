"""Keys show in no text form of what holds them: neither Python's own nor rich's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest
from rich.pretty import pretty_repr

import beluga
from beluga.registry import ProviderConfig
from beluga.schema import GenerateOptions, HumanMessage, Request
from beluga.transport.http import HttpRequest
from beluga.transport.sigv4 import AwsCredentials

KEY = "plain-words-that-are-a-key"


def structs(kind: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from structs(sub)


@pytest.mark.parametrize(
    "holder",
    [
        HttpRequest("POST", f"https://a.example/?key={KEY}", {"x-api-key": KEY}, KEY.encode()),
        ProviderConfig(model="m", api_key=KEY, headers={"x-api-key": KEY}),
        AwsCredentials(KEY, KEY, KEY),
        GenerateOptions(extra_headers={"X-Api-Key": KEY}),
        Request((HumanMessage("Hi"),), GenerateOptions(extra_headers={"authorization": KEY})),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_no_text_form_shows_a_key(holder: msgspec.Struct) -> None:
    shown = [str(holder), repr(holder), f"{holder}", pretty_repr(holder), pretty_repr([holder])]
    assert not any(KEY in text for text in shown)


def test_what_hides_something_hides_it_from_rich_too() -> None:
    """Msgspec gives every Struct a form for rich, which shows all of its fields."""
    for module in pkgutil.walk_packages(beluga.__path__, "beluga."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = [kind for kind in structs() if kind.__module__.startswith("beluga.")]
    hiding = [kind for kind in ours if "__repr__" in vars(kind)]
    assert HttpRequest in hiding
    assert [kind for kind in hiding if "__rich_repr__" not in vars(kind)] == []
