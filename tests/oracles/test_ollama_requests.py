"""What is written to Ollama obeys Ollama's own OpenAPI document."""

from __future__ import annotations

from typing import Final

import pytest

from beluga.dialects.ollama import Loading, OllamaDialect
from beluga.schema import ProviderTool, ReasoningConfig, ReasoningPart, TextPart
from tests.oracles.matrix import MATRIX, Case, after_tools, conversation, write
from tests.oracles.openapi import Oracle, oracle

DECLARED: Final = '{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}'

OWN: Final = (
    Case("its own thought", after_tools(ReasoningPart("Look it up.", origin="ollama"))),
    Case("its own tool", conversation(tools=(ProviderTool("ollama", DECLARED),))),
    Case("options of the server", conversation(extra={"options": {"mirostat": 2}})),
    Case("a time to stay loaded", conversation(extra={"keep_alive": "5m"})),
    Case("probabilities", conversation(extra={"logprobs": True, "top_logprobs": 3})),
    Case("an effort and text", after_tools(TextPart("Hm."), reasoning=ReasoningConfig("low"))),
)
"""What only Ollama can be told."""

REFUSED: Final = {
    "an image by URL",
    "an image by id",
    "an image in detail",
    "a sound",
    "a sound by URL",
    "a film",
    "a film by URL",
    "a document",
    "a document without a name",
    "a document by URL",
    "a document by id",
    "a text file",
    "a text marked for an hour",
    "a call in a human message",
    "a thought in a human message",
    "a sound in an answer",
    "a strict tool",
    "a strict and a loose tool",
    "a foreign provider's tool",
    "tool choice required",
    "a named tool",
    "one call at a time",
    "a document as a result",
    "a text file as a result",
    "a budget to think",
    "a summary of thoughts",
    "prompt cache off",
    "prompt cache for an hour",
}


@pytest.fixture(scope="module")
def document() -> Oracle:
    return oracle("ollama.openapi.yaml")


@pytest.mark.parametrize("loading", [Loading(), Loading(num_ctx=8192, keep_alive=600)])
@pytest.mark.parametrize("model", ["qwen3:8b", "gpt-oss:20b"])
@pytest.mark.parametrize("case", [*MATRIX, *OWN], ids=lambda case: case.name)
def test_a_request_obeys_the_document(
    document: Oracle, case: Case, model: str, loading: Loading
) -> None:
    dialect = OllamaDialect("ollama", model, "http://127.0.0.1:11434/api/chat", loading)
    written = write(dialect, case.request)
    assert document.errors("post", "/api/chat", written.body, strict=True) == []
    always_thinks = case.name in {"effort none", "no budget to think"} and "gpt-oss" in model
    assert bool(written.refused) == (case.name in REFUSED or always_thinks)
