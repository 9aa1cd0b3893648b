"""Keep the turns that have to do with the question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from beluga.context.cutting import opened
from beluga.context.memo import Memo
from beluga.context.relevance import Relevance, Terms
from beluga.context.turns import History, Turn
from beluga.context.words import terms_of
from beluga.effects import Effects
from beluga.errors import invalid_input
from beluga.schema import AIMessage, Message
from beluga.tokens.offloading import each

__all__ = ["Embed", "Ranking", "Semantic", "text_of"]

Embed: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Turn texts into vectors, one each, in their order."""

_FUSION = 20
_NO_TERMS = Terms({}, 0)


class Semantic:
    """Keep the turns that have most to do with the last human turn, as many as fit.

    Turns are scored by BM25 with light stemming, by their neighbours and by windows of turns. It
    needs no model and no network. What it has counted of a message is kept for the next time.

    Args:
        embed: Turns texts into vectors; its ranking, by cosine, is fused with that by words.
        relevance: How words are scored.

    Raises:
        InvalidInputError: *embed* is no function.
    """

    name: str = "semantic"

    def __init__(self, embed: Embed | None = None, *, relevance: Relevance | None = None) -> None:
        self._ranking = Ranking(embed, relevance)

    async def choose(self, history: History, _fx: Effects, /) -> list[Turn]:
        """Return the most relevant turns that fit, and what is pinned."""
        kept, spare = history.pinned, history.spare
        for turn in await self._ranking.of(history):
            if not turn.pinned and turn.tokens <= spare:
                kept.append(turn)
                spare -= turn.tokens
        return opened(kept, history)

    def __repr__(self) -> str:
        return "Semantic()"


class Ranking:
    """Order turns by what they have to do with the question.

    Raises:
        InvalidInputError: *embed* is no function.
    """

    def __init__(self, embed: Embed | None = None, relevance: Relevance | None = None) -> None:
        if embed is not None and not callable(embed):
            raise invalid_input("embed must be an async function from texts to vectors")
        self._embed = embed
        self._relevance = Relevance() if relevance is None else relevance
        self._terms: Memo[Terms] = Memo()
        self._vectors: Memo[Sequence[float]] = Memo()

    async def of(self, history: History) -> list[Turn]:
        """Return the dialogue of *history*, the most relevant turn first, newer ones before older.

        The question is the last human turn; without one, the last turn.
        """
        turns = history.dialogue
        question = history.last_human or (turns[-1] if turns else None)
        if question is None:
            return []
        said = [message for turn in (*turns, question) for message in turn.messages]
        await each(self._counted, [m for m in said if self._terms.get(m) is None])
        ranked = self._by_words(question, turns)
        if self._embed is not None:
            ranked = _fused(ranked, await self._by_vectors(self._embed, question, turns))
        return [turns[i] for i in ranked]

    def _by_words(self, question: Turn, turns: Sequence[Turn]) -> list[int]:
        terms = [self._terms_of(turn) for turn in turns]
        return _order(self._relevance.scores(self._terms_of(question), terms))

    def _terms_of(self, turn: Turn) -> Terms:
        found = [self._counted(message) for message in turn.messages]
        if len(found) == 1:
            return found[0]
        total: Counter[str] = Counter()
        for terms in found:
            total.update(terms.counts)
        return Terms(total, sum([terms.length for terms in found]))

    def _counted(self, message: Message) -> Terms:
        known = self._terms.get(message)
        if known is not None:
            return known
        return self._terms.put(message, Terms.of(terms_of(text_of(message))))

    async def _by_vectors(self, embed: Embed, question: Turn, turns: Sequence[Turn]) -> list[int]:
        heads = [turn.messages[0] for turn in turns]
        texts = {id(turn.messages[0]): _text(turn) for turn in (*turns, question)}
        new = [m for m in (*heads, question.messages[0]) if self._vectors.get(m) is None]
        new = list({id(message): message for message in new}.values())
        if new:
            before = next((v for head in heads if (v := self._vectors.get(head))), None)
            vectors = await embed([texts[id(message)] for message in new])
            for message, vector in zip(new, _units(vectors, len(new), before), strict=True):
                self._vectors.put(message, vector)
        asked = self._vectors.get(question.messages[0]) or ()
        known = [self._vectors.get(head) or () for head in heads]
        return _order([sum([a * b for a, b in zip(asked, v, strict=True)]) for v in known])


def text_of(message: Message) -> str:
    """Return the words of *message*, those of its calls included."""
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [f"{call.name} {call.arguments}" for call in message.tool_calls]
        return "\n".join([message.text, *calls])
    return message.text


def _text(turn: Turn) -> str:
    return "\n".join([text_of(message) for message in turn.messages])


def _order(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda i: (-scores[i], -i))


def _fused(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Fuse two rankings: G. Cormack, C. Clarke, S. Büttcher, "Reciprocal Rank Fusion", 2009."""
    scores = [0.0] * len(one)
    for ranking in (one, other):
        for rank, i in enumerate(ranking):
            scores[i] += 1 / (_FUSION + rank)
    return _order(scores)


def _units(vectors: object, number: int, like: Sequence[float] | None) -> Sequence[Sequence[float]]:
    """Return what an embedding gave at length 1, one for each of *number* texts.

    Raises:
        InvalidInputError: It is not so many vectors, all as long as those of before.
    """
    try:
        units = [_unit(vector) for vector in vectors]  # type: ignore[attr-defined]  # tried
    except (TypeError, ValueError) as error:
        raise invalid_input(f"embed must return vectors of numbers: {error}") from None
    lengths = {len(unit) for unit in (*units, *([] if like is None else [like]))}
    if len(units) != number or len(lengths) > 1:
        raise invalid_input(
            f"embed must return a vector for each of {number} texts, all of one length; "
            f"got {len(units)} of lengths {sorted(lengths)!r:.80}"
        )
    if not all(math.isfinite(x) for unit in units for x in unit):
        raise invalid_input("embed must return vectors of finite numbers")
    return units


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum([x * x for x in vector]))
    return [x / length for x in vector] if length else list(vector)
