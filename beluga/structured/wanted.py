"""What is asked for: a type, how a model is told of it, and how its answers are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import chain, count
from typing import Final, Generic, TypeVar, get_args

import msgspec

from beluga.errors import ModelError
from beluga.flows.repair import Mode
from beluga.schema import (
    JsonSchema,
    JsonValue,
    NamedTool,
    Request,
    SystemMessage,
    ToolSpec,
)
from beluga.schemas import Codec, SchemaDialect, TypeSchema, codec_for
from beluga.schemas.faults import faults_of, plainly, typed_fault
from beluga.structured.parsing import Parsed, Unparsed, parse
from beluga.structured.wrapping import ignores_value, is_wrapped, says_wrapped, unwrapped

__all__ = ["Wanted"]

T = TypeVar("T")

DIALECTS: Final[tuple[SchemaDialect, ...]] = get_args(SchemaDialect)

_TELL: Final = """\
Answer with a JSON value that matches this JSON Schema, and with nothing else: no explanation \
before or after it, no code fence.

"""


class Wanted(Generic[T]):
    """A type that an answer shall be of."""

    def __init__(self, schema: TypeSchema[T]) -> None:
        self.schema = schema
        self._plain = codec_for(schema.schema, "plain")
        self._codecs: dict[str, Codec] = {}
        self._has_words = _has_words(schema.schema)
        self._ignores_value = ignores_value(schema.schema)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.schema.name

    def request(self, request: Request, mode: Mode) -> Request:
        """Return *request* as one that tells the schema."""
        match mode:
            case "native":
                return self._natively(request)
            case "tool":
                return self._as_tool(request)
            case "prompt":
                return self._in_words(request)

    def tool_name(self, request: Request) -> str:
        """Return the name of the tool that takes the answer; the caller's own keep theirs."""
        taken = {tool.name for tool in request.options.tools or () if isinstance(tool, ToolSpec)}
        numbered = (f"answer_{number}" for number in count(1))
        return next(name for name in chain((self.name,), numbered) if name not in taken)

    def codec(self, dialect: str | None) -> Codec:
        """Return the codec of that name; the plain one if there is none."""
        name: SchemaDialect = next((known for known in DIALECTS if known == dialect), "plain")
        if name not in self._codecs:
            self._codecs[name] = self._made(name)
        return self._codecs[name]

    def _made(self, name: SchemaDialect) -> Codec:
        try:
            return codec_for(self.schema.schema, name)
        except ModelError:  # it is more than that provider takes, so that it was not sent so
            return self._plain

    def read(
        self, text: str, dialects: Collection[str], *, strictly: bool = False
    ) -> Parsed[T] | Unparsed:
        """Read the text of an answer.

        Args:
            text: What the model wrote.
            dialects: The names of the codecs that its provider may have put the schema through.
            strictly: Mend nothing.
        """
        return parse(
            text, partial(self._decode, dialects), words=self._has_words, strictly=strictly
        )

    def faults(self, unparsed: Unparsed, dialects: Collection[str]) -> list[str]:
        """Return what is wrong with an answer, a line each, one at least."""
        if unparsed.json is None:
            return [plainly(unparsed.reason)]
        try:
            value: JsonValue = msgspec.json.decode(unparsed.json)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return [plainly(str(error))]
        codec = next((self.codec(name) for name in dialects), self._plain)
        decoded = codec.decode(value)
        found = faults_of(decoded, self.schema.schema)
        if found and not codec.transparent and (not codec.wrapped or is_wrapped(value)):
            found = faults_of(value, codec.schema) or found  # by the schema that the model has seen
        return found or [typed_fault(unparsed.reason, decoded)]

    def _decode(self, dialects: Collection[str], json: str) -> T:
        """Decode what may be in the shape of a provider, wrapped, or as it is.

        Raises:
            msgspec.MsgspecError: It is of no shape, or not of the type in any.
        """
        failure: Exception | None = None
        for reading in self._readings(dialects, json):
            try:
                return reading(json)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                failure = failure or error
        assert failure is not None
        raise failure

    def _readings(self, dialects: Collection[str], json: str) -> Iterator[Callable[[str], T]]:
        """Give the ways to read an answer, the likely ones first."""
        likely = [self.codec(name) for name in dialects if name in DIALECTS]
        if self._ignores_value and says_wrapped(json):  # or what it holds would be forgotten
            for codec in (*likely, self._plain):
                yield partial(self._unwrapped, codec)
            return
        for codec in likely:
            if not codec.transparent:
                yield partial(self._through, codec)
        yield self.schema.decode
        for name in DIALECTS:
            codec = self.codec(name)
            if codec not in likely and not codec.transparent:
                yield partial(self._through, codec)
        yield partial(self._unwrapped, self._plain)

    def _unwrapped(self, codec: Codec, json: str) -> T:
        return self.schema.convert(codec.decode(unwrapped(json)))

    def _through(self, codec: Codec, json: str) -> T:
        return self.schema.convert(codec.decode(msgspec.json.decode(json)))

    def _natively(self, request: Request) -> Request:
        wanted = JsonSchema(self.name, self.schema.schema)
        options = msgspec.structs.replace(request.options, response_format=wanted)
        return msgspec.structs.replace(request, options=options)

    def _as_tool(self, request: Request) -> Request:
        name = self.tool_name(request)
        tool = ToolSpec(name, "Give the answer. Call it once.", self._plain.schema)
        options = msgspec.structs.replace(
            request.options,
            tools=(*(request.options.tools or ()), tool),
            tool_choice=NamedTool(name),
            response_format=None,
        )
        cleared = request.cleared | {"response_format"}
        return msgspec.structs.replace(request, options=options, cleared=cleared)

    def _in_words(self, request: Request) -> Request:
        schema = msgspec.json.encode(self.schema.schema).decode()
        told = SystemMessage(_TELL + schema)
        first = _leading_system_messages(request)
        messages = (*request.messages[:first], told, *request.messages[first:])
        options = msgspec.structs.replace(request.options, response_format=None)
        cleared = request.cleared | {"response_format"}
        return msgspec.structs.replace(request, messages=messages, options=options, cleared=cleared)


def _leading_system_messages(request: Request) -> int:
    for place, message in enumerate(request.messages):
        if not isinstance(message, SystemMessage):
            return place
    return len(request.messages)


def _has_words(schema: Mapping[str, JsonValue]) -> bool:
    """Whether the type is a choice of words, so that a bare one can be nothing else."""
    choices = schema.get("enum", [schema.get("const")])
    return isinstance(choices, list) and all(isinstance(choice, str) for choice in choices)
