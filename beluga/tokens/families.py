"""The families that are known, and which of them a model belongs to.

The figures of OpenAI's are the rules by which it bills. Those of others were read off requests of
which the bill is known, rounded, and are as few as explain it; `make eval` says how far they are
off. What a provider adds to a prompt without showing it changes with its models and over time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from beluga.tokens.family import Family, Schemas, Sealed, Tools
from beluga.tokens.images import Crops, Flat, Patches, Tiles

__all__ = ["FAMILIES", "UNKNOWN", "family_of"]

_BOUNDARY: Final = r"(?:^|[/.:@])"

_GPT_4O: Final = Family(
    name="gpt-4o, Responses",
    model=r"gpt-4o|gpt-4\.\d|chatgpt-4o",
    exact=True,
    request=3,
    message=4,
    call=10,
    names=2,
    wrapped=True,
    tools=Tools(form="typescript", prompt=-3, taking=-1, described=-1),
    schemas=Schemas(prompt=6, factor=0.75),
    images=Tiles(85, 170),
)
_GPT_5: Final = Family(
    name="gpt-5, Responses",
    model=r"o[1-9]\b|gpt-5|codex|computer-use",
    exact=True,
    request=2,
    message=4,
    call=16,
    names=2,
    tools=Tools(form="typescript", prompt=2),
    schemas=Schemas(prompt=6, factor=0.75),
    sealed=Sealed(around=1030, each=5.5),
    images=Patches(side=32, most=2500, longest=2048, factor=1.2),
)
_CHAT: Final = (
    replace(_GPT_5, name="gpt-5, chat", apis=("chat",), tools=replace(_GPT_5.tools, prompt=84)),
    replace(
        _GPT_4O,
        name="gpt-4o, chat",
        apis=("chat",),
        tools=replace(_GPT_4O.tools, prompt=3, beside_system=-4),
    ),
)
_LATER: Final = tuple(
    [
        replace(family, name=name, model=r"gpt-[6-9]|gpt-\d\d", exact=False)
        for family, name in ((_CHAT[0], "gpt after 5, chat"), (_GPT_5, "gpt after 5, Responses"))
    ]
)
_GPT_4: Final = replace(
    _GPT_4O, name="gpt-4", model=r"gpt-4|gpt-3\.5|text-embedding-", encoding="cl100k"
)
_GPT_OSS: Final = Family(
    name="gpt-oss",
    model="gpt-oss",
    request=66,
    message=4,
    call=10,
    tools=Tools(form="typescript"),
    schemas=Schemas(factor=0.75),
)

_CLAUDE: Final = Family(
    name="claude 4.5 and 4.6",
    model="claude",
    factor=1.06,
    request=3,
    message=4,
    system=0,
    call=57,
    tools=Tools(factor=1.2, prompt=493, each=11, forced=100),
    schemas=Schemas(prompt=133, factor=1.15),
    thinking=29,
    images=Patches(side=28, most=1568, longest=1568),
)
_CLAUDE_UP_TO_4_1: Final = replace(
    _CLAUDE,
    name="claude up to 4.1",
    model=r"claude-([123v]|instant|(opus|sonnet)-4([-.@][01])?($|[-:@]2025|[-.@][01]\b))",
    tools=replace(_CLAUDE.tools, prompt=313),
)
_CLAUDE_SINCE_4_7: Final = replace(
    _CLAUDE,
    name="claude since 4.7",
    model=r"claude-(4[-.][7-9]|[a-z]+-4[-.][7-9]\b|[5-9]|[a-z]+-[5-9])",
    factor=1.4,
    request=2,
    message=2,
    system=None,
    tools=replace(_CLAUDE.tools, factor=1.4, prompt=285),
    thinking=0,
    images=Patches(side=28, most=4784, longest=2576),
)

_GEMINI: Final = Family(
    name="gemini 2.5", model="gemini|gemma", request=1, call=20, images=Flat(258)
)
_GEMINI_3: Final = replace(
    _GEMINI,
    name="gemini 3",
    model="gemini-[3-9]",
    call=12,
    tools=Tools(factor=1.1, each=-7, taking=12),
    sealed=Sealed(each=6),
    images=Flat(1100),
)
_GEMINI_2_0: Final = replace(
    _GEMINI,
    name="gemini 2.0",
    model=r"gemini-(1|2\.0)",
    request=0,
    call=0,
    tools=Tools(factor=0.4),
    images=Crops(258),
)
_GEMINI_ON_VERTEX: Final = replace(
    _GEMINI_3,
    name="gemini on Vertex",
    model="gemini",
    apis=("vertex",),
    request=0,
    call=0,
    tools=Tools(factor=0.2),
    sealed=None,
)

_LLAMA_3: Final = Family(
    name="llama 3",
    model=r"llama-?3|llama3",
    request=30,
    message=5,
    call=12,
    tools=Tools(prompt=120),
    reasoning="none",
    strips_thoughts=True,
)
_LLAMA_4: Final = Family(
    name="llama 4",
    model=r"llama-?4",
    request=2,
    message=5,
    call=20,
    tools=Tools(prompt=95, each=10),
    reasoning="none",
    strips_thoughts=True,
)
_LLAMA_4_ON_GROQ: Final = replace(
    _LLAMA_4,
    name="llama 4 on Groq",
    providers=("groq",),
    call=44,
    tools=Tools(prompt=655, each=10),
)
_MISTRAL: Final = Family(
    name="mistral",
    model=r"mistral|ministral|magistral|codestral|devstral|pixtral|voxtral|mixtral|open-mi[sx]tral",
    factor=1.03,
    request=3,
    message=1,
    call=7,
    tools=Tools(factor=1.33, each=11),
    reasoning="all",
    images=Patches(side=28, most=3025, longest=1540),
)
_MISTRAL_SMALL: Final = replace(
    _MISTRAL, name="mistral small", model=r"(mistral|magistral)-small", request=14
)
_COHERE: Final = Family(
    name="cohere",
    model="command|c4ai|aya",
    factor=1.02,
    request=490,
    message=5,
    call=70,
    tools=Tools(prompt=880, each=20),
)
_DEEPSEEK: Final = Family(
    name="deepseek",
    model="deepseek",
    factor=1.03,
    request=4,
    call=20,
    reasoning="none",
    strips_thoughts=True,
)
_DEEPSEEK_4: Final = replace(
    _DEEPSEEK,
    name="deepseek 4",
    model="deepseek-v[4-9]",
    factor=1.0,
    request=79,
    message=4,
    call=42,
    tools=Tools(factor=1.1, prompt=220, each=11),
)
_NOVA: Final = Family(
    name="nova",
    model="nova-",
    call=39,
    tools=Tools(factor=1.4, prompt=260, each=10),
)
_NOVA_2: Final = replace(
    _NOVA, name="nova 2", model="nova-2", tools=replace(_NOVA.tools, prompt=840)
)
_QWEN: Final = Family(
    name="qwen",
    model="qwen|qwq",
    request=5,
    message=4,
    call=20,
    tools=Tools(prompt=170),
    reasoning="none",
    strips_thoughts=True,
    images=Patches(side=28, most=16384, longest=16384),
)
_GLM: Final = Family(
    name="glm",
    model="(zai-)?glm",
    request=1,
    message=4,
    call=20,
    tools=Tools(prompt=120),
    reasoning="all",
    strips_thoughts=True,
)
_GLM_5: Final = replace(_GLM, name="glm 5", model="(zai-)?glm-[5-9]", request=8)
_GROK_4: Final = Family(name="grok 4", model=r"grok-4($|-0)", request=680, message=4, call=12)
_KIMI: Final = Family(
    name="kimi", model="kimi|moonshot", request=3, message=4, call=20, tools=Tools(each=18)
)

FAMILIES: Final[tuple[Family, ...]] = (
    _GPT_OSS,
    *_CHAT,
    _GPT_5,
    _GPT_4O,
    *_LATER,
    _GPT_4,
    _CLAUDE_SINCE_4_7,
    _CLAUDE_UP_TO_4_1,
    _CLAUDE,
    _GEMINI_ON_VERTEX,
    _GEMINI_3,
    _GEMINI_2_0,
    _GEMINI,
    _DEEPSEEK_4,
    _DEEPSEEK,
    _LLAMA_3,
    _LLAMA_4_ON_GROQ,
    _LLAMA_4,
    _MISTRAL_SMALL,
    _MISTRAL,
    _COHERE,
    _NOVA_2,
    _NOVA,
    _QWEN,
    _GLM_5,
    _GLM,
    _GROK_4,
    _KIMI,
)
"""The first that a model fits counts it."""

UNKNOWN: Final = Family(
    name="unknown",
    model="",
    factor=1.1,
    request=3,
    message=4,
    call=16,
    tools=Tools(factor=1.1, prompt=60, each=10),
    schemas=Schemas(factor=1.0),
)
"""Models that nobody knows: OpenAI's encoding and a tenth, and a little for the frame."""

# Source: OpenAI, "Images and vision: calculating costs".
_IMAGES: Final[tuple[tuple[str, Tiles | Patches], ...]] = (
    ("gpt-4o-mini", Tiles(2833, 5667)),
    (r"gpt-4\.1-mini|gpt-5-mini", Patches(side=32, most=1536, longest=2048, factor=1.62)),
    (r"gpt-4\.1-nano|gpt-5-nano", Patches(side=32, most=1536, longest=2048, factor=2.46)),
    ("o4-mini", Patches(side=32, most=1536, longest=2048, factor=1.72)),
    (r"gpt-5(\.1)?($|-)", Tiles(70, 140)),
    ("o[13]", Tiles(75, 150)),
    ("computer-use", Tiles(65, 129)),
)


@lru_cache(maxsize=256)
def family_of(model: str, provider: str | None = None, api: str | None = None) -> Family:
    """Return the family that counts *model*.

    Args:
        model: Its name, as its provider or a reseller knows it.
        provider: Who serves it.
        api: By which of the provider's wires it is asked.
    """
    name = model.lower().removeprefix("ft:")
    for family in FAMILIES:
        if (
            (not family.providers or provider in family.providers)
            and (not family.apis or api in family.apis)
            and re.search(f"{_BOUNDARY}(?:{family.model})", name)
        ):
            return _with_images(family, name)
    return UNKNOWN


def _with_images(family: Family, name: str) -> Family:
    if family.exact:
        for pattern, rule in _IMAGES:
            if re.search(f"{_BOUNDARY}(?:{pattern})", name):
                return replace(family, images=rule)
    return family
