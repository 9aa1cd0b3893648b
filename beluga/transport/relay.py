"""From a response's body to `emit`: read, decode, hand on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, final

from beluga.effects import Clock, Emit, Outlet
from beluga.schema import Emission
from beluga.transport.dialect import Decoder
from beluga.transport.patience import Patience

__all__ = ["Relay"]

Read: TypeAlias = Callable[[], Awaitable[bytes]]

BATCH: Final = 32
"""Chunks that are handed on together, if they have come together."""


@final
class Relay:
    """Decode what arrives and hand it on, with as little work between two pieces as can be.

    What one read of the network has brought is decoded in one go. The step that would wait for more
    is taken before the chunks are handed on, for only that step knows whether more is there; and
    from then on nothing else may be awaited, since the wait is under way: on trio, the socket is
    registered. So chunks are held over such a step only where they can be handed on without
    waiting, and are, before the wait begins. Elsewhere each piece's chunks are handed on first.

    Args:
        emit: Where chunks go.
        clock: Tells when the first of them went.
        patience: Bounds the waits.
    """

    def __init__(self, emit: Emit, clock: Clock, patience: Patience) -> None:
        self._emit, self._clock, self._patience = emit, clock, patience
        self._outlet = emit if isinstance(emit, Outlet) else None
        self._held: list[Emission] = []
        self._enough = 1
        self.first_content: float | None = None

    async def run(self, read: Read, decoder: Decoder) -> None:
        """Go on until *decoder* is done or the body has ended.

        Args:
            read: Give the body's next piece; nothing is its end.
            decoder: Makes chunks of the pieces.
        """
        more = True
        while more:
            try:
                more = await self._gathered(read, decoder)
            except Exception:
                await self._hand_on()  # what came before a failure
                raise
            await self._hand_on()

    async def emit(self, chunks: Sequence[Emission]) -> None:
        """Hand *chunks* on."""
        self._note()
        await self._emit(chunks)
        self._patience.content()

    async def _gathered(self, read: Read, decoder: Decoder) -> bool:
        outlet = self._outlet
        self._enough = BATCH if outlet is not None and outlet.has_room else 1
        gathering = self._gather(read, decoder)
        try:
            waiting = gathering.send(None)
        except StopIteration as ready:
            more: bool = ready.value
            return more
        if outlet is not None and self._held:
            self._note()
            outlet.put(self._taken())
            self._patience.content()
        self._enough = 1
        return await self._patience.waiting(gathering, waiting)

    async def _gather(self, read: Read, decoder: Decoder) -> bool:
        """Hold chunks until there are enough; return whether there may be more."""
        held, feed = self._held, decoder.feed
        while piece := await read():
            held += feed(piece)
            if decoder.done:
                return False
            if len(held) >= self._enough:
                return True
        return False

    async def _hand_on(self) -> None:
        if self._held:
            await self.emit(self._taken())

    def _taken(self) -> list[Emission]:
        chunks = self._held.copy()
        self._held.clear()
        return chunks

    def _note(self) -> None:
        if self.first_content is None:
            self.first_content = self._clock.now()
