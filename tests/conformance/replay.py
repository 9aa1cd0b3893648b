"""Have models answer out of recordings, and list everything that is not as it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.errors import ModelError
from beluga.model import ChatModel
from beluga.schema import AIMessage, StreamChunk
from tests.conformance.compare import Seen, gaps
from tests.conformance.corpus import Recording
from tests.conformance.expected import Expected
from tests.conformance.laws import broken_laws
from tests.conformance.providers import Row
from tests.conformance.server import CUTS, Cut, Reply, Server, serving

__all__ = ["Difference", "Expect", "replay"]

Expect: TypeAlias = Callable[[Recording], Expected]
"""Says what a recording must become."""

PROMPT: Final = "Say hi."
SMALL: Final = 600


class Difference(msgspec.Struct, frozen=True, order=True):
    """One thing that is not as it must be.

    Attributes:
        recording: Folder and name of the recording.
        field: What differs.
        expected: What it must be, as text.
        got: What it is, as text.
        cuts: The ways of cutting the body that show it.
    """

    recording: str
    field: str
    expected: str
    got: str
    cuts: tuple[Cut, ...] = ()

    def __str__(self) -> str:
        cuts = (
            "" if not self.cuts or "whole" in self.cuts else f" (cut into {', '.join(self.cuts)})"
        )
        return f"{self.recording}: {self.field}{cuts}\n    not {self.expected}\n    but {self.got}"


async def replay(row: Row, recordings: Sequence[Recording], expect: Expect) -> list[Difference]:
    """Replay *recordings* to one model over a loopback server, and return what is wrong."""

    async def use(server: Server) -> list[Difference]:
        differences: list[Difference] = []
        async with row.model_at(server.url) as model:
            for recording in recordings:
                differences += await _replay(row, model, server, recording, expect(recording))
        return differences

    return await serving(use)


async def _replay(
    row: Row, model: ChatModel, server: Server, recording: Recording, expected: Expected
) -> list[Difference]:
    found: dict[tuple[str, str, str], list[Cut]] = {}
    whole: Seen | None = None
    for cut in CUTS:
        if cut == "bytes" and len(recording.body) > SMALL:
            continue
        headers = recording.headers
        server.reply = Reply(recording.status, headers, recording.body, cut, recording.place)
        seen = await _ask(model, streaming=recording.streaming)
        whole = whole or seen
        for gap in _all_gaps(row, recording, expected, seen, whole, server):
            found.setdefault(gap, []).append(cut)
    if whole is not None and whole.message is not None:
        taken = await _ask_for_a_third(model, server, recording, whole.message)
        if taken is not None:
            found["cut short", "a failure that names the provider's fault", taken] = []
    return [Difference(recording.place, *gap, tuple(cuts)) for gap, cuts in found.items()]


def _all_gaps(
    row: Row, recording: Recording, expected: Expected, seen: Seen, whole: Seen, server: Server
) -> Iterator[tuple[str, str, str]]:
    for field, wanted, got in gaps(expected, seen):
        yield field, repr(wanted), repr(got)
    if seen.message is not None:
        for law in broken_laws(seen.message, seen.chunks):
            yield f"law: {law}", "kept", "broken"
    if seen != whole:
        yield "cut", "the same as uncut", _parting(whole, seen)
    path = row.path(recording)
    if server.taken[-1].path != path:
        yield "path", path, server.taken[-1].path


async def _ask_for_a_third(
    model: ChatModel, server: Server, recording: Recording, whole: AIMessage
) -> str | None:
    """Serve the beginning of an answer alone, and return what was made of it if that is wrong.

    It may hold the end already, where a server says much after it; then nothing else may be lost.
    """
    beginning = recording.body[: len(recording.body) // 3]
    server.reply = Reply(recording.status, recording.headers, beginning, "chunks", recording.place)
    seen = await _ask(model, streaming=recording.streaming)
    if seen.message is not None:
        ended = (seen.message.content, seen.message.raw_finish_reason)
        return None if ended == (whole.content, whole.raw_finish_reason) else repr(seen.message)
    assert seen.failure is not None
    broken = seen.failure.code in {"incomplete_stream", "provider_unavailable"}
    return None if broken else repr(seen.failure)


async def _ask(model: ChatModel, *, streaming: bool) -> Seen:
    chunks: list[StreamChunk] = []
    try:
        if not streaming:
            return Seen(await model.generate(PROMPT))
        async with model.stream(PROMPT) as stream:
            async for chunk in stream:
                chunks.append(chunk)
            return Seen(stream.partial, None, tuple(chunks))
    except ModelError as error:
        return Seen(None, error.failure, tuple(chunks))


def _parting(whole: Seen, seen: Seen) -> str:
    """Where two ways of cutting the same body part."""
    if whole.chunks != seen.chunks:
        both = zip(whole.chunks, seen.chunks, strict=False)
        shorter = min(len(whole.chunks), len(seen.chunks))
        same = next((i for i, (a, b) in enumerate(both) if a != b), shorter)
        return f"from chunk {same}: {seen.chunks[same : same + 2]}"
    return repr(seen.failure or seen.message)
