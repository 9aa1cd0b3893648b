"""What tests of Converse share: models of several makers, and requests to them."""

from __future__ import annotations

from typing import Any

from beluga.dialects.converse import ConverseDialect
from beluga.schema import (
    AIMessage,
    HumanMessage,
    Message,
    ToolCall,
    ToolMessage,
)
from tests.oracles.matrix import (
    Written,
    conversation,
    write,
)

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_46 = "us.anthropic.claude-sonnet-4-6"
CLAUDE_48 = "us.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-pro-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-1-70b-instruct-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
QWEN = "qwen.qwen3-32b-v1:0"
DEEPSEEK = "deepseek.v3.2"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"

ASK = HumanMessage("Which?")
CALLED = AIMessage((ToolCall("tooluse_1", "get_weather", '{"city": "Oslo"}'),))
RAIN = ToolMessage("Rain", tool_call_id="tooluse_1")


def written(*messages: Message, model: str = CLAUDE, **options: Any) -> Written:
    dialect = ConverseDialect("bedrock", model, "https://host")
    return write(dialect, conversation(*messages, **options))


def body(*messages: Message, model: str = CLAUDE, **options: Any) -> dict[str, Any]:
    return written(*messages, model=model, **options).body


def content(*messages: Message, **options: Any) -> list[dict[str, Any]]:
    [turn] = body(*messages, **options)["messages"]
    blocks: list[dict[str, Any]] = turn["content"]
    return blocks


def fields(model: str, **options: Any) -> Any:
    return body(model=model, **options).get("additionalModelRequestFields")
