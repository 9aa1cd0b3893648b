"""Tools on Converse's wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.converse.content import Wire, WireBlock
from beluga.dialects.converse.families import Family
from beluga.dialects.schemas import tool_schema
from beluga.dialects.support import own_tool
from beluga.schema import (
    GenerateOptions,
    NamedTool,
    ProviderTool,
    ToolChoice,
    ToolDeclaration,
    ToolSpec,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["ToolEncoder", "Tools"]

_CONVERSE: Final = frozenset({"toolSpec", "systemTool", "cachePoint"})

GONE: Final = "No longer available; it cannot be called any more."


class Tools(msgspec.Struct):
    """What is written of tools.

    Attributes:
        listed: The tools, in Converse's form.
        choice: `toolChoice`.
        fields: Keys of the model's own.
    """

    listed: list[WireBlock]
    choice: Wire
    fields: Wire


class ToolEncoder:
    """Write tools for one model.

    The wire wants tools wherever the conversation holds calls, and has no word for "none".

    Args:
        origin: Whose tools the server can run itself.
        family: What the model takes.
        codec: Whose subset of JSON Schema is enforced.
        unforceable: Why the model cannot be made to call a tool, if it cannot.
        omissions: Who is told of what cannot be written.
    """

    def __init__(
        self,
        origin: str,
        family: Family,
        codec: SchemaDialect,
        omissions: Omissions,
        *,
        unforceable: str | None,
    ) -> None:
        self._origin, self._family, self._omissions = origin, family, omissions
        self._codec, self._unforceable = codec, unforceable

    def encode(self, options: GenerateOptions, called: Sequence[str]) -> Tools:
        """Return what to write.

        Args:
            options: What was asked for.
            called: Names of the tools that the conversation has called.
        """
        offered = [tool for tool in options.tools or () if self._is_offered(tool)]
        forbidden = options.tool_choice == "none"
        if not called and (forbidden or not offered):
            return Tools([], {}, {})
        written = Tools([], {}, {})
        if not offered:
            written.listed += [self._listed(ToolSpec(name, GONE)) for name in called]
        own = [tool for tool in offered if isinstance(tool, ProviderTool) and not _is_common(tool)]
        written.listed += [self._listed(tool) for tool in offered if tool not in own]
        if own:
            written.fields["tools"] = [msgspec.Raw(tool.raw.encode()) for tool in own]
        if forbidden or not offered:
            self._forbid(written, bool(offered))
        else:
            self._choose(written, options.tool_choice, options.parallel_tool_calls)
        return written

    def _listed(self, tool: ToolDeclaration) -> WireBlock:
        if isinstance(tool, ProviderTool):
            return msgspec.Raw(tool.raw.encode())
        spec: Wire = {"name": tool.name}
        if tool.description:
            spec["description"] = tool.description
        sent = tool_schema(tool, self._codec, self._omissions)
        spec["inputSchema"] = {"json": sent.schema}
        if tool.strict is not None:
            spec["strict"] = sent.strict
        return {"toolSpec": spec}

    def _is_offered(self, tool: ToolDeclaration) -> bool:
        if isinstance(tool, ProviderTool):
            return own_tool(tool, (self._origin,), self._omissions)
        return True

    def _forbid(self, written: Tools, offered: bool) -> None:
        if self._family.tool_choice:
            written.fields["tool_choice"] = {"type": "none"}
        elif offered:
            why = "Converse wants tools in a conversation that has called some; it has no 'none'"
            self._omissions.unsupported("tool_choice 'none'", why)

    def _choose(self, written: Tools, choice: ToolChoice | None, parallel: bool | None) -> None:
        if choice not in {None, "auto"} and self._unforceable is not None:
            named = choice.name if isinstance(choice, NamedTool) else choice
            self._omissions.unsupported(f"tool_choice {named!r}", self._unforceable)
            choice = None
        single = parallel is False
        if single and not self._family.tool_choice:
            why = "Converse has no such option, and this model none of its own"
            self._omissions.unsupported("option parallel_tool_calls", why)
            single = False
        if single or (choice is not None and not written.listed and self._family.tool_choice):
            alone: Wire = {"disable_parallel_tool_use": True} if single else {}
            written.fields["tool_choice"] = {**_claudes(choice), **alone}
        elif choice is not None:
            written.choice = _choice(choice)


def _choice(choice: ToolChoice) -> Wire:
    if isinstance(choice, NamedTool):
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice == "required" else {"auto": {}}


def _claudes(choice: ToolChoice | None) -> Wire:
    """The same in Anthropic's own form, which may not stand beside Converse's."""
    if isinstance(choice, NamedTool):
        return {"type": "tool", "name": choice.name}
    return {"type": "any" if choice == "required" else "auto"}


def _is_common(tool: ProviderTool) -> bool:
    """Whether a tool is in Converse's form; others are in that of the model's maker."""
    keys = msgspec.json.decode(tool.raw, type=dict[str, msgspec.Raw])
    return not _CONVERSE.isdisjoint(keys)
