"""Whatever somebody calls a schema is refused in words, or goes out as a provider wants it."""

from __future__ import annotations

import contextlib
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schemas import codec_for
from tests.oracles.subsets import JUDGES
from tests.schemas.random_types import json_values

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
_names = st.sampled_from(["a", "b", "value", "key", "$ref"])
_keywords = st.sampled_from(
    ["type", "properties", "anyOf", "$ref", "allOf", "enum", "items", "required"]
)
_kinds = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
_references = st.sampled_from(["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/$defs/none"])
_scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "1"])


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some, several = st.dictionaries(_names, inner, max_size=3), st.lists(inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": _kinds | st.lists(_kinds, min_size=1, max_size=3, unique=True),
            "properties": some,
            "required": st.lists(_names, max_size=3, unique=True),
            "additionalProperties": inner,
            "patternProperties": some,
            "propertyNames": inner,
            "items": inner,
            "prefixItems": several,
            "minItems": st.integers(0, 3),
            "maxItems": st.integers(0, 3),
            "uniqueItems": st.booleans(),
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "not": inner,
            "enum": st.lists(_scalars, min_size=1, max_size=4, unique_by=repr),
            "const": json_values,
            "minLength": st.integers(0, 3),
            "pattern": st.sampled_from(["^a", "(?=b)", "["]),
            "format": st.sampled_from(["date", "uri", "odd"]),
            "minimum": st.integers(-3, 3),
            "exclusiveMinimum": st.integers(-3, 3) | st.booleans(),
            "default": json_values,
            "description": st.just("Words."),
            "nullable": st.booleans(),
            "$ref": _references,
            "$defs": some,
        },
    )


schemas = st.recursive(st.booleans() | _schemas(st.just({})), _schemas, max_leaves=6)


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
@quick
@given(schema=schemas.filter(lambda schema: isinstance(schema, dict)), value=json_values)
def test_a_schema_of_any_keywords_is_refused_or_goes_out(
    dialect: Any, schema: dict[str, Any], value: Any
) -> None:
    with contextlib.suppress(InvalidInputError, UnsupportedError):
        codec = codec_for(schema, dialect)
        assert JUDGES[dialect](codec.schema) == []
        jsonschema.Draft202012Validator.check_schema(codec.schema)
        codec.decode(value)
        codec.encode(value)


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "plain"])
@quick
@given(schema=st.dictionaries(_keywords, json_values), value=json_values)
def test_what_is_no_schema_at_all_is_refused_or_goes_out(
    dialect: Any, schema: dict[str, Any], value: Any
) -> None:
    with contextlib.suppress(InvalidInputError, UnsupportedError):
        codec = codec_for(schema, dialect)
        codec.decode(value)
        codec.encode(value)
