"""Decisions that wait to be judged, and the verdicts on those that were."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TypeVar

import msgspec

from beluga.errors import NotFoundError, invalid_input
from beluga.routing.features import Features
from beluga.schema import Failure

__all__ = ["Decision", "Decisions"]

V = TypeVar("V")

_MOST = 10_000


class Decision(msgspec.Struct, frozen=True):
    """Whom a request went to, and what was seen of it.

    Attributes:
        name: The candidate's name.
        seen: The request's features.
    """

    name: str
    seen: Features


class Decisions:
    """Keep the last 10,000 decisions, and the last 10,000 verdicts.

    A decision takes about a kilobyte: of a request only its features are kept.
    """

    def __init__(self) -> None:
        # Decisions of another router, or of an earlier process, must not be taken for one's own.
        self._prefix = secrets.token_hex(6)
        self._count = 0
        self._open: OrderedDict[str, Decision] = OrderedDict()
        self._judged: OrderedDict[str, float] = OrderedDict()

    def add(self, decision: Decision) -> str:
        """Keep a decision, and return its name."""
        self._count += 1
        name = f"{self._prefix}-{self._count}"
        _put(self._open, name, decision)
        return name

    def judge(self, id: str, quality: float) -> Decision | None:
        """Take a decision out, now that it is judged; `None` if it was judged the same before.

        Raises:
            NotFoundError: There is no such decision, or there is no longer.
            InvalidInputError: It was judged otherwise before.
        """
        earlier = self._judged.get(id)
        if earlier is not None:
            if earlier != quality:
                raise invalid_input(
                    f"decision {id!r} was judged {earlier:g} before, and is now judged "
                    f"{quality:g}; a decision is judged once"
                )
            return None
        decision = self._open.pop(id, None)
        if decision is None:
            raise NotFoundError(Failure("not_found", _unknown(id), local=True))
        _put(self._judged, id, quality)
        return decision

    def drop(self, id: str) -> None:
        """Forget a decision that came to nothing."""
        self._open.pop(id, None)

    def __contains__(self, id: object) -> bool:
        return id in self._open

    def __len__(self) -> int:
        return len(self._open)


def _put(kept: OrderedDict[str, V], id: str, value: V) -> None:
    kept[id] = value
    if len(kept) > _MOST:
        kept.popitem(last=False)


def _unknown(id: str) -> str:
    return (
        f"no decision {id!r:.80} waits to be judged: it is another router's, its attempt failed, "
        f"or {_MOST:,} others have been made since"
    )
