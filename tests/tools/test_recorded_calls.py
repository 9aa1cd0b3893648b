"""Recorded calls of real models are run by a loop, over loopback HTTP, on every wire.

What each tool must have been called with is what the provider's official SDK read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from beluga import JsonValue, ToolLoop, ToolRun, ToolSpec
from beluga.errors import InvalidInputError, ToolFailedError
from beluga.tools import tool_from_schema
from tests.conformance.corpus import Recording, recordings
from tests.conformance.providers import BY_FOLDER, Row
from tests.conformance.server import Reply, Server, serving

WORD = "what the tool said, 42"
STOPPED = ("length", "max_tokens", "MAX_TOKENS", "incomplete", "UNEXPECTED_TOOL_CALL")
"""Calls of an answer that ended so are cut off, or were not asked for."""


def calls_of(recording: Recording) -> list[dict[str, Any]]:
    given = recording.expected.get("tool_calls")
    return given if isinstance(given, list) else []


def called(recording: Recording) -> list[tuple[str, object]]:
    """Return the calls that the SDK read, with their arguments as an object."""
    found: list[tuple[str, object]] = []
    for one in calls_of(recording):
        arguments = one["arguments"]
        if isinstance(arguments, str):
            arguments = msgspec.json.decode(arguments) if arguments.strip() else {}
        found.append((one["name"], arguments or {}))
    return found


def is_usable(recording: Recording) -> bool:
    return (
        recording.status == 200
        # else the calls are a provider's own, or in pieces
        and all(call.get("name") and "arguments" in call for call in calls_of(recording))
        and recording.expected.get("finish_reason") not in STOPPED
        and not recording.expected.get("error")
    )


def endings(stored: Sequence[Recording]) -> dict[tuple[str, bool], Recording]:
    """Return for each wire an answer in plain text."""
    found: dict[tuple[str, bool], Recording] = {}
    for one in stored:
        plain = one.expected.get("text") and not one.expected.get("tool_calls")
        if plain and is_usable(one):
            found.setdefault((one.api, one.streaming), one)
    return found


class Recorded:
    """A tool that keeps what it was called with, and has the server give the last answer."""

    def __init__(self, name: str, server: Server, after: Reply) -> None:
        self.spec = ToolSpec(name)
        self.seen: list[tuple[str, object]] = []
        self._server, self._after = server, after

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        self.seen.append((self.spec.name, dict(arguments)))
        self._server.reply = self._after
        return WORD


def reply(recording: Recording) -> Reply:
    return Reply(recording.status, recording.headers, recording.body, "chunks", recording.place)


async def run_one(row: Row, server: Server, recording: Recording, last: Recording) -> list[str]:
    """Run a loop from a recorded call to a recorded answer, and return what is wrong."""
    expected = called(recording)
    tools = [Recorded(n, server, reply(last)) for n in sorted({name for name, _ in expected})]
    server.reply = reply(recording)
    server.taken.clear()
    async with row.model_at(server.url) as model:
        loop = ToolLoop(model, tools, max_steps=2, max_concurrent=1)
        if recording.streaming:
            async with loop.stream("Say hi.") as items:
                run: ToolRun = await items.run()
        else:
            run = await loop.generate("Say hi.")
    seen = [call for tool in tools for call in tool.seen]
    faults: list[str] = []
    if sorted(seen, key=repr) != sorted(expected, key=repr):
        faults.append(f"{recording.place}: called {seen}, not {expected}")
    if run.text != last.expected["text"]:
        faults.append(f"{recording.place}: said {run.text!r}, not {last.expected['text']!r}")
    told = server.taken[-1].body.decode().count(WORD)
    if told != len(expected):
        faults.append(f"{recording.place}: {told} of {len(expected)} results were sent")
    return faults


@pytest.mark.real_time
@pytest.mark.parametrize("folder", BY_FOLDER)
async def test_recorded_calls_are_run_to_their_end(folder: str) -> None:
    row, stored = BY_FOLDER[folder], recordings(folder)
    last = endings(stored)
    pairs = [
        (one, last[one.api, one.streaming])
        for one in stored
        if one.expected.get("tool_calls") and is_usable(one) and (one.api, one.streaming) in last
    ]
    if not pairs or not row.spoken:
        pytest.skip("no recording has calls, or none of its wire has an answer")

    async def use(server: Server) -> list[str]:
        faults: list[str] = []
        for one, answer in pairs:
            faults += await run_one(row, server, one, answer)
        return faults

    faults = await serving(use)
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


# The schemas of recorded tools, which people wrote for real servers.


def schemas_in(request: object) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Give the tools of a recorded request, whatever its wire, with the schema of each."""
    if isinstance(request, list):
        for one in request:
            yield from schemas_in(one)
    if not isinstance(request, dict):
        return
    inner = request.get("inputSchema")
    schema = inner.get("json") if isinstance(inner, dict) else None
    for key in ("parameters", "parametersJsonSchema", "input_schema"):
        schema = schema or request.get(key)
    if isinstance(schema, dict) and isinstance(request.get("name"), str):
        yield request["name"], schema
    for key in ("tools", "toolConfig", "toolSpec", "function", "functionDeclarations"):
        yield from schemas_in(request.get(key))


async def nothing(arguments: dict[str, JsonValue]) -> None:
    return None


@pytest.mark.parametrize("folder", BY_FOLDER)
async def test_recorded_schemas_are_taken_and_recorded_calls_obey_them(folder: str) -> None:
    refused: list[str] = []
    for recording in recordings(folder):
        declared = dict(schemas_in(recording.request))
        calls = called(recording) if is_usable(recording) else []
        for name, schema in declared.items():
            try:
                made = tool_from_schema(ToolSpec(name, "", schema), nothing)
            except InvalidInputError as error:
                if not is_lower(schema):
                    refused.append(f"{recording.place}: {error}")
                continue
            for _, arguments in [call for call in calls if call[0] == name]:
                assert isinstance(arguments, dict)
                try:
                    await made.invoke(arguments)
                except ToolFailedError as error:
                    refused.append(f"{recording.place}: {error}")
    assert refused == []


def is_lower(schema: dict[str, JsonValue]) -> bool:
    """Whether it is Gemini's own kind of schema, whose types are in capitals."""
    return str(schema.get("type")).isupper()
