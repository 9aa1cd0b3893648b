"""The harness itself: it serves what it is given, and finds what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import msgspec
import pytest

from beluga.schema import (
    AIMessage,
    Citation,
    Failure,
    Finish,
    PartDone,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    Spent,
    StreamChunk,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
    fold,
)
from tests.conformance.calls import ExpectedCall, expected_calls
from tests.conformance.compare import Seen, gaps
from tests.conformance.errors import ExpectedError
from tests.conformance.expected import Expected
from tests.conformance.laws import broken_laws
from tests.conformance.reasons import reasons_of
from tests.conformance.server import CUTS, Cut, Reply, Server, serving
from tests.conformance.usage import usage_of

BODY = bytes(range(256)) * 2


@pytest.mark.real_time
async def test_every_cut_serves_the_same_bytes() -> None:
    async def use(server: Server) -> list[httpx.Response]:
        answers = []
        async with httpx.AsyncClient() as client:
            for cut in CUTS:
                server.reply = Reply(418, {"X-Kind": "teapot"}, BODY, cut, "seed")
                answers.append(await client.post(f"{server.url}/any?x=1", content=b"asked"))
        assert [(t.method, t.path, t.body) for t in server.taken] == [
            ("POST", "/any?x=1", b"asked")
        ] * 4
        return answers

    answers = await serving(use)
    assert {(a.status_code, a.headers["x-kind"], a.content) for a in answers} == {
        (418, "teapot", BODY)
    }


@pytest.mark.parametrize(
    ("cut", "least"), [("whole", 1), ("writes", 3), ("chunks", 3), ("bytes", 512)]
)
def test_a_cut_is_the_same_for_the_same_seed(cut: Cut, least: int) -> None:
    writes = Reply(200, {}, BODY, cut, "a").writes()
    assert writes == Reply(200, {}, BODY, cut, "a").writes()
    assert len(writes) >= least
    if cut in {"writes", "chunks"}:
        assert writes != Reply(200, {}, BODY, cut, "b").writes()


@pytest.mark.parametrize("cut", CUTS)
def test_an_empty_body_can_be_cut(cut: Cut) -> None:
    assert b"".join(Reply(200, {}, b"", cut).writes()).startswith(b"HTTP/1.1 200")


MESSAGE = AIMessage(
    (
        ReasoningPart("Hm.", signature="s"),
        TextPart("Hi.", citations=(Citation(url="u"),)),
        RefusalPart("No."),
        ToolCall("c1", "look", '{"at": 1}'),
        ProviderPart("search", "o", '{"type":"web_search_call"}'),
    ),
    usage=Usage(1, 2, 3),
    finish_reason="tool_calls",
    raw_finish_reason="tool_calls",
    model="m",
    response_id="r",
    metadata={"cost": 0.5},
)

EXPECTED = Expected(
    text="Hi.",
    reasoning="Hm.",
    refusal="No.",
    calls=(ExpectedCall("c1", "look", {"at": 1}),),
    reasons=("tool_calls",),
    raw_reason="tool_calls",
    usage=Usage(1, 2, 3),
    cost=0.5,
    model="m",
    response_id="r",
    counts={"n_citations": 1, "n_thought_signatures": 1, "n_choices": 1},
    provider_parts={"web_search_call": 1},
)


def test_what_is_as_expected_has_no_gap() -> None:
    assert list(gaps(EXPECTED, Seen(MESSAGE))) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("text", {"text": "Ho."}),
        ("reasoning", {"reasoning": ""}),
        ("refusal", {"refusal": ""}),
        ("tool_calls", {"calls": ()}),
        ("tool_calls", {"calls": (ExpectedCall(None, "look", {"at": 1}),)}),
        ("tool_calls", {"calls": (ExpectedCall("c1", "find", {"at": 1}),)}),
        ("tool_calls", {"calls": (ExpectedCall("c1", "look", {"at": 2}),)}),
        ("tool_calls", {"calls": (ExpectedCall("c1", "look", None, "at 1"),)}),
        ("finish_reason", {"reasons": ("stop",)}),
        ("raw_finish_reason", {"raw_reason": "stop"}),
        ("usage", {"usage": Usage(1, 2, 3, 0)}),
        ("cost", {"cost": 0.4}),
        ("model", {"model": "n"}),
        ("response_id", {"response_id": "q"}),
        ("n_citations", {"counts": {"n_citations": 2}}),
        ("n_choices", {"counts": {"n_choices": 2}}),
        ("provider part tool_use", {"provider_parts": {"tool_use": 1}}),
        ("outcome", {"error": ExpectedError(code="timeout")}),
    ],
)
def test_every_gap_is_found(field: str, change: dict[str, object]) -> None:
    wanted = msgspec.structs.replace(EXPECTED, **change)
    assert [name for name, _, _ in gaps(wanted, Seen(MESSAGE))] == [field]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        (None, {}),
        ("code", {"code": "timeout"}),
        ("status", {"status": 500}),
        ("message", {"message": "no"}),
        ("retry_after", {"retry_after": None}),
        ("in_stream", {"in_stream": True}),
    ],
)
def test_failures_are_compared(field: str | None, change: dict[str, object]) -> None:
    failure = Failure("rate_limit", "slow", status=429, retry_after=2.0)
    error = ExpectedError(code="rate_limit", status=429, message="slow", retry_after=2.0)
    wanted = Expected(error=msgspec.structs.replace(error, **change))
    assert [name for name, _, _ in gaps(wanted, Seen(None, failure))] == ([field] if field else [])
    assert [name for name, _, _ in gaps(EXPECTED, Seen(None, failure))] == ["outcome"]


CALL = ToolCall("c", "f", "{}")
FINISH = Finish("stop", usage=Usage(1, 1, 2), spent=Spent(Usage(1, 1, 2), None, 1))
GOOD: list[StreamChunk] = [
    TextDelta("a"),
    ToolCallDelta(0, "c", "f", "{}"),
    PartDone(0, CALL),
    FINISH,
]


def test_a_lawful_answer_breaks_no_law() -> None:
    assert list(broken_laws(fold(GOOD), GOOD)) == []


@pytest.mark.parametrize(
    ("law", "chunks"),
    [
        ("one finish, and it is last", [*GOOD, FINISH]),
        ("every call is done before the end", [*GOOD[:2], FINISH]),
        ("no delta is empty", [TextDelta(""), *GOOD]),
        ("indices count up within their kind", [TextDelta("a", 1), FINISH]),
        ("nothing follows a part that is done", [*GOOD[:3], ToolCallDelta(0, "", "", " "), FINISH]),
        ("a whole says what its deltas said", [TextDelta("a"), PartDone(0, TextPart("b")), FINISH]),
        ("one attempt spent what the answer used", [TextDelta("a"), Finish("stop")]),
        ("calls have ids of their own", [PartDone(0, CALL), PartDone(1, CALL), FINISH]),
        ("the chunks fold to the message", [TextDelta("another"), *GOOD]),
    ],
)
def test_every_broken_law_is_found(law: str, chunks: Sequence[StreamChunk]) -> None:
    message = fold(GOOD) if law.endswith("the message") else fold(chunks)
    assert law in list(broken_laws(message, chunks))


def test_streamed_arguments_are_assembled() -> None:
    given: list[dict[str, object]] = [
        {
            "name": "f",
            "arguments": {},
            "partial_args": [{"json_path": "$.a[0].b", "string_value": "x"}],
        },
        {"name": None, "partial_args": [{"json_path": "$.a[0].b", "string_value": "y"}]},
        {"name": None, "partial_args": [{"json_path": "$.a[1]", "number_value": 2}]},
        {"name": "g", "arguments": {"p": 1}, "id": "i"},
    ]
    assert expected_calls(given) == (
        ExpectedCall(None, "f", {"a": [{"b": "xy"}, 2]}),
        ExpectedCall("i", "g", {"p": 1}),
    )


def test_providers_count_differently() -> None:
    chat = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 20}
    assert usage_of("chat", chat) == Usage(10, 2, 12)
    assert usage_of("chat, reasoning apart", chat) == Usage(10, 10, 20)
    anthropic = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 4}
    assert usage_of("anthropic", anthropic) == Usage(5, 2, 7, 4)
    google = {"prompt_token_count": 3, "thoughts_token_count": 5, "tool_use_prompt_token_count": 1}
    assert usage_of("google", google) == Usage(4, 5, 9, None, None, 5)
    assert usage_of("ollama", {"eval_count": 2}) == Usage(None, 2, None)
    assert usage_of("chat", None) == Usage()


def test_calls_change_what_a_stop_means() -> None:
    assert reasons_of("google", "STOP", calls=True) == ("tool_calls",)
    assert reasons_of("chat", "stop", calls=True) == ("stop", "tool_calls")
    assert reasons_of("chat", "stop", calls=False) == ("stop",)
