"""What is written to Google is what google-genai, Google's own client, would write itself.

The client is no dependency of the project: `pip install google-genai` where this is to be checked.
Its types refuse unknown fields, and its converters refuse what one of the two services lacks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import Enum
from importlib.util import find_spec
from typing import Any, Final

import pytest

from beluga.dialects.gemini import GeminiDialect
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ImagePart,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolMessage,
)
from tests.oracles.matrix import (
    MATRIX,
    PNG,
    QUESTION,
    WEATHER,
    Case,
    after_tools,
    conversation,
    write,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own imports warn

if find_spec("google") is None or find_spec("google.genai") is None:
    pytest.skip(
        "google-genai, whose types judge these requests, is not installed", allow_module_level=True
    )

MODELS: Final = ("gemini-3-flash-preview", "gemini-2.5-flash", "gemini-2.0-flash")
SEARCH: Final = ProviderTool("google", '{"googleSearch": {}}')
CODE: Final = ProviderTool("google", '{"codeExecution": {}}')
RAN: Final = '{"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "cmF3"}'
MADE: Final = '{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}'
EMPTY: Final = '{"text": "", "thoughtSignature": "ZW1w"}'
SAFETY: Final = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}

SIGNED: Final = AIMessage(
    (
        ReasoningPart("Look it up.", signature="dGg=", origin="google"),
        TextPart("It is 1."),
        ReasoningPart("", signature="c2ln", origin="google"),
        ProviderPart("executableCode", "google", RAN, "1"),
        ProviderPart("codeExecutionResult", "google", MADE, "1"),
        ReasoningPart("", signature="ZW1w", opaque=EMPTY, origin="google"),
        ToolCall("a1", "get_weather", '{"city": "Oslo"}', signature="Y2Fs", origin="google"),
    )
)

OWN: Final = (
    Case("its own parts", conversation(QUESTION, SIGNED, ToolMessage("1", tool_call_id="a1"))),
    Case("its own tools", conversation(tools=(SEARCH, CODE))),
    Case("its own tool beside a function", conversation(tools=(SEARCH, WEATHER))),
    Case("safety", conversation(extra={"safetySettings": [SAFETY]})),
    Case("several candidates", conversation(extra={"generationConfig": {"candidateCount": 2}})),
    Case("a service tier", conversation(extra={"serviceTier": "flex"})),
    Case("thoughts told", conversation(reasoning=ReasoningConfig("low", summary="auto"))),
    Case("a file that was uploaded", conversation(HumanMessage((ImagePart(id="files/a"),)))),
    Case("a picture of the model's", after_tools(ImagePart(PNG))),
)
"""What only Google can be told."""

REFUSED: Final = {
    "a text marked for an hour",
    "an image in a system message",
    "a call in a human message",
    "a thought in a human message",
    "a foreign provider's tool",
    "one call at a time",
    "prompt cache off",
    "prompt cache for an hour",
}

REFUSED_BY: Final[Mapping[str, set[str]]] = {
    "gemini-3-flash-preview": {"effort none", "no budget to think"},
    "gemini-2.5-flash": {"an image in detail", "tools and a schema"},
    "gemini-2.0-flash": {
        "an image in detail",
        "tools and a schema",
        "thoughts told",
        "a budget to think",
        "a summary of thoughts",
        *(f"effort {effort}" for effort in ("minimal", "low", "medium", "high", "xhigh", "max")),
    },
}

# What stands beside `generationConfig` on the wire, and within the client's one config.
BESIDE: Final = (
    "systemInstruction",
    "tools",
    "toolConfig",
    "labels",
    "safetySettings",
    "cachedContent",
    "serviceTier",
)


EMPTY_CONFIG: Final = ("generationConfig", {})


def by_the_client(body: Mapping[str, Any], *, vertex: bool) -> Any:
    """Return what the client would send for a request that reads as *body*."""
    from google.genai import _common as common
    from google.genai import models, types

    client: Any = type("Client", (), {"vertexai": vertex})()
    config = dict(body.get("generationConfig", {}))
    config.update({key: body[key] for key in BESIDE if key in body})
    parameters = types._GenerateContentParameters(
        model="m",
        contents=[types.Content.model_validate(content) for content in body["contents"]],
        config=types.GenerateContentConfig.model_validate(config),
    )
    convert = "vertex" if vertex else "mldev"
    sent = getattr(models, f"_GenerateContentParameters_to_{convert}")(client, parameters)
    del sent["_url"]
    sent.pop("config", None)
    sent.get("systemInstruction", {}).pop("role", None)  # the client writes one; nobody reads it
    return common.convert_to_dict(common.encode_unserializable_types(sent))


def plain(value: Any) -> Any:
    """Return a body in one form, for the wire takes several.

    Names are in camel case, bytes are no base64, of which there are two alphabets, enumerations are
    their values, and an empty configuration is none.
    """
    if isinstance(value, Mapping):
        known = {to_camel(key): plain(inner) for key, inner in value.items()}
        for key in ("data", "thoughtSignature"):
            if isinstance(known.get(key), str):
                known[key] = base64.b64decode(known[key].translate({0x2D: "+", 0x5F: "/"}))
        return {key: inner for key, inner in known.items() if (key, inner) != EMPTY_CONFIG}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


def to_camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join([word.capitalize() for word in tail])


@pytest.mark.parametrize("vertex", [False, True], ids=["gemini", "vertex"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", [*MATRIX, *OWN], ids=lambda case: case.name)
def test_a_request_is_what_the_client_would_send(case: Case, model: str, vertex: bool) -> None:
    dialect = GeminiDialect(model, f"https://host/models/{model}", vertex=vertex)
    written = write(dialect, case.request)
    assert plain(written.body) == plain(by_the_client(written.body, vertex=vertex))
    assert bool(written.refused) == (case.name in REFUSED | REFUSED_BY[model])
