"""Schemas on their way to a provider, and calls of strict tools on both ways.

A tool's codec depends on the tool and on the wire alone, so that whoever decodes an answer finds
the one that the request was written with. In a conversation calls have the user's shape; a wire
sees its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import msgspec

from beluga.errors import UnsupportedError
from beluga.outcomes import Outcome
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    JsonSchema,
    JsonValue,
    Message,
    PartDone,
    Request,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    Usage,
)
from beluga.schemas import Codec, SchemaDialect, codec_for
from beluga.transport.dialect import Decoder, Ending, Omissions

__all__ = ["Sent", "answer_schema", "decoding_calls", "tool_schema", "with_encoded_calls"]


class Sent(msgspec.Struct, frozen=True):
    """A schema as it goes out.

    Attributes:
        schema: The schema.
        strict: Whether the provider is to enforce it.
    """

    schema: Mapping[str, JsonValue]
    strict: bool


def answer_schema(
    wanted: JsonSchema, dialect: SchemaDialect, omissions: Omissions, *, always: bool = False
) -> Sent:
    """Return the schema of the answer as this provider takes it.

    Args:
        wanted: What was asked for.
        dialect: Whose subset the provider takes.
        omissions: Who is told of what is not enforced, and which codec leads back.
        always: Whether the provider enforces every schema that it is given.

    Raises:
        InvalidInputError: It is no JSON Schema.
        UnsupportedError: It is more than the provider takes, and the caller wants no warning.
    """
    name: SchemaDialect = dialect if wanted.strict or always else "plain"
    what = f"the schema {wanted.name!r}"
    codec = _codec_or_warning(wanted.schema, name, what, omissions)
    name = name if codec is not None else "plain"
    omissions.answers_in(name)
    sent = codec or codec_for(wanted.schema, "plain")
    return Sent(sent.schema, strict=wanted.strict and codec is not None)


def tool_schema(tool: ToolSpec, dialect: SchemaDialect, omissions: Omissions) -> Sent:
    """Return a tool's parameters as this provider takes them.

    Raises:
        InvalidInputError: They are no JSON Schema.
        UnsupportedError: They are more than the provider takes, and the caller wants no warning.
    """
    what = f"strict of tool {tool.name!r}"
    codec = None
    if tool.strict:
        codec = _codec_or_warning(tool.parameters, dialect, what, omissions)
    if codec is None:
        return Sent(tool.parameters, strict=False)
    return Sent(codec.schema, strict=True)


def with_encoded_calls(request: Request, dialect: SchemaDialect) -> Request:
    """Return *request* with the calls of its strict tools in the shape of the wire."""
    codecs = _codecs(request, dialect)
    if not codecs:
        return request
    messages = tuple(_with_encoded(message, codecs) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages)


def decoding_calls(decoder: Decoder, request: Request, dialect: SchemaDialect) -> Decoder:
    """Return a decoder that gives calls of the request's strict tools in the user's shape."""
    codecs = _codecs(request, dialect)
    return _CallDecoder(decoder, codecs) if codecs else decoder


def _codec_or_warning(
    schema: Mapping[str, JsonValue], dialect: SchemaDialect, what: str, omissions: Omissions
) -> Codec | None:
    try:
        codec = codec_for(schema, dialect)
    except UnsupportedError as error:
        omissions.unsupported(what, error.message)
        return None
    if codec.moved:
        omissions.reworded(what, codec.moved)
    return codec


def _codecs(request: Request, dialect: SchemaDialect) -> dict[str, Codec]:
    """Return the codecs of those tools whose calls look otherwise on the wire."""
    codecs: dict[str, Codec] = {}
    for tool in request.options.tools or ():
        if not isinstance(tool, ToolSpec) or not tool.strict:
            continue
        with contextlib.suppress(UnsupportedError):  # it was sent as it is, with a warning
            codec = codec_for(tool.parameters, dialect)
            if not codec.transparent:
                codecs[tool.name] = codec
    return codecs


def _with_encoded(message: Message, codecs: Mapping[str, Codec]) -> Message:
    if not isinstance(message, AIMessage) or not message.tool_calls:
        return message
    content = tuple(
        _encoded(part, codecs[part.name])
        if isinstance(part, ToolCall) and part.name in codecs
        else part
        for part in message.parts
    )
    return msgspec.structs.replace(message, content=content)


def _encoded(call: ToolCall, codec: Codec) -> ToolCall:
    try:
        given: JsonValue = msgspec.json.decode(call.arguments or "{}")
        arguments = msgspec.json.encode(codec.encode(given)).decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return call  # what is no JSON goes back as it came
    return msgspec.structs.replace(call, arguments=arguments)


def _decoded(call: ToolCall, codec: Codec) -> ToolCall:
    try:
        given: JsonValue = msgspec.json.decode(call.arguments or "{}")
        arguments = msgspec.json.encode(codec.decode(given)).decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return call
    return msgspec.structs.replace(call, arguments=arguments)


class _CallDecoder:
    """Hold back the arguments of strict tools until they are whole, and show them decoded."""

    def __init__(self, inner: Decoder, codecs: Mapping[str, Codec]) -> None:
        self._inner, self._codecs = inner, codecs
        self._held: dict[int, list[str]] = {}

    @property
    def usage(self) -> Usage:
        return self._inner.usage

    @property
    def done(self) -> bool:
        return self._inner.done

    def feed(self, data: bytes, /) -> Sequence[Emission]:
        chunks = self._inner.feed(data)
        return [shown for chunk in chunks for shown in self._shown(chunk)]

    def close(self) -> Ending:
        ending = self._inner.close()
        chunks = [shown for chunk in ending.chunks for shown in self._shown(chunk)]
        # What was cut is no call, and shows what there is of it.
        chunks += [
            ToolCallDelta(index, arguments="".join(pieces))
            for index, pieces in self._held.items()
            if pieces
        ]
        outcome: Outcome[Finish] = ending.outcome
        return Ending(chunks, outcome)

    def _shown(self, chunk: Emission) -> Sequence[Emission]:
        if isinstance(chunk, ToolCallDelta):
            if chunk.name in self._codecs:
                self._held.setdefault(chunk.index, [])
            if chunk.index not in self._held:
                return (chunk,)
            if chunk.arguments:
                self._held[chunk.index].append(chunk.arguments)
                chunk = msgspec.structs.replace(chunk, arguments="")
            return (chunk,) if chunk.id or chunk.name else ()
        if not isinstance(chunk, PartDone) or not isinstance(chunk.part, ToolCall):
            return (chunk,)
        if chunk.part.name not in self._codecs:
            return (chunk,)
        call = _decoded(chunk.part, self._codecs[chunk.part.name])
        done = PartDone(chunk.index, call)
        held = self._held.pop(chunk.index, None)
        return (ToolCallDelta(chunk.index, arguments=call.arguments), done) if held else (done,)
