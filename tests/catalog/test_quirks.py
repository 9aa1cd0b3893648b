"""What dialects know by a generation, and the table by a name, is one truth."""

from __future__ import annotations

from beluga.catalog import table
from beluga.dialects.claude_models import generation_of
from beluga.dialects.openai_models import thinks
from beluga.schema import GenerateOptions, ReasoningConfig

HARD = GenerateOptions(reasoning=ReasoningConfig(effort="high"))


def test_claude_answers_as_long_as_its_generation_does() -> None:
    compared = 0
    for name in table.names("anthropic"):
        info = table.row("anthropic", name)
        assert info is not None
        known = generation_of(name)
        if info.max_output_tokens is not None:
            compared += 1
            assert known.max_output == info.max_output_tokens, name
        if info.capabilities.reasoning is not None:
            assert (known.thinking != "no") == info.capabilities.reasoning, name
    assert compared > 15


def test_no_model_of_openais_is_taken_to_think_that_does_not() -> None:
    for name in table.names("openai"):
        info = table.row("openai", name)
        assert info is not None
        assert not (thinks(name, HARD) and info.capabilities.reasoning is False), name
