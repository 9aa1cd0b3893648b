"""What is written to Cohere obeys Cohere's own OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from beluga.dialects.cohere import CohereDialect
from beluga.schema import ProviderTool, ReasoningPart, TextPart
from tests.oracles.matrix import MATRIX, Case, Written, after_tools, conversation, write
from tests.oracles.openapi import Oracle, oracle

PLAN: Final = ReasoningPart("Look it up.", opaque='{"tool_plan":"Look it up."}', origin="cohere")
THOUGHT: Final = ReasoningPart("Oslo is wet.", origin="cohere")
DECLARED: Final = '{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}'

OWN: Final = (
    Case("its own plan", after_tools(PLAN)),
    Case("its own thought", after_tools(THOUGHT)),
    Case("its own thought, plan and text", after_tools(THOUGHT, TextPart("Hm."), PLAN)),
    Case("its own tool", conversation(tools=(ProviderTool("cohere", DECLARED),))),
    Case("documents", conversation(extra={"documents": ["Rain.", {"data": {"text": "Sun."}}]})),
    Case("how to cite", conversation(extra={"citation_options": {"mode": "FAST"}})),
    Case("how safely", conversation(extra={"safety_mode": "STRICT", "priority": 3})),
    Case("probabilities", conversation(extra={"logprobs": True})),
)
"""What only Cohere can be told."""

REFUSED: Final = {
    "an image by id",
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
    "an image in a system message",
    "a call in a human message",
    "a thought in a human message",
    "an image in an answer",
    "a sound in an answer",
    "a strict and a loose tool",
    "a foreign provider's tool",
    "one call at a time",
    "tools and a schema",
    "an image as a result",
    "a document as a result",
    "a summary of thoughts",
    "prompt cache off",
    "prompt cache for an hour",
}


@pytest.fixture(scope="module")
def document() -> Oracle:
    return oracle("cohere.openapi.yaml")


@pytest.mark.parametrize("case", [*MATRIX, *OWN], ids=lambda case: case.name)
def test_a_request_obeys_the_document(document: Oracle, case: Case) -> None:
    dialect = CohereDialect("cohere", "command-a-03-2025", "https://api.cohere.com/v2/chat")
    written = write(dialect, case.request)
    assert _errors(document, written) == []
    assert bool(written.refused) == (case.name in REFUSED)


def _errors(document: Oracle, written: Written) -> Sequence[str]:
    """Its `type` tells the forms of `response_format` apart, which the schema alone cannot."""
    wanted = written.body.pop("response_format", None)
    if wanted is not None:
        assert wanted["type"] == "json_object"
        assert wanted.keys() <= {"type", "json_schema"}
    return document.errors("post", "/v2/chat", written.body, strict=True)
