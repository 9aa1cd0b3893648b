"""Values reach a provider in a form that obeys what was sent, and come back as they were."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beluga.schemas import Codec, SchemaDialect, codec_for, schema_of
from tests.schemas.answers import answers
from tests.schemas.kinds import VALUES
from tests.schemas.random_types import kinds

DIALECTS = get_args(SchemaDialect)
NAMES = [f"{number}-{getattr(tp, '__name__', tp)}" for number, (tp, _) in enumerate(VALUES)]
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def keeps_absence(codec: Codec) -> bool:
    """Whether null and absence, where both may stand, can be told apart."""
    return all(keyword != "required" for keyword, _ in codec.moved)


def check(tp: Any, value: Any, dialect: Any) -> None:
    known = schema_of(tp)
    plain = msgspec.json.decode(known.encode(value))
    codec = codec_for(known.schema, dialect)
    sent = codec.encode(plain)
    jsonschema.Draft202012Validator.check_schema(codec.schema)
    jsonschema.validate(sent, codec.schema)
    back = known.convert(codec.decode(sent))
    if keeps_absence(codec):
        assert back == known.convert(plain)


@pytest.mark.parametrize("dialect", DIALECTS)
@quick
@given(data=st.data())
def test_a_value_goes_out_and_comes_back(dialect: Any, data: st.DataObject) -> None:
    tp, values = data.draw(kinds)
    check(tp, data.draw(values), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("tp", "value"), VALUES, ids=NAMES)
def test_a_known_value_goes_out_and_comes_back(tp: Any, value: Any, dialect: Any) -> None:
    check(tp, value, dialect)


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
@quick
@given(data=st.data())
def test_an_answer_that_obeys_what_was_sent_obeys_the_users_schema(
    dialect: Any, data: st.DataObject
) -> None:
    tp, _ = data.draw(kinds)
    schema = schema_of(tp).schema
    codec = codec_for(schema, dialect)
    answer = data.draw(answers(dict(codec.schema)))
    jsonschema.validate(answer, codec.schema)
    if codec.reversible:
        jsonschema.validate(codec.decode(answer), schema)
