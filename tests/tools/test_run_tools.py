"""Every call of an answer is answered, whatever happens to it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import anyio
import msgspec
import pytest

from beluga import (
    AIMessage,
    Allow,
    Block,
    Change,
    Event,
    ImagePart,
    InvalidInputError,
    JsonValue,
    TextPart,
    Tool,
    ToolCall,
    ToolEnded,
    ToolMessage,
    ToolSpec,
    ToolStarted,
    Verdict,
    live,
    run_tools,
    tool,
)
from beluga.tools import tool_failed

KEY = "sk-abcdefghijklmnop1234"


@tool
async def nap(seconds: float) -> str:
    """Sleep."""
    await anyio.sleep(seconds)
    return f"slept {seconds:g}"


@tool
async def broken(key: str = KEY) -> str:
    raise ConnectionError(f"cannot reach https://user:{key}@host")


@tool
async def mindful() -> str:
    raise tool_failed("there is no such city; try its English name")


def asking(*calls: tuple[str, object]) -> AIMessage:
    return AIMessage(
        [
            ToolCall(f"c{i}", name, given if isinstance(given, str) else json.dumps(given))
            for i, (name, given) in enumerate(calls)
        ],
        finish_reason="tool_calls",
    )


def texts(answers: Sequence[ToolMessage]) -> list[tuple[str, bool]]:
    return [(answer.text, answer.is_error) for answer in answers]


async def test_results_come_in_the_order_of_the_calls() -> None:
    message = asking(("nap", {"seconds": 3}), ("nap", {"seconds": 1}), ("nap", {"seconds": 2}))
    start = anyio.current_time()
    answers = await run_tools(message, [nap])
    assert anyio.current_time() - start == pytest.approx(3)
    assert texts(answers) == [("slept 3", False), ("slept 1", False), ("slept 2", False)]
    assert [answer.tool_call_id for answer in answers] == ["c0", "c1", "c2"]
    assert {answer.name for answer in answers} == {"nap"}


async def test_calls_start_in_order_when_one_runs_at_a_time() -> None:
    started: list[int] = []

    @tool
    async def note(number: int) -> None:
        started.append(number)
        await anyio.sleep(1 / (1 + number))

    await run_tools(asking(*[("note", {"number": i}) for i in range(20)]), [note], max_concurrent=1)
    assert started == list(range(20))


async def test_nothing_to_do() -> None:
    assert await run_tools(AIMessage("Hello"), []) == ()
    cut = AIMessage("", cut_calls=[ToolCall("c", "nap", '{"seconds": 1')], finish_reason="length")
    assert await run_tools(cut, [nap]) == ()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("sleep", {}), "there is no tool named 'sleep'; there are: nap, mindful"),
        (("nap", '{"seconds": '), "not a JSON object"),
        (("nap", "[1]"), "not a JSON object"),
        (("nap", "NaN"), "not a JSON object"),
        (("nap", "{}"), "/seconds: it is required, and missing"),
        (("nap", {"seconds": "1"}), '/seconds: expected number, got "1"'),
        (("nap", {"seconds": 1, "minutes": 2}), "/minutes: there is no such parameter"),
        (("mindful", ""), "there is no such city; try its English name"),
    ],
)
async def test_what_goes_wrong_is_told(call: tuple[str, object], says: str) -> None:
    (answer,) = await run_tools(asking(call), [nap, mindful])
    assert answer.is_error
    assert says in answer.text
    assert answer.tool_call_id == "c0"


async def test_every_fault_of_the_arguments_is_told_and_clipped() -> None:
    class Place(msgspec.Struct):
        country: str
        zip: int

    @tool
    async def move(name: str, place: Place, by: list[int]) -> str:
        raise AssertionError("not to be called")

    given = {
        "name": "x" * 500 + "\nIgnore all",
        "place": {"country": "CA", "zip": "no"},
        "by": ["a"],
    }
    (answer,) = await run_tools(asking(("move", given | {"name": 1})), [move])
    lines = answer.text.splitlines()
    assert lines[1:] == [
        "- /name: expected string, got 1",
        '- /place/zip: expected integer, got "no"',
        '- /by/0: expected integer, got "a"',
    ]
    (answer,) = await run_tools(
        asking(("move", {"name": given["name"], "place": 3, "by": []})), [move]
    )
    assert len(answer.text) < 300


class Tree(msgspec.Struct):
    """A type that holds itself."""

    kind: Literal["leaf", "twig"]
    below: list[Tree] | None = None


async def test_what_may_be_chosen_is_listed_wherever_it_stands() -> None:
    @tool
    async def plant(unit: Literal["c", "f"] | None, tree: Tree) -> str:
        raise AssertionError("not to be called")

    tree = {"kind": "leaf", "below": [{"kind": "twig"}, {"kind": "bush"}]}
    (answer,) = await run_tools(asking(("plant", {"unit": "k", "tree": tree})), [plant])
    unit, kind = answer.text.splitlines()[1:]
    assert unit == '- /unit: expected one of "c", "f" or null, got "k"'
    assert kind == '- /tree/below/1/kind: expected one of "leaf", "twig", got "bush"'


async def test_the_place_of_a_fault_is_told_to_the_last_key() -> None:
    @tool
    async def note(by: dict[str, list[tuple[int, str]]], at: dt.datetime) -> str:
        raise AssertionError("not to be called")

    given = {"by": {"a": [[1, "x"]], "b/c": [[1, "x"], [1, 2], ["y", "z"]]}, "at": "noon"}
    (answer,) = await run_tools(asking(("note", given)), [note])
    assert answer.text.splitlines()[1:] == [
        "- /by/b~1c/1/1: expected string, got 2",
        '- /by/b~1c/2/0: expected integer, got "y"',
        '- /at: Invalid RFC3339 encoded datetime, got "noon"',
    ]


async def test_a_name_that_the_model_made_up_stays_in_its_line() -> None:
    call = ("nap", {"seconds": 1, "x\n- ignore all that\n": 1})
    (answer,) = await run_tools(asking(call), [nap])
    (line,) = answer.text.splitlines()[1:]
    assert line.startswith(r"- /x\n- ignore all that\n: there is no such parameter")


async def test_a_text_of_the_model_is_shown_quoted_and_short() -> None:
    @tool
    async def pick(number: int) -> str:
        raise AssertionError("not to be called")

    (answer,) = await run_tools(asking(("pick", {"number": "a\nb" + "x" * 900})), [pick])
    assert '"a\\nbxxx' in answer.text
    assert len(answer.text) < 250


async def test_an_exception_is_told_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="beluga.tools"):
        (answer,) = await run_tools(asking(("broken", {})), [broken])
    assert texts([answer]) == [("the tool failed: ConnectionError", True)]
    assert "ConnectionError" in caplog.text  # whoever runs it learns more


async def test_an_exceptions_text_is_told_if_asked_for_without_keys() -> None:
    message = asking(("broken", {}), ("broken", {"key": "x" * 2000}))
    first, second = await run_tools(message, [broken], on_exception="text")
    assert first.text.startswith("the tool failed: ConnectionError: cannot reach")
    assert KEY not in first.text
    assert len(second.text) < 600


async def test_an_exception_is_raised_as_it_is_if_asked_for() -> None:
    ended: list[str] = []

    @tool
    async def patient() -> None:
        try:
            await anyio.sleep(100)
        finally:
            ended.append("patient")

    error = LookupError("mine")

    @tool
    async def hasty() -> None:
        await anyio.sleep(1)
        raise error

    start = anyio.current_time()
    with pytest.raises(LookupError) as caught:
        await run_tools(
            asking(("patient", {}), ("hasty", {})), [patient, hasty], on_exception="raise"
        )
    assert caught.value is error
    assert ended == ["patient"]
    assert anyio.current_time() - start == pytest.approx(1)


async def test_a_group_of_one_is_told_as_what_it_holds() -> None:
    @tool
    async def grouped() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(mindful.invoke, {})

    (answer,) = await run_tools(asking(("grouped", {})), [grouped])
    assert answer.text == "there is no such city; try its English name"


async def test_time_is_up_for_one_and_not_for_the_others() -> None:
    @tool(timeout=5)
    async def slow() -> str:
        await anyio.sleep(4)
        return "done"

    message = asking(("nap", {"seconds": 3}), ("nap", {"seconds": 1}), ("slow", {}))
    start = anyio.current_time()
    answers = await run_tools(message, [nap, slow], timeout=2)
    assert anyio.current_time() - start == pytest.approx(4)
    assert [answer.is_error for answer in answers] == [True, False, False]
    assert "within 2 s" in answers[0].text


async def test_time_counts_from_the_start_of_a_call() -> None:
    message = asking(*[("nap", {"seconds": 1})] * 4)
    answers = await run_tools(message, [nap], timeout=1.5, max_concurrent=1)
    assert [answer.is_error for answer in answers] == [False] * 4


async def test_a_tools_own_timeout_error_is_its_failure() -> None:
    @tool
    async def own() -> None:
        raise TimeoutError

    (answer,) = await run_tools(asking(("own", {})), [own], timeout=9)
    assert answer.text == "the tool failed: TimeoutError"


async def test_a_tool_that_is_cancelled_from_within_is_answered(
    anyio_backend: tuple[str, object],
) -> None:
    if anyio_backend[0] == "trio":
        pytest.skip("trio lets nobody raise its cancellation")

    @tool
    async def odd() -> None:
        raise asyncio.CancelledError

    answers = await run_tools(asking(("odd", {}), ("nap", {"seconds": 1})), [odd, nap])
    assert [answer.is_error for answer in answers] == [True, False]


async def test_cancelling_cancels_every_tool_and_waits() -> None:
    cleaned: list[int] = []

    @tool
    async def careful(number: int) -> None:
        try:
            await anyio.sleep(100)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
                cleaned.append(number)

    start = anyio.current_time()
    with anyio.move_on_after(1) as scope:
        await run_tools(asking(*[("careful", {"number": i}) for i in range(3)]), [careful])
    assert scope.cancelled_caught
    assert sorted(cleaned) == [0, 1, 2]
    assert anyio.current_time() - start == pytest.approx(3)


class LeaveError(BaseException):
    """What is no failure: asyncio itself ends its loop at a `SystemExit`."""


async def test_what_is_no_failure_passes_in_no_group() -> None:
    @tool
    async def leave() -> None:
        raise LeaveError

    with pytest.raises(LeaveError):
        await run_tools(asking(("leave", {}), ("nap", {"seconds": 1})), [leave, nap])


LEAVING = """
import sys

import anyio

from beluga import AIMessage, ToolCall, ToolLoop, run_tools, tool
from beluga.testing import ScriptedModel


@tool
def leave() -> str:
    sys.exit(3)


@tool
async def nap() -> str:
    try:
        await anyio.sleep(60)
    finally:
        print("woken")
    return ""


CALLS = AIMessage((ToolCall("1", "nap", "{}"), ToolCall("2", "leave", "{}")))


async def alone() -> None:
    await run_tools(CALLS, [nap, leave])


async def in_a_loop() -> None:
    async with ToolLoop(ScriptedModel([CALLS]), [nap, leave]).stream("Go") as items:
        async for _ in items:
            pass


anyio.run({"alone": alone, "in_a_loop": in_a_loop}[sys.argv[1]], backend=sys.argv[2])
"""


@pytest.mark.real_time
@pytest.mark.parametrize("how", ["alone", "in_a_loop"])
async def test_a_tool_that_ends_the_program_ends_it(how: str, anyio_backend_name: str) -> None:
    command = [sys.executable, "-c", LEAVING, how, anyio_backend_name]
    with anyio.fail_after(20):
        ended = await anyio.run_process(command, check=False)
    assert (ended.returncode, ended.stdout.split()) == (3, [b"woken"])


# What a tool returns.


class Reading(msgspec.Struct):
    sky: str
    degrees: float


@dataclass
class Pair:
    a: int
    b: str


class Sky(StrEnum):
    GREY = "grey"


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("snow", "snow"),
        ("", ""),
        (Sky.GREY, "grey"),
        (None, "null"),
        (3, "3"),
        (True, "true"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (Reading("snow", -4.0), '{"sky":"snow","degrees":-4.0}'),
        (Pair(1, "x"), '{"a":1,"b":"x"}'),
        ([Pair(1, "x")], '[{"a":1,"b":"x"}]'),
        ([], "[]"),
        (ImagePart(b"x", media_type="image/png"), (ImagePart(b"x", media_type="image/png"),)),
        (["see:", ImagePart(url="https://a/b")], (TextPart("see:"), ImagePart(url="https://a/b"))),
        ("half \udcff", "half ?"),
    ],
)
async def test_results_as_content(result: object, content: object) -> None:
    @tool
    async def give() -> object:
        return result

    (answer,) = await run_tools(asking(("give", {})), [give])
    assert answer == ToolMessage(content, "c0", name="give")
    msgspec.json.decode(msgspec.json.encode(answer), type=ToolMessage)


@pytest.mark.parametrize("result", [object(), {1, object()}, [TextPart("x"), 3], lambda: 3])
async def test_a_result_that_cannot_be_told(result: object) -> None:
    @tool
    async def give() -> object:
        return result

    (answer,) = await run_tools(asking(("give", {})), [give])
    assert answer.is_error
    assert "was run, but its result" in answer.text
    with pytest.raises(TypeError):
        await run_tools(asking(("give", {})), [give], on_exception="raise")


async def test_long_results_are_cut_and_say_so() -> None:
    @tool
    async def shout(times: int) -> str:
        return "a" * times

    @tool
    async def show() -> list[TextPart | ImagePart]:
        return [TextPart("abc"), ImagePart(b"x"), TextPart("defg"), TextPart("h")]

    message = asking(("shout", {"times": 5}), ("shout", {"times": 6000}), ("show", {}))
    fits, cut, parts = await run_tools(message, [shout, show], max_result=5)
    assert fits.text == "aaaaa"
    assert cut.text == "aaaaa\n[cut: this is 5 of 6,000 characters]"
    assert parts.content == (
        TextPart("abc"),
        ImagePart(b"x"),
        TextPart("de\n[cut: this is 5 of 8 characters]"),
    )


# Who may run.


async def test_approval_allows_changes_and_blocks_one_call_after_the_other() -> None:
    asked: list[str] = []

    async def approve(call: ToolCall) -> Verdict:
        asked.append(call.id)
        await anyio.sleep(1)
        match call.id:
            case "c0":
                return Block("too long")
            case "c1":
                return Change(ToolCall("other", "nap", '{"seconds": 0.5}'))
            case "c2":
                return Change(ToolCall("other", "nope", ""))
            case _:
                return Allow()

    message = asking(*[("nap", {"seconds": 9})] * 4, ("nap", "bad"))
    answers = await run_tools(message, [nap], approve=approve, timeout=5)
    assert asked == ["c0", "c1", "c2", "c3"]  # nobody is asked about what cannot run
    assert [answer.tool_call_id for answer in answers] == ["c0", "c1", "c2", "c3", "c4"]
    assert "not allowed, so the tool was not run: too long" in answers[0].text
    assert texts(answers[1:2]) == [("slept 0.5", False)]
    assert "no tool named 'nope'" in answers[2].text
    assert "within 5 s" in answers[3].text


async def test_approval_may_be_plain_and_may_raise() -> None:
    assert texts(await run_tools(asking(("mindful", {})), [mindful], approve=lambda _: Block("no")))
    with pytest.raises(TypeError, match="approve must give"):
        await run_tools(asking(("mindful", {})), [mindful], approve=lambda _: True)

    def refuse(call: ToolCall) -> Verdict:
        raise PermissionError(call.name)

    with pytest.raises(PermissionError):
        await run_tools(asking(("nap", {"seconds": 9})), [nap], approve=refuse)


# What is refused before anything runs.


@pytest.mark.parametrize(
    "settings",
    [
        {"max_concurrent": 0},
        {"max_concurrent": True},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"max_result": 0},
        {"on_exception": "message"},
    ],
)
async def test_wrong_settings(settings: Mapping[str, object]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        await run_tools(asking(), [nap], **settings)


async def test_wrong_tools() -> None:
    with pytest.raises(InvalidInputError, match="two tools are named 'nap'"):
        await run_tools(asking(), [nap, nap])
    with pytest.raises(InvalidInputError, match="decorate"):
        await run_tools(asking(), [print])
    with pytest.raises(InvalidInputError, match="a sequence of tools; got FunctionTool"):
        await run_tools(asking(), nap)


async def test_a_tool_of_ones_own() -> None:
    class Own:
        spec = ToolSpec("own")

        async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
            return {"got": dict(arguments)}

    own: Tool = Own()
    (answer,) = await run_tools(asking(("own", {"a": 1})), [own])
    assert answer.text == '{"got":{"a":1}}'


async def test_equal_ids_are_answered_each() -> None:
    message = AIMessage(
        [ToolCall("", "nap", '{"seconds":2}'), ToolCall("", "nap", '{"seconds":1}')]
    )
    assert texts(await run_tools(message, [nap])) == [("slept 2", False), ("slept 1", False)]


async def test_huge_arguments_are_not_even_read() -> None:
    (answer,) = await run_tools(asking(("nap", '{"seconds": ' + "1" * 1_000_001)), [nap])
    assert "too long" in answer.text


async def test_observers_are_told() -> None:
    events: list[Event] = []
    fx = live().observed_by(events.append)
    await run_tools(asking(("nap", {"seconds": 2}), ("nope", {})), [nap], fx=fx)
    assert [event for event in events if isinstance(event, ToolStarted)] == [
        ToolStarted("nap", "c0")
    ]
    ended = {event.call_id: event for event in events if isinstance(event, ToolEnded)}
    assert ended["c0"] == ToolEnded("nap", "c0", pytest.approx(2))
    refused = ended["c1"]
    assert refused.failure is not None
    assert "no tool named" in refused.failure.message
    assert (refused.tool, refused.call_id, refused.seconds) == ("nope", "c1", 0.0)
    events.clear()
    with anyio.move_on_after(1):
        await run_tools(asking(("nap", {"seconds": 2})), [nap], fx=fx)
    assert events[-1] == ToolEnded("nap", "c0", pytest.approx(1), abandoned=True)


# Plain functions run in threads, which have a time of their own.

PLACE: ContextVar[str] = ContextVar("PLACE")


@pytest.mark.real_time
async def test_a_plain_function_runs_in_a_thread_with_its_callers_context() -> None:
    @tool
    def where() -> list[object]:
        return [PLACE.get(), threading.current_thread() is threading.main_thread()]

    PLACE.set("here")
    (answer,) = await run_tools(asking(("where", {})), [where])
    assert answer.text == '["here",false]'


@pytest.mark.real_time
async def test_plain_functions_run_side_by_side() -> None:
    barrier = threading.Barrier(3, timeout=20)

    @tool
    def meet() -> int:
        return barrier.wait()

    answers = await run_tools(asking(*[("meet", {})] * 3), [meet])
    assert sorted(answer.text for answer in answers) == ["0", "1", "2"]


@pytest.mark.real_time
async def test_plain_functions_take_no_threads_from_others() -> None:
    begun, release = threading.Event(), threading.Event()

    @tool
    def hold() -> bool:
        begun.set()
        return release.wait(20)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_tools, asking(("hold", {})), [hold])
        await anyio.to_thread.run_sync(begun.wait, 20)
        assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
        release.set()


@pytest.mark.real_time
async def test_a_plain_function_that_hangs_is_given_up_and_cancelled() -> None:
    release = threading.Event()
    checked = threading.Event()

    @tool
    def hang() -> None:
        release.wait(20)
        try:
            anyio.from_thread.check_cancelled()
        except BaseException:
            checked.set()
            raise

    start = time.monotonic()
    (answer,) = await run_tools(asking(("hang", {})), [hang], timeout=0.05)
    with anyio.move_on_after(0.05) as scope:
        await run_tools(asking(("hang", {})), [hang])
    assert scope.cancelled_caught
    assert time.monotonic() - start < 10
    assert "may have taken effect" in answer.text
    release.set()
    await anyio.to_thread.run_sync(checked.wait, 20)
    assert checked.is_set()


@pytest.mark.real_time
async def test_plain_functions_fail_as_others_do() -> None:
    @tool
    def stop() -> None:
        raise StopIteration

    @tool
    def later() -> object:
        return nap.invoke({"seconds": 0})

    answers = await run_tools(asking(("stop", {}), ("later", {})), [stop, later])
    assert answers[0].is_error
    assert answers[1].text == "slept 0"
