"""Recorded requests are read back, encoded again, and compared with what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote

import msgspec

from beluga.errors import ModelError, ProviderDownError
from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import Failure
from beluga.transport.http import HttpRequest, HttpResponse, Sent
from tests.conformance.corpus import Recording
from tests.conformance.providers import Row
from tests.conformance.readers import READERS, Asked, UnreadableError
from tests.conformance.readers.asked import mapping, without_elisions
from tests.conformance.replay import Difference

if TYPE_CHECKING:
    from beluga.schema import Options

__all__ = ["Encoded", "encode_again"]

MODEL: Final = re.compile(r"/models?/([^/:?]+)")
PLACEHOLDER: Final = "MODEL"


class Encoded(msgspec.Struct):
    """What became of the recorded requests of a folder.

    Attributes:
        equal: Recordings whose request came out as it was sent.
        differences: What came out otherwise.
        unreadable: Recordings that ask for what the library has no words for, and for what.
    """

    equal: list[str] = []
    differences: list[Difference] = []
    unreadable: dict[str, str] = {}


class Kept:
    """An `Http` that keeps the request and lets it fail."""

    body: bytes = b""

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        self.body = request.body
        raise ProviderDownError(Failure("provider_unavailable", "nobody is there"))

    async def aclose(self) -> None:
        pass


async def encode_again(row: Row, recordings: Sequence[Recording]) -> Encoded:
    """Read every recorded request and encode it; what has no recorded request is passed over."""
    reader, encoded = READERS[row.wire], Encoded()
    for recording in recordings:
        if recording.request is None:
            continue
        body = mapping(without_elisions(recording.request))
        try:
            asked = reader.read(body, row.entry)
        except UnreadableError as why:
            encoded.unreadable[recording.place] = str(why)
            continue
        streaming = recording.streaming if asked.streaming is None else asked.streaming
        asked.model = asked.model or _model_in(recording.url) or row.model
        again = await _encode(row, asked, streaming=streaming)
        if isinstance(again, Failure):
            found = [Difference(recording.place, "request", "sent", again.message)]
        else:
            paths = _parts(reader.canonical(body), reader.canonical(again))
            found = [Difference(recording.place, *path) for path in paths]
        encoded.differences += found
        if not found:
            encoded.equal.append(recording.place)
    return encoded


async def _encode(row: Row, asked: Asked, *, streaming: bool) -> Mapping[str, object] | Failure:
    kept = Kept()
    model = new(
        row.entry,
        model=asked.model or row.model,
        api_key="test-key",
        base_url=f"http://localhost{row.base}",
        settings=row.settings,
        http=kept,
    )
    # The reader gives each option the type that `Options` says; the library checks it again.
    options = cast("Options", asked.options)
    try:
        await _ask(model, asked, options, streaming=streaming)
    except ModelError as error:
        if not kept.body:
            return error.failure
    return msgspec.json.decode(kept.body, type=dict[str, object])


async def _ask(model: ChatModel, asked: Asked, options: Options, *, streaming: bool) -> None:
    if not streaming:
        await model.generate(asked.messages, **options)
        return
    async with model.stream(asked.messages, **options) as chunks:
        await chunks.message()


def _model_in(url: str) -> str | None:
    """Return the model that an address names, where it names one."""
    match = MODEL.search(url)
    return None if match is None or match[1] == PLACEHOLDER else unquote(match[1])


def _parts(sent: object, again: object, path: str = "$") -> Iterator[tuple[str, str, str]]:
    """Yield where two JSON values part: a path, what was sent, and what came out."""
    if isinstance(sent, dict) and isinstance(again, dict):
        for key in [*sent, *(key for key in again if key not in sent)]:
            yield from _parts(sent.get(key), again.get(key), f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(again, list) and len(sent) == len(again):
        for index, (one, other) in enumerate(zip(sent, again, strict=True)):
            yield from _parts(one, other, f"{path}[{index}]")
    elif sent != again:
        yield path, repr(sent), repr(again)
