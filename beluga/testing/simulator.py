"""A provider on this machine: real sockets, real HTTP, scripted answers and named faults."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType, UnionType
from typing import Final, Self, TypeAlias

import anyio
import msgspec
from anyio.abc import Listener, SocketAttribute, SocketStream, TaskGroup

from beluga.errors import invalid_input
from beluga.providers.mock import natural_reason
from beluga.schema import AIMessage, ToolCall, Usage
from beluga.schema.redaction import redact
from beluga.testing.acts import Act, Body, Call, End, Head, Piece, acts_of
from beluga.testing.faults import Fault, InStreamError, Status, spoils
from beluga.testing.masks import mask_headers
from beluga.testing.speakers import SPEAKERS, Asked, Speaker

__all__ = ["CallTool", "SimulatedReply", "SimulatedRequest", "Simulator"]

HOST: Final = "127.0.0.1"


class CallTool(msgspec.Struct, frozen=True):
    """Reply by calling a tool, if any is offered and the last message is no tool's result.

    Attributes:
        arguments: The JSON text of the arguments.
        name: Which tool; otherwise the first that is offered.
    """

    arguments: str = "{}"
    name: str | None = None


SimulatedReply: TypeAlias = str | AIMessage | CallTool
"""A text, a whole message, or a call of whichever tool is offered."""


class SimulatedRequest(msgspec.Struct, frozen=True):
    """Hold a request that the simulator got. Keys are masked.

    Attributes:
        method: The HTTP method.
        path: The path and the query.
        headers: The headers, their names in lower case.
        body: The decoded JSON body, or `None` if it was no JSON.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: object


class Simulator:
    """Serve answers over loopback HTTP, in the dialect in which each request comes.

    Every call takes the next reply of the script and the next fault of the schedule; a call that a
    fault spoils leaves its reply to the next one. After the script the simulator says again what it
    was told. It speaks chat completions, Responses, and the dialects of Anthropic, Google, Ollama,
    Cohere and Bedrock; the end of a request's path tells which.

    ```python
    async with Simulator(["Hello."], [Status(429, retry_after=1)]) as sim:
        model = beluga.new("openai-compatible:any", base_url=f"{sim.url}/v1")
    ```

    Do not use it in virtual time: while bytes are under way, every timer fires at once.

    Args:
        replies: What to answer, one for each call.
        faults: What goes wrong, one for each call; `None` is nothing.
        pace: Seconds before each event of a stream.
        port: Where to listen on loopback; 0 takes a free one.
        patience: Seconds after which a silent connection is closed.

    Attributes:
        requests: What came, in order.

    Raises:
        InvalidInputError: A reply, a fault or a number is none.
    """

    requests: list[SimulatedRequest]

    def __init__(
        self,
        replies: Sequence[SimulatedReply] = (),
        faults: Sequence[Fault | None] = (),
        *,
        pace: float = 0.0,
        port: int = 0,
        patience: float = 60.0,
    ) -> None:
        _check("replies", replies, SimulatedReply)
        _check("faults", faults, Fault | None)
        if not 0 <= pace < math.inf or not 0 < patience < math.inf:
            raise invalid_input("pace and patience take a finite number of seconds")
        self.requests = []
        self._script = _Script(replies, faults)
        self._pace, self._patience, self._port = pace, patience, port
        self._tasks: TaskGroup | None = None
        self._serving = anyio.CancelScope()

    @property
    def url(self) -> str:
        """The root. Openai-like providers take `f"{sim.url}/v1"` as their `base_url`."""
        if self._tasks is None:
            raise RuntimeError("the simulator has no address before its block is entered")
        return f"http://{HOST}:{self._port}"

    @property
    def base_url(self) -> str:
        """The root, which every provider takes: the end of a path tells the dialect."""
        return self.url

    async def __aenter__(self) -> Self:
        """Begin to listen.

        Raises:
            RuntimeError: It was entered before.
        """
        if self._tasks is not None:
            raise RuntimeError("a simulator is used once; make another")
        listener = await self._listen()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._serve(listener)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        assert self._tasks is not None
        self._tasks.cancel_scope.cancel("the simulator's block was left")
        # The block's own exception is not shown to the group, which would wrap it.
        await self._tasks.__aexit__(None, None, None)

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[None, None]:
        """Close every connection and refuse new ones for the length of a block."""
        self._serving.cancel("connections are refused")
        await self._closed.wait()
        try:
            yield
        finally:
            self._serve(await self._listen())

    async def _listen(self) -> Listener[SocketStream]:
        listener = await anyio.create_tcp_listener(local_host=HOST, local_port=self._port)
        self._port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - it is not Django's
        return listener

    def _serve(self, listener: Listener[SocketStream]) -> None:
        assert self._tasks is not None
        self._serving, self._closed = anyio.CancelScope(), anyio.Event()
        self._tasks.start_soon(self._accept, listener, self._serving, self._closed)

    async def _accept(
        self, listener: Listener[SocketStream], scope: anyio.CancelScope, closed: anyio.Event
    ) -> None:
        try:
            with scope:
                async with listener:
                    await listener.serve(self._connected)
        finally:
            closed.set()

    async def _connected(self, stream: SocketStream) -> None:
        # h11 is imported with the first connection, not with the test kit.
        from beluga.testing.http_server import serve_connection

        await serve_connection(stream, self._respond, self._patience)

    def _respond(self, call: Call) -> Iterable[Act]:
        self.requests.append(_recorded(call))
        path = call.target.partition("?")[0]
        speaker = next((s for s in SPEAKERS if s.understands(call.method, path)), None)
        if speaker is None:
            return _json(404, b'{"error":{"message":"the simulator serves nothing here"}}')
        try:
            asked = speaker.read(path, call.body)
        except (ValueError, msgspec.MsgspecError) as error:
            return _json(400, speaker.refusal(400, str(error)))
        number = f"sim-{len(self.requests)}"
        reply, fault = self._script.next(asked, number)
        body = _body(speaker, asked, reply, fault, self._pace)
        return acts_of(body, fault, {"x-request-id": number})


class _Script:
    """What is still to be answered, and what is still to go wrong."""

    def __init__(self, replies: Sequence[SimulatedReply], faults: Sequence[Fault | None]) -> None:
        self._replies, self._faults = list(replies), list(faults)

    def next(self, asked: Asked, number: str) -> tuple[AIMessage, Fault | None]:
        """Return the next call's answer and its fault."""
        fault = self._faults.pop(0) if self._faults else None
        reply = self._replies[0] if self._replies else f"You said: {asked.text}"
        if not spoils(fault):
            del self._replies[:1]
        return _settled(_message(reply, asked, number), asked, number), fault


def _check(name: str, given: object, kind: type | UnionType) -> None:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise invalid_input(f"{name} takes a sequence, one for each call; got {given!r:.80}")
    for position, item in enumerate(given):
        if not isinstance(item, kind):
            raise invalid_input(f"{name}: number {position} cannot be simulated: {item!r:.80}")


def _message(reply: SimulatedReply, asked: Asked, number: str) -> AIMessage:
    if isinstance(reply, AIMessage):
        return reply
    if isinstance(reply, str):
        return AIMessage(reply)
    if asked.answers_tool or not asked.tools:
        return AIMessage(f"The tool said: {asked.text}")
    return AIMessage((ToolCall(f"call-{number}", reply.name or asked.tools[0], reply.arguments),))


def _settled(reply: AIMessage, asked: Asked, number: str) -> AIMessage:
    """Complete *reply* with what every provider says of an answer."""
    usage = reply.usage
    if usage == Usage():
        read, written = 1 + len(asked.text) // 4, 1 + len(reply.text) // 4
        usage = Usage(read, written, read + written)
    return msgspec.structs.replace(
        reply,
        usage=usage,
        finish_reason=reply.finish_reason or natural_reason(reply),
        model=reply.model or asked.model,
        response_id=reply.response_id or number,
    )


def _body(
    speaker: Speaker, asked: Asked, reply: AIMessage, fault: Fault | None, pace: float
) -> Body:
    status = fault.code if isinstance(fault, Status) else 500
    failure = fault if isinstance(fault, InStreamError) else InStreamError()
    return Body(
        content_type=speaker.stream_type if asked.streaming else "application/json",
        events=speaker.events(asked, reply) if asked.streaming else [speaker.whole(asked, reply)],
        streamed=asked.streaming,
        refusal=speaker.refusal(status, f"the simulator answers with status {status}"),
        failure=speaker.failure(asked, failure.code, failure.message),
        pace=pace,
    )


def _json(status: int, body: bytes) -> Iterable[Act]:
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return [Head(status, headers), Piece(body), End()]


def _recorded(call: Call) -> SimulatedRequest:
    try:
        body: object = msgspec.json.decode(call.body)
    except msgspec.MsgspecError:
        body = None
    return SimulatedRequest(call.method, redact(call.target), mask_headers(call.headers), body)
