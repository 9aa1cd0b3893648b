"""Parts of messages."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from beluga.schema import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    Part,
    PromptCache,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    VideoPart,
)
from beluga.testing.strategies.values import json_objects, names

__all__ = [
    "answer_parts",
    "json_texts",
    "media_parts",
    "parts",
    "reasoning_parts",
    "text_parts",
    "texts",
    "tool_calls",
]

Media = TypeVar("Media", ImagePart, AudioPart, VideoPart, FilePart)

_LABELS = st.none() | st.text(max_size=12)
_URLS = st.builds("https://{}.example/{}".format, names(), names())


@cache
def texts() -> SearchStrategy[str]:
    """Draw texts of any script; now and then an empty one."""
    return st.text(max_size=60)


@cache
def json_texts() -> SearchStrategy[str]:
    """Draw the JSON text of an object."""
    return json_objects().map(lambda value: msgspec.json.encode(value).decode())


@cache
def text_parts() -> SearchStrategy[TextPart]:
    """Draw texts with what they cite."""
    citations = st.builds(
        Citation, url=st.none() | _URLS, title=_LABELS, text=_LABELS, raw=st.none() | json_texts()
    )
    cites = st.lists(citations, max_size=2).map(tuple)
    return st.builds(TextPart, texts(), citations=cites, prompt_cache=_prompt_caches())


@cache
def media_parts() -> SearchStrategy[ImagePart | AudioPart | VideoPart | FilePart]:
    """Draw pictures, sounds, films and documents: bytes, a URL, or the id of a provider's file."""
    return st.one_of(_media(ImagePart), _media(AudioPart), _media(VideoPart), _media(FilePart))


@cache
def reasoning_parts() -> SearchStrategy[ReasoningPart]:
    """Draw reasoning, open or sealed by its provider."""
    sealed = st.builds(
        ReasoningPart, texts(), signature=_LABELS, opaque=st.none() | json_texts(), origin=names()
    )
    return st.builds(ReasoningPart, texts()) | sealed


@cache
def tool_calls() -> SearchStrategy[ToolCall]:
    """Draw whole tool calls; the arguments of a few are not JSON, as models sometimes write."""
    arguments = st.one_of(json_texts(), st.just(""), st.just('{"city": '))
    return st.builds(
        ToolCall, st.uuids().map(str), names(), arguments, signature=_LABELS, origin=_LABELS
    )


@cache
def answer_parts() -> SearchStrategy[Part]:
    """Draw what a model can answer with."""
    provider_parts = st.builds(ProviderPart, names(), names(), json_texts(), st.none() | texts())
    refusals = st.builds(RefusalPart, texts())
    return st.one_of(
        text_parts(), reasoning_parts(), tool_calls(), refusals, provider_parts, media_parts()
    )


@cache
def parts() -> SearchStrategy[Part]:
    """Draw what a user can say to a model."""
    return text_parts() | media_parts()


@cache
def _prompt_caches() -> SearchStrategy[PromptCache | None]:
    return st.none() | st.builds(PromptCache, st.sampled_from([None, "5m", "1h"]))


@cache
def _media(kind: type[Media]) -> SearchStrategy[Media]:
    cache = _prompt_caches()
    types = st.none() | st.sampled_from(["image/png", "audio/wav", "application/pdf"])
    return st.one_of(
        st.builds(kind, data=st.binary(max_size=20), media_type=types, prompt_cache=cache),
        st.builds(kind, url=_URLS, media_type=types, detail=_LABELS),
        st.builds(kind, id=names(), prompt_cache=cache),
    )
