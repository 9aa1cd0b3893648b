"""What a request needs of whoever answers it, and who has it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from beluga.fitting import input_budget
from beluga.model import ChatModel
from beluga.routing.size import at_most
from beluga.schema import (
    AudioPart,
    FilePart,
    ImagePart,
    JsonSchema,
    Message,
    ModelInfo,
    NamedTool,
    ProviderTool,
    Request,
    VideoPart,
)
from beluga.tokens.requests import request_tokens

__all__ = ["lacking", "needs", "tag_missing", "too_long"]

_MEDIA: Mapping[type, str] = {
    ImagePart: "images",
    AudioPart: "audio",
    VideoPart: "video",
    FilePart: "files",
}


def needs(request: Request) -> tuple[str, ...]:
    """Return the names of the capabilities that *request* cannot do without."""
    options = request.options
    asked = {
        "tools": bool(options.tools),
        "tool_choice": isinstance(options.tool_choice, NamedTool)
        or options.tool_choice == "required",
        "response_schema": isinstance(options.response_format, JsonSchema),
        "reasoning": _thinks(request),
    }
    media = _media(request.messages)
    return tuple([name for name, needed in asked.items() if needed] + sorted(media))


def lacking(request: Request, needed: Iterable[str], info: ModelInfo) -> str | None:
    """Return in words what a model is known to lack for *request*; unknown counts as able."""
    missing = [name for name in needed if getattr(info.capabilities, name) is False]
    if missing:
        return f"it has no {', '.join(missing)}"
    for tool in request.options.tools or ():
        if isinstance(tool, ProviderTool) and info.provider not in (None, tool.origin):
            return f"a tool of {tool.origin} is asked for"
    return None


def tag_missing(request: Request, tags: Iterable[str], known: Iterable[str]) -> str | None:
    """Return a tag that *request*'s metadata asks for and *tags* have not.

    Args:
        request: What is asked.
        tags: Those of one candidate.
        known: Those of all candidates. Metadata that none of them knows asks for nothing.
    """
    metadata = request.options.metadata
    if not metadata:
        return None
    had, all_tags = frozenset(tags), frozenset(known)
    keys = {tag.partition("=")[0] for tag in all_tags if "=" in tag}
    for key, value in metadata.items():
        wanted = f"{key}={value}"
        if (key in keys or value in all_tags) and not had.intersection((wanted, value)):
            return wanted
    return None


async def too_long(request: Request, model: ChatModel) -> str | None:
    """Return in words by how much *request* is too long for *model*, if it is known to be."""
    room = input_budget(model.info, request.options)
    if room is None or (at_most(request) or math.inf) <= room:
        return None
    tokens = await request_tokens(request, model)
    return f"about {tokens} tokens, and there is room for {room}" if tokens > room else None


def _thinks(request: Request) -> bool:
    config = request.options.reasoning
    if config is None or config.effort == "none":
        return False
    return config.effort is not None or bool(config.budget_tokens)


def _media(messages: Iterable[Message]) -> set[str]:
    return {
        _MEDIA[type(part)]
        for message in messages
        if not isinstance(message.content, str)
        for part in message.content
        if type(part) in _MEDIA
    }
