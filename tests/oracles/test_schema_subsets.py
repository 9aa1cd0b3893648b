"""What goes out obeys each provider's documents, and its own SDK finds nothing to change in it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings

from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schemas import Codec, SchemaDialect, codec_for, schema_of
from tests.oracles.schemas import of_configurations, of_recordings, of_services
from tests.oracles.subsets import JUDGES
from tests.schemas.kinds import VALUES
from tests.schemas.random_types import Kind, kinds

SERVICES = 60
LEAST = {
    ("recordings", "openai"): 0.95,
    ("recordings", "anthropic"): 0.95,
    ("recordings", "gemini"): 0.95,
    ("configurations", "openai"): 0.75,
    ("configurations", "anthropic"): 0.1,
    ("configurations", "gemini"): 0.85,
    ("services", "openai"): 0.95,
    ("services", "anthropic"): 0.95,
    ("services", "gemini"): 0.95,
    ("types", "openai"): 1.0,
    ("types", "anthropic"): 0.9,
    ("types", "gemini"): 1.0,
}
"""The least share of each set that must be taken; the rest is refused before it is sent."""


@functools.cache
def schemas(name: str) -> Mapping[str, Mapping[str, Any]]:
    match name:
        case "recordings":
            return of_recordings()
        case "configurations":
            return of_configurations()
        case "services":
            return of_services(SERVICES)
        case _:
            return {str(tp): schema_of(tp).schema for tp, _ in VALUES}


def taken(name: str, dialect: Any) -> Iterator[tuple[str, Codec]]:
    for title, schema in schemas(name).items():
        try:
            yield title, codec_for(schema, dialect)
        except (InvalidInputError, UnsupportedError):
            continue


@pytest.mark.parametrize(("name", "dialect"), LEAST)
def test_schemas_that_people_wrote_go_out_as_the_provider_wants_them(
    name: str, dialect: str
) -> None:
    if not schemas(name):
        pytest.skip("no recordings beside the repository")
    found = dict(taken(name, dialect))
    assert {title: JUDGES[dialect](codec.schema) for title, codec in found.items()} == {
        title: [] for title in found
    }
    assert len(found) >= LEAST[name, dialect] * len(schemas(name))


@pytest.mark.parametrize("dialect", JUDGES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=kinds)
def test_schemas_of_random_types_go_out_as_the_provider_wants_them(
    dialect: Any, kind: Kind
) -> None:
    try:
        codec = codec_for(schema_of(kind[0]).schema, dialect)
    except UnsupportedError:
        assert dialect == "anthropic"  # a random type may have too many unions for it
    else:
        assert JUDGES[dialect](codec.schema) == []


def _by_openai(schema: dict[str, Any]) -> dict[str, Any]:
    from openai.lib import _pydantic

    return _pydantic._ensure_strict_json_schema(schema, path=(), root=schema)


def _by_anthropic(schema: dict[str, Any]) -> dict[str, Any]:
    from anthropic import transform_schema

    return transform_schema(schema)


def _by_google(schema: dict[str, Any]) -> dict[str, Any]:
    """Read it as the SDK does, which refuses any keyword that it does not know."""
    from google.genai.types import JSONSchema

    JSONSchema.model_validate(schema)
    return schema


SDKS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "openai": _by_openai,
    "anthropic": _by_anthropic,
    "gemini": _by_google,
}


def _untyped(value: Any) -> Any:
    """Leave out types beside choices, which Anthropic's SDK has no use for, and sort sets."""
    if isinstance(value, dict):
        chosen = "enum" in value or ("const" in value and "type" in value)
        plain = {k: _untyped(v) for k, v in value.items() if not (chosen and k == "type")}
        required = plain.get("required")
        return {**plain, "required": sorted(required)} if isinstance(required, list) else plain
    return [_untyped(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("dialect", SDKS)
@pytest.mark.parametrize("name", ["recordings", "configurations", "services", "types"])
def test_the_providers_sdk_has_nothing_to_change(name: str, dialect: str) -> None:
    looked_at = 0
    for title, codec in taken(name, dialect):
        sent: dict[str, Any] = copy.deepcopy(dict(codec.schema))
        if dialect == "gemini" and "prefixItems" in str(sent):
            continue  # the SDK does not know it, the documents do
        looked_at += 1
        assert _untyped(SDKS[dialect](copy.deepcopy(sent))) == _untyped(sent), title
    assert looked_at or not schemas(name)


def test_every_provider_has_a_judge() -> None:
    assert {*JUDGES, "plain"} == set(get_args(SchemaDialect))
