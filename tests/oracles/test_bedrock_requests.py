"""What is written for Bedrock is what AWS's description allows, signed as AWS's client signs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from beluga.dialects.converse import ConverseDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    Citation,
    FilePart,
    HumanMessage,
    ImagePart,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    VideoPart,
    fold,
)
from beluga.transport.http import HttpRequest, ResponseHead
from beluga.transport.sigv4 import AwsCredentials, sign
from tests.oracles.bedrock import bedrock
from tests.oracles.matrix import (
    MATRIX,
    PDF,
    PNG,
    VIDEO,
    WEATHER,
    Case,
    Omitted,
    after_tools,
    conversation,
    write,
)

CLAUDE_3: Final = "anthropic.claude-3-5-sonnet-20240620-v1:0"
CLAUDE_45: Final = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_46: Final = "us.anthropic.claude-sonnet-4-6"
CLAUDE_48: Final = "us.anthropic.claude-opus-4-8"
NOVA: Final = "us.amazon.nova-pro-v1:0"
NOVA_2: Final = "us.amazon.nova-2-lite-v1:0"
LLAMA: Final = "us.meta.llama4-maverick-17b-instruct-v1:0"
GPT: Final = "openai.gpt-oss-120b-1:0"
DEEPSEEK: Final = "deepseek.v3.2"
COHERE: Final = "cohere.command-r-v1:0"
PROFILE: Final = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"

NEVER: Final = {
    "a sound by URL",
    "a film by URL",
    "an image by URL",
    "an image by id",
    "a document by URL",
    "a document by id",
    "an image in detail",
    "an image in a system message",
    "a call in a human message",
    "a thought in a human message",
    "a foreign provider's tool",
    "a JSON object",
}
NO_PENALTIES: Final = {"seed", "presence_penalty", "frequency_penalty", "every number"}
NO_WORDS: Final = {
    f"effort {word}" for word in ("minimal", "low", "medium", "high", "xhigh", "max")
}
NO_BUDGET: Final = {"a budget to think"}
NO_SUMMARY: Final = {"a summary of thoughts"}
NO_REST: Final = {"effort none", "no budget to think"}
NO_SAMPLING: Final = {"temperature", "temperature 0", "top_p", "top_k"}
NOT_CLAUDE: Final = {"one call at a time", "a result, no more calls"} | NO_BUDGET | NO_SUMMARY
HARD: Final = {"effort high", "effort xhigh", "effort max"}

REFUSED: Final[Mapping[str, set[str]]] = {
    CLAUDE_3: NEVER | NO_PENALTIES | NO_WORDS | NO_BUDGET | NO_SUMMARY,
    CLAUDE_45: NEVER | NO_PENALTIES,
    CLAUDE_46: NEVER | NO_PENALTIES | {"the beginning of an answer"},
    CLAUDE_48: NEVER | NO_PENALTIES | NO_SAMPLING | NO_BUDGET | {"the beginning of an answer"},
    NOVA: NEVER | NO_PENALTIES | NOT_CLAUDE | NO_WORDS,
    NOVA_2: NEVER | NO_PENALTIES | NOT_CLAUDE | HARD,
    LLAMA: NEVER
    | NO_PENALTIES
    | NOT_CLAUDE
    | NO_WORDS
    | {"tool choice required", "a named tool", "top_k"},
    GPT: NEVER | NO_PENALTIES | NOT_CLAUDE | NO_REST | {"top_k"},
    DEEPSEEK: NEVER | NO_PENALTIES | NOT_CLAUDE | {"top_k"},
    COHERE: NEVER | NOT_CLAUDE | NO_WORDS,
    PROFILE: NEVER | NO_PENALTIES | NOT_CLAUDE | NO_WORDS | NO_REST | {"top_k"},
}


def _own() -> Iterator[Case]:
    """What only Bedrock's models say, or only they are asked."""
    think = ReasoningConfig(budget_tokens=2048)
    signed = ReasoningPart("I must look.", signature="c2ln", origin="bedrock")
    hidden = ReasoningPart(
        "", opaque='{"reasoningContent":{"redactedContent":"ZGF0YQ=="}}', origin="bedrock"
    )
    yield Case("a signed thought before a call", after_tools(signed, reasoning=think))
    yield Case("a hidden thought before a call", after_tools(hidden, reasoning=think))
    ran = (
        ProviderPart(
            "server_tool_use",
            "bedrock",
            '{"toolUse":{"toolUseId":"t","name":"nova_code_interpreter","input":{"snippet":"6*7"},'
            '"type":"server_tool_use"}}',
        ),
        ProviderPart(
            "nova_code_interpreter_result",
            "bedrock",
            '{"toolResult":{"toolUseId":"t","content":[{"json":{"stdOut":"42"}}],'
            '"status":"success","type":"nova_code_interpreter_result"}}',
        ),
    )
    ask = HumanMessage("?")
    tool = ProviderTool("bedrock", '{"systemTool":{"name":"nova_code_interpreter"}}')
    again = AIMessage((*ran, TextPart("42.")), provider="bedrock")
    yield Case("a run of its own", conversation(ask, again, ask, tools=(WEATHER, tool)))
    raw = '{"title":"A","sourceContent":[{"text":"b"}],"location":{"web":{"url":"https://c"}}}'
    cited = TextPart("It rains.", citations=(Citation(title="A", raw=raw),))
    yield Case(
        "sources of its own", conversation(ask, AIMessage((cited,), provider="bedrock"), ask)
    )
    guard = ProviderPart("guardContent", "bedrock", '{"guardContent":{"text":{"text":"x"}}}')
    config = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
    guarded = conversation(HumanMessage((guard,)), extra={"guardrailConfig": config})
    yield Case("a guarded text", guarded)
    stored = (
        ImagePart(id="s3://bucket/a.png?bucketOwner=123456789012"),
        VideoPart(url="s3://bucket/a.mov"),
    )
    yield Case("media in S3", conversation(HumanMessage((*stored, TextPart("?")))))
    files = (
        FilePart(PDF, name="a_b.pdf"),
        FilePart(PDF, name="a_b.pdf"),
        FilePart(b"x", name="ü.csv"),
    )
    yield Case("documents alone", conversation(HumanMessage(files)))
    odd = AIMessage((ToolCall("call|1.2", "get_weather", "{}"),))
    parts = (ImagePart(PNG), VideoPart(VIDEO), FilePart(PDF))
    failed = ToolMessage(parts, tool_call_id="call|1.2", is_error=True)
    yield Case("an id in letters of others", conversation(ask, odd, failed))
    for wish in ("auto", PromptCache("1h")):
        turns = (SystemMessage("Rules."), ask, AIMessage("B"), HumanMessage((FilePart(PDF),)))
        yield Case(f"cached: {wish}", conversation(*turns, tools=(WEATHER,), prompt_cache=wish))
    marked = FilePart(PDF, prompt_cache=PromptCache())
    yield Case("a marked document", conversation(HumanMessage((marked, TextPart("?")))))
    single: dict[str, Any] = {
        "tools": (WEATHER,),
        "tool_choice": "required",
        "parallel_tool_calls": False,
    }
    yield Case("one call at a time", conversation(**single))
    more = {"performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "flex"}}
    yield Case("keys of its own", conversation(extra={**more, "promptVariables": {}}))


OWN: Final = tuple(_own())


def dialect(model: str) -> ConverseDialect:
    return ConverseDialect("bedrock", model, "https://bedrock-runtime.us-east-1.amazonaws.com")


@pytest.mark.parametrize("model", REFUSED)
def test_what_a_model_cannot_do_is_refused_and_nothing_else(model: str) -> None:
    refused = {case.name for case in MATRIX if write(dialect(model), case.request).refused}
    assert refused == REFUSED[model]


def test_nothing_of_its_own_is_refused() -> None:
    for case in OWN:
        written = write(dialect(CLAUDE_45), case.request)
        assert not written.refused, case.name
        assert not written.foreign, case.name


@pytest.mark.parametrize("model", REFUSED)
@pytest.mark.parametrize("streaming", [True, False])
def test_awss_description_takes_what_is_written(model: str, streaming: bool) -> None:
    judge = bedrock()
    for case in (*MATRIX, *OWN):
        body = write(dialect(model), case.request).body
        assert judge.check_converse_params(body, model_id=model, stream=streaming) == [], case.name


def test_awss_description_notices_what_is_wrong() -> None:
    judge = bedrock()
    body = write(dialect(CLAUDE_45), after_tools()).body
    wrong: dict[str, dict[str, Any]] = {
        "an unknown key": {**body, "max_tokens": 4},
        "an unknown role": {**body, "messages": [{"role": "tool", "content": []}]},
        "an unknown block": {**body, "messages": [{"role": "user", "content": [{"no": {}}]}]},
        "an unknown choice": {
            **body,
            "toolConfig": {**body["toolConfig"], "toolChoice": {"none": {}}},
        },
    }
    for name, request in wrong.items():
        assert judge.check_converse_params(request, model_id=CLAUDE_45), name


@pytest.mark.parametrize("model", [CLAUDE_45, PROFILE, GPT])
@pytest.mark.parametrize("streaming", [True, False])
def test_the_address_is_that_of_awss_client(model: str, streaming: bool) -> None:
    written = write(dialect(model), conversation(streaming=streaming))
    expected = bedrock().expected_http(written.body, model_id=model, stream=streaming)
    assert written.url == f"https://bedrock-runtime.us-east-1.amazonaws.com{expected['url_path']}"
    assert json.loads(expected["body"]) == written.body


@pytest.mark.parametrize("model", [CLAUDE_45, PROFILE])
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE+/=="])
@pytest.mark.parametrize("host", ["bedrock-runtime.eu-west-1.amazonaws.com", "localhost:8443"])
def test_a_signature_is_that_of_awss_client(model: str, token: str | None, host: str) -> None:
    plain = ConverseDialect("bedrock", model, f"https://{host}/proxy").encode(
        conversation(HumanMessage("Grüße 🌊")), Omitted()
    )
    who = AwsCredentials("AKIDEXAMPLE", "secret/+", token)
    signed = sign(plain, who, region="eu-west-1", service="bedrock", at=datetime.now(UTC))
    assert is_signed(signed, who)
    tampered = HttpRequest(signed.method, signed.url, signed.headers, signed.body + b" ")
    assert not is_signed(tampered, who)


def is_signed(request: HttpRequest, who: AwsCredentials) -> bool:
    return bedrock().check_sigv4(
        request.method,
        request.url,
        request.headers,
        request.body,
        access_key=who.access_key,
        secret_key=who.secret_key,
        token=who.session_token,
        region="eu-west-1",
    )


def test_a_stream_is_read_as_awss_client_reads_it() -> None:
    judge = bedrock()
    data = judge.event_frames(
        [
            ("messageStart", {"role": "assistant"}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "café"}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
        ]
    )
    read = judge.parse_event_stream(data)
    decoder = dialect(NOVA).decoder(conversation(streaming=True), ResponseHead(200))
    chunks = [chunk for byte in data for chunk in decoder.feed(bytes([byte]))]
    outcome = decoder.close().outcome
    assert isinstance(outcome, Ok)
    answer = fold([*chunks, outcome.value])
    assert answer.text == read[1]["contentBlockDelta"]["delta"]["text"]
    assert answer.usage.total_tokens == read[4]["metadata"]["usage"]["totalTokens"]
