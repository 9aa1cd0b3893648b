"""A history as atomic turns: an assistant's calls and their results live or go together.

A turn is a system message, a person's message, an assistant's answer, or an answer that calls tools
with all results of these calls. Strategies choose among whole turns, so that none of them can part
a call from its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from beluga.schema import AIMessage, HumanMessage, Message, SystemMessage, ToolMessage

__all__ = ["History", "Turn", "arranged", "history_of"]


class Turn(msgspec.Struct, frozen=True, eq=False):
    """Messages that stand or fall together, and what they cost.

    Attributes:
        messages: In the order of the history.
        positions: Where each stands in the history; what a strategy adds takes the place of the
            message it comes after.
        tokens: What they cost together.
        pinned: It must be kept.
        orphan: A tool's result without its call; no provider takes one.
        added: A strategy made it.
    """

    messages: tuple[Message, ...]
    positions: tuple[int, ...]
    tokens: int
    pinned: bool = False
    orphan: bool = False
    added: bool = False

    @property
    def is_human(self) -> bool:
        """Whether a person says it."""
        return isinstance(self.messages[0], HumanMessage)

    @property
    def is_system(self) -> bool:
        """Whether it is an instruction."""
        return isinstance(self.messages[0], SystemMessage)


class History(msgspec.Struct, frozen=True, eq=False):
    """What a strategy chooses from, and how much it may keep.

    Attributes:
        turns: All turns, oldest first.
        room: Tokens for all that is kept, pinned turns included.
        count: What one message costs, in tokens.
    """

    turns: tuple[Turn, ...]
    room: int
    count: Callable[[Message], int]

    @property
    def pinned(self) -> list[Turn]:
        """What must be kept."""
        return [turn for turn in self.turns if turn.pinned]

    @property
    def spare(self) -> int:
        """Tokens that pinned turns leave to others."""
        return self.room - sum([turn.tokens for turn in self.turns if turn.pinned])

    @property
    def dialogue(self) -> list[Turn]:
        """The turns between which a history may be cut: all but pinned instructions and orphans."""
        return [t for t in self.turns if not (t.orphan or (t.pinned and t.is_system))]

    @property
    def last_human(self) -> Turn | None:
        """The last thing a person said."""
        return next((turn for turn in reversed(self.turns) if turn.is_human), None)

    def with_room(self, room: int) -> History:
        """Return this history with another room."""
        return History(self.turns, room, self.count)

    def added(self, message: Message) -> Turn:
        """Return *message* as a turn right after the instructions that the history opens with."""
        place = -1
        while place + 1 < len(self.turns) and self.turns[place + 1].is_system:
            place += 1
        return Turn((message,), (place,), self.count(message), added=True)


def history_of(
    messages: Sequence[Message],
    costs: Sequence[int],
    *,
    room: int,
    count: Callable[[Message], int],
    keep_system: bool = True,
) -> History:
    """Return *messages* as counted turns, with those pinned that must be kept.

    Pinned are the instructions, the last human turn, and the turn that the history ends with; where
    there is none of these, everything.
    """
    groups, orphans = _grouped(messages)
    pins = _pins(messages, groups, orphans, keep_system=keep_system)
    turns = [
        Turn(
            tuple([messages[i] for i in group]),
            tuple(group),
            sum([costs[i] for i in group]),
            pinned=group[0] in pins or not pins,
            orphan=group[0] in orphans and bool(pins),
        )
        for group in groups
    ]
    return History(tuple(turns), room, count)


def arranged(turns: Iterable[Turn]) -> tuple[Message, ...]:
    """Return the messages of *turns* in the order of their history."""
    placed = [
        (position, turn.added, message)
        for turn in turns
        for position, message in zip(turn.positions, turn.messages, strict=True)
    ]
    return tuple([message for _, _, message in sorted(placed, key=lambda one: one[:2])])


def _grouped(messages: Sequence[Message]) -> tuple[list[list[int]], set[int]]:
    """Return the places of each turn's messages, and the places of orphans."""
    groups: list[list[int]] = []
    callers: dict[str, list[int]] = {}
    orphans: set[int] = set()
    for place, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            group = callers.get(message.tool_call_id)
            if group is not None:
                group.append(place)
                continue
            orphans.add(place)
        group = [place]
        groups.append(group)
        if isinstance(message, AIMessage):
            callers.update({call.id: group for call in message.tool_calls})
    return groups, orphans


def _pins(
    messages: Sequence[Message],
    groups: Sequence[Sequence[int]],
    orphans: set[int],
    *,
    keep_system: bool,
) -> set[int]:
    """Return the first places of the turns that must be kept."""
    heads = [group[0] for group in groups if group[0] not in orphans]
    pins = {i for i in heads if keep_system and isinstance(messages[i], SystemMessage)}
    spoken = [i for i in heads if not isinstance(messages[i], SystemMessage)]
    pins.update([i for i in spoken if isinstance(messages[i], HumanMessage)][-1:])
    pins.update(spoken[-1:])
    return pins
