"""Recorded answers to requests with a schema, replayed over loopback, are values of its type.

What an official SDK read as the text, read by Python's own JSON, is what the value must say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
import pytest

from beluga.errors import ContentFilterError, OutputInvalidError
from beluga.model import ChatModel
from beluga.schemas import schema_of
from beluga.structured import StructuredOutput
from tests.conformance.corpus import Recording, folders, recordings
from tests.conformance.providers import BY_FOLDER
from tests.conformance.server import Reply, Server, serving

pytestmark = pytest.mark.real_time

PLACES: Final[tuple[Callable[[Mapping[str, Any]], Any], ...]] = (
    lambda body: body["response_format"]["json_schema"]["schema"],
    lambda body: body["text"]["format"]["schema"],
    lambda body: body["generationConfig"]["responseJsonSchema"],
    lambda body: body["output_format"]["schema"],
    lambda body: body["output_config"]["format"]["schema"],
    lambda body: json.loads(_in_converse(body)["schema"]),
)
"""Where providers take the schema that an answer is held to."""


def _in_converse(body: Mapping[str, Any]) -> Any:
    return body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]


def schema_in(recording: Recording) -> Any:
    for place in PLACES:
        try:
            return place(recording.request or {})
        except (KeyError, TypeError):
            continue
    return None


def type_for(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    """Write a type that says what the schema says."""
    if "$ref" in schema:
        return type_for(defs[schema["$ref"].removeprefix("#/$defs/")], defs)
    if "anyOf" in schema:
        first, *rest = [type_for(one, defs) for one in schema["anyOf"]]
        for other in rest:
            first |= other
        return first
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    match schema.get("type"):
        case "object" if "properties" in schema:
            return _struct(schema, defs)
        case "object":
            return dict[str, type_for(schema["additionalProperties"], defs)]  # type: ignore[misc]
        case "array" if "prefixItems" in schema:
            return tuple[tuple(type_for(one, defs) for one in schema["prefixItems"])]  # type: ignore[misc]
        case "array":
            return list[type_for(schema["items"], defs)]  # type: ignore[misc]
        case kind:
            scalars = {"string": str, "integer": int, "number": float, "boolean": bool}
            return scalars.get(str(kind), type(None))


def _struct(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    fields: list[Any] = []
    for name, inner in schema["properties"].items():
        field = (name, type_for(inner, defs))
        fields.append(field if name in schema["required"] else (*field, None))
    return msgspec.defstruct(schema.get("title", "Answer"), fields, kw_only=True)


def recorded() -> Iterator[Any]:
    for folder in folders():
        for recording in recordings(folder) if folder in BY_FOLDER else ():
            schema = schema_in(recording)
            if schema is not None and recording.status == 200:
                yield pytest.param(recording, schema, id=recording.place)


RECORDED = list(recorded())


def test_there_are_recordings() -> None:
    if not folders():
        pytest.skip("no recordings beside the repository")
    assert len(RECORDED) > 30


@pytest.mark.parametrize(("recording", "schema"), RECORDED)
async def test_a_recorded_answer_is_a_value(recording: Recording, schema: dict[str, Any]) -> None:
    wanted = type_for(schema, schema.get("$defs", {}))

    async def use(server: Server) -> None:
        server.reply = Reply(
            recording.status, recording.headers, recording.body, "chunks", recording.place
        )
        async with BY_FOLDER[recording.folder].model_at(server.url) as model:
            await _check(recording, model, wanted)

    await serving(use)


async def _check(recording: Recording, model: ChatModel, wanted: Any) -> None:
    output = StructuredOutput(model, wanted, retries=0)
    text = recording.expected.get("text")
    if not text:
        with pytest.raises((OutputInvalidError, ContentFilterError)) as raised:
            await _ask(recording, output)
        called = bool(recording.expected.get("tool_calls"))
        assert (raised.value.code, called) in {("output_invalid", True), ("content_filter", False)}
        return
    value = await _ask(recording, output)
    encoded = json.loads(schema_of(wanted).encode(value))
    for name, said in json.loads(str(text)).items():
        assert encoded[name] == said


async def _ask(recording: Recording, output: StructuredOutput[Any]) -> Any:
    if not recording.streaming:
        return await output.generate("Which?")
    async with output.stream("Which?") as stream:
        views = [view async for view in stream]
        assert views[-1].is_complete
        assert len(views) > 2 or len(recording.body) < 1000
        return stream.value
