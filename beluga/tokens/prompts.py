"""What the pieces of a prompt cost in a family: messages, tools, the schema of the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonSchema,
    Message,
    Part,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolSpec,
    VideoPart,
)
from beluga.tokens.declarations import as_json, as_typescript
from beluga.tokens.family import Family
from beluga.tokens.images import size_of
from beluga.tokens.offloading import texts_in, written_in
from beluga.tokens.texts import texts_of

__all__ = ["Prompts"]

_MEDIUM: Final = 1024
"""Tokens of a sound, a film or a document that cannot be read here."""

_WRAPPER: Final = " to=multi_tool_use.parallel"


class Prompts:
    """Count the pieces of prompts for one family."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._texts = texts_of(family.encoding)

    def text(self, text: str) -> int:
        """Return the tokens of a text."""
        tokens = self._texts.count(text)
        return tokens if self._family.factor == 1.0 else round(tokens * self._family.factor)

    def uncounted(self, messages: Sequence[Message]) -> int:
        """Return how many characters of *messages* are not remembered."""
        texts = [text for message in messages for text in texts_in(message)]
        return sum([len(text) for text in texts if text not in self._texts])

    def messages(self, messages: Sequence[Message]) -> int:
        """Return the tokens of a conversation."""
        last = max([i for i, m in enumerate(messages) if isinstance(m, HumanMessage)], default=-1)
        return sum([self.message(m, recent=i > last) for i, m in enumerate(messages)])

    def message(self, message: Message, *, recent: bool = True) -> int:
        """Return the tokens of one message; *recent* if no person speaks after it."""
        around = self._family.message
        if isinstance(message, SystemMessage) and self._family.system is not None:
            around = self._family.system
        if isinstance(message.content, str):
            if isinstance(message, AIMessage):
                return around + self._said(message.content)
            return around + self.text(message.content)
        if not isinstance(message, AIMessage):
            return around + sum([self._part(part) for part in message.content])
        return self._answer(message, recent=recent)

    def tools(self, tools: Sequence[ToolSpec], *, system: bool, forced: bool = False) -> int:
        """Return the tokens of *tools*, where there are instructions, or a call is required."""
        if not tools:
            return 0
        rules = self._family.tools
        if rules.form == "typescript":
            shown = self._texts.count(as_typescript(tools))
        else:
            shown = sum([self._texts.count(as_json(tool)) for tool in tools])
        described = len([tool for tool in tools if tool.description])
        taking = len([tool for tool in tools if tool.parameters.get("properties")])
        around = rules.prompt + rules.each * len(tools)
        around += rules.described * described + rules.taking * taking
        around += rules.beside_system * system + rules.forced * forced
        return max(0, around + round(shown * rules.factor))

    def schema(self, schema: JsonSchema) -> int:
        """Return the tokens of the schema that the answer must obey."""
        rules = self._family.schemas
        if not rules.factor:
            return rules.prompt
        shown = self._texts.count(msgspec.json.encode(schema.schema).decode())
        return rules.prompt + round(shown * rules.factor)

    def _answer(self, message: AIMessage, *, recent: bool) -> int:
        calls = message.tool_calls
        said = [part for part in message.parts if not isinstance(part, ToolCall)]
        spoken = [part for part in said if not isinstance(part, ReasoningPart)]
        around = self._family.message if spoken or not calls else 0
        kept = self._family.reasoning == "all" or (self._family.reasoning == "recent" and recent)
        shown = said if kept else spoken
        return around + self._calls(calls) + sum([self._shown(part) for part in shown])

    def _shown(self, part: Part) -> int:
        return self._said(part.text) if isinstance(part, TextPart) else self._part(part)

    def _said(self, text: str) -> int:
        """Return the tokens of what a model said; some providers take its thoughts out again."""
        if self._family.strips_thoughts and "<think>" in text:
            text = _without_thoughts(text)
        return self.text(text)

    def _calls(self, calls: Sequence[ToolCall]) -> int:
        family = self._family
        signed = sum([self._sealed(call.signature) for call in calls])
        if family.wrapped and len(calls) > 1:
            uses = [
                f'{{"recipient_name":"functions.{call.name}","parameters":{call.arguments}}}'
                for call in calls
            ]
            sent = self._texts.count(f'{{"tool_uses":[{",".join(uses)}]}}')
            named = sum([2 + self._texts.count(call.name) for call in calls])
            return family.message + self._texts.count(_WRAPPER) + sent + named + signed
        named = sum([self.text(call.name) for call in calls]) * family.names
        given = sum([self.text(call.arguments) for call in calls])
        return family.call * len(calls) + named + given + signed

    def _part(self, part: Part) -> int:
        match part:
            case TextPart(text) | RefusalPart(text):
                return self.text(text)
            case ToolCall():
                return self._calls((part,))
            case ReasoningPart():
                return self._reasoning(part)
            case ProviderPart():
                return self.text(part.raw)
            case ImagePart():
                return self._family.images.tokens(size_of(part.data), part.detail)
            case FilePart() if (written := written_in(part)) is not None:
                return self.text(written)
            case AudioPart() | VideoPart() | FilePart():
                return _MEDIUM
            case _:
                assert_never(part)

    def _reasoning(self, part: ReasoningPart) -> int:
        sealed = part.opaque or part.signature
        if self._family.sealed is not None and sealed is not None:
            return self._sealed(sealed)
        return self.text(part.text)

    def _sealed(self, sealed: str | None) -> int:
        rule = self._family.sealed
        if rule is None or sealed is None:
            return 0
        return math.ceil(max(0, len(sealed) - rule.around) / rule.each)


def _without_thoughts(text: str) -> str:
    said, place = [], 0
    while (start := text.find("<think>", place)) >= 0:
        end = text.find("</think>", start)
        if end < 0:
            break
        said.append(text[place:start])
        place = end + len("</think>")
    return "".join([*said, text[place:]]).strip()
