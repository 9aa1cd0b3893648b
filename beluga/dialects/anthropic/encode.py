"""Requests on the Messages wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

import msgspec

from beluga.dialects.anthropic.betas import betas_of
from beluga.dialects.anthropic.blocks import BlockEncoder, Wire, WireBlock
from beluga.dialects.anthropic.caching import place_marks
from beluga.dialects.anthropic.messages import MessageEncoder
from beluga.dialects.claude_models import Generation, codec_of, generation_of
from beluga.dialects.claude_thinking import (
    Thinking,
    refused_options,
    signed_throughout,
    thinking_of,
)
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool, without
from beluga.errors import invalid_input
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    ProviderTool,
    Request,
    TextFormat,
    ToolDeclaration,
)
from beluga.transport.dialect import Omissions

__all__ = ["Encoded", "RequestEncoder"]

_SAME_NAME: Final = ("temperature", "top_p", "top_k")
_MISSING: Final[Mapping[str, str]] = dict.fromkeys(
    ("seed", "presence_penalty", "frequency_penalty"), "the Messages API has no such option"
)


class Encoded(msgspec.Struct, frozen=True):
    """A body, and the betas that it takes part in."""

    body: bytes
    betas: Sequence[str]


class RequestEncoder:
    """Write one request for one model.

    Args:
        origin: Whose model it is.
        model: Its name.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, origin: str, model: str, omissions: Omissions) -> None:
        self._origin, self._model, self._omissions = origin, model, omissions
        self._like: Generation = generation_of(model)
        self._codec = codec_of(model)
        self._blocks = BlockEncoder(origin, omissions)

    def encode(self, request: Request) -> Encoded:
        """Return *request* in wire form.

        Raises:
            InvalidInputError: It cannot be said on this wire.
        """
        try:
            body = msgspec.json.encode(self._body(request))
        except UnicodeEncodeError as error:
            raise invalid_input(f"the request holds half a character: {error}") from None
        return Encoded(body, betas_of(request.options, files=self._blocks.has_file_ids))

    def _body(self, request: Request) -> Wire:
        thinking = self._thinking(request.messages, request.options)
        missing = {**_MISSING, **refused_options(request.options, self._like, thinking)}
        options = without(request.options, missing, self._omissions)
        messages = MessageEncoder(self._origin, self._blocks, self._like, self._omissions)
        prompt = messages.encode(request.messages)
        tools = self._tools(options)
        place_marks(options, tools, prompt, self._omissions)
        wire: Wire = {"model": self._model, "max_tokens": thinking.max_tokens}
        if prompt.system:
            wire["system"] = prompt.system
        wire["messages"] = prompt.turns
        if tools:
            wire["tools"] = tools
            wire.update(self._choice(options, thinking))
        wire.update(self._output(options, thinking))
        wire.update(self._sampling(options))
        if request.streaming:
            wire["stream"] = True
        wire.update(options.extra or {})
        return wire

    def _thinking(self, messages: Sequence[Message], options: GenerateOptions) -> Thinking:
        thinking = thinking_of(options, self._like, self._omissions)
        if thinking.kind != "enabled" or signed_throughout(messages, self._origin):
            return thinking
        why = "the last calls were made without signed thoughts, which this model wants back"
        self._omissions.unsupported("option reasoning", why)
        unthinking = msgspec.structs.replace(options, reasoning=None)
        return thinking_of(unthinking, self._like, self._omissions)

    def _tools(self, options: GenerateOptions) -> list[WireBlock]:
        offered = [self._tool(tool) for tool in options.tools or ()]
        return [tool for tool in offered if tool is not None]

    def _tool(self, tool: ToolDeclaration) -> WireBlock | None:
        if isinstance(tool, ProviderTool):
            own = own_tool(tool, (self._origin,), self._omissions)
            return msgspec.Raw(tool.raw.encode()) if own else None
        wire: Wire = {"name": tool.name}
        if tool.description:
            wire["description"] = tool.description
        sent = tool_schema(tool, self._codec, self._omissions)
        wire["input_schema"] = sent.schema
        if tool.strict and not self._like.schemas:
            why = "this model cannot be held to a schema"
            self._omissions.unsupported(f"the strict tool {tool.name}", why)
        elif tool.strict is not None:
            wire["strict"] = sent.strict
        return wire

    def _choice(self, options: GenerateOptions, thinking: Thinking) -> Wire:
        choice, parallel = options.tool_choice, options.parallel_tool_calls
        if choice not in (None, "auto", "none") and not self._can_force(choice, thinking):
            choice = None
        if choice == "none":
            return {"tool_choice": {"type": "none"}}
        if choice is None and parallel is None:
            return {}
        wire: Wire = {"type": "any" if choice == "required" else "auto"}
        if isinstance(choice, NamedTool):
            wire = {"type": "tool", "name": choice.name}
        if parallel is not None:
            wire["disable_parallel_tool_use"] = not parallel
        return {"tool_choice": wire}

    def _can_force(self, choice: object, thinking: Thinking) -> bool:
        named = choice.name if isinstance(choice, NamedTool) else choice
        if not self._like.forced_tools:
            why = "this model cannot be made to call a tool"
        elif thinking.kind == "enabled":
            why = "a model that thinks to a budget cannot be made to call a tool"
        else:
            return True
        self._omissions.unsupported(f"tool_choice {named!r}", why)
        return False

    def _output(self, options: GenerateOptions, thinking: Thinking) -> Wire:
        wire: Wire = {}
        if thinking.wire is not None:
            wire["thinking"] = thinking.wire
        config: Wire = {} if thinking.effort is None else {"effort": thinking.effort}
        config.update(self._format(options))
        if config:
            wire["output_config"] = config
        user = (options.metadata or {}).get("user_id")
        if user is not None:
            wire["metadata"] = {"user_id": user}
        return wire

    def _format(self, options: GenerateOptions) -> Wire:
        wanted = options.response_format
        match wanted:
            case None | TextFormat():
                return {}
            case JsonObject():
                why = "the Messages API enforces schemas only; give a JsonSchema"
                self._omissions.unsupported("JsonObject", why)
                return {}
            case JsonSchema():
                if not self._like.schemas:
                    why = "this model cannot be held to a schema"
                    self._omissions.unsupported("JsonSchema", why)
                    return {}
                sent = answer_schema(wanted, "anthropic", self._omissions, always=True)
                schema = _described(sent.schema, wanted.description)
                return {"format": {"type": "json_schema", "schema": schema}}
            case _:
                assert_never(wanted)

    def _sampling(self, options: GenerateOptions) -> Wire:
        named: Wire = {name: getattr(options, name) for name in _SAME_NAME}
        stops = [stop for stop in options.stop or () if stop.strip()]
        if len(stops) < len(options.stop or ()):
            self._omissions.unsupported("a stop of white space alone", "the server takes none")
        named["stop_sequences"] = stops or None
        return {key: value for key, value in named.items() if value is not None}


def _described(schema: Mapping[str, object], description: str | None) -> Mapping[str, object]:
    if description is None or "description" in schema:
        return schema
    return {**schema, "description": description}
