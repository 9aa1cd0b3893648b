"""How much each turn has to do with a question: BM25, its neighbours, and windows of turns.

Okapi BM25: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
Foundations and Trends in Information Retrieval 3(4), 2009. An answer rarely repeats the words of
its question, but stands near turns that do: so a turn is given a part of what its neighbours score,
and of what the window around it scores as if it were one text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice
from math import log

import msgspec

__all__ = ["Relevance", "Terms"]

_AT_ONCE = 4096


class Terms(msgspec.Struct, frozen=True):
    """How often each term occurs in a turn, and how many terms it has."""

    counts: Mapping[str, int]
    length: int

    @classmethod
    def of(cls, terms: Iterable[str]) -> Terms:
        """Count *terms*, some at a time: while they are counted, no other thread has a turn."""
        given, counts, length = iter(terms), Counter[str](), 0
        while some := list(islice(given, _AT_ONCE)):
            counts.update(some)
            length += len(some)
        return cls(counts, length)


class Relevance(msgspec.Struct, frozen=True, kw_only=True):
    """Score turns by a question.

    Attributes:
        k1: How soon more occurrences of a term stop to matter.
        b: How much a long turn is held back.
        neighbours: What a turn is given of the scores of those one place away, two and so on.
        windows: How many turns a window spans, and what its score weighs beside a turn's own, for
            each size of windows; they begin at every quarter of their size.
    """

    k1: float = 1.2
    b: float = 0.75
    neighbours: tuple[float, ...] = (0.5, 0.25)
    windows: tuple[tuple[int, float], ...] = ((12, 0.4), (24, 0.4))

    def scores(self, question: Terms, turns: Sequence[Terms]) -> list[float]:
        """Return how much each of *turns* has to do with *question*; 0 is nothing."""
        columns = [
            (weight, [turn.counts.get(term, 0) for turn in turns])
            for term, weight in question.counts.items()
        ]
        lengths = [turn.length for turn in turns]
        own = self._spread(self._bm25(columns, lengths))
        scores = _scaled(own)
        for size, weight in self.windows:
            around = self._windowed(columns, lengths, size)
            scores = [a + weight * b for a, b in zip(scores, around, strict=True)]
        return scores

    def _bm25(
        self, columns: Sequence[tuple[int, Sequence[int]]], lengths: Sequence[int]
    ) -> list[float]:
        number = len(lengths)
        mean = sum(lengths) / number if any(lengths) else 1.0
        norms = [self.k1 * (1 - self.b + self.b * length / mean) for length in lengths]
        scores = [0.0] * number
        for weight, column in columns:
            found = [(i, times) for i, times in enumerate(column) if times]
            rarity = weight * log(1 + (number - len(found) + 0.5) / (len(found) + 0.5))
            for i, times in found:
                scores[i] += rarity * times * (self.k1 + 1) / (times + norms[i])
        return scores

    def _spread(self, scores: Sequence[float]) -> list[float]:
        spread = list(scores)
        for distance, share in enumerate(self.neighbours, 1):
            for i, score in enumerate(scores):
                if not score:
                    continue
                if i >= distance:
                    spread[i - distance] += share * score
                if i + distance < len(scores):
                    spread[i + distance] += share * score
        return spread

    def _windowed(
        self, columns: Sequence[tuple[int, Sequence[int]]], lengths: Sequence[int], size: int
    ) -> list[float]:
        """Return for each turn the score of the best window it stands in, at most 1."""
        number = len(lengths)
        spans = [(i, min(i + size, number)) for i in range(0, number, size // 4 or 1)]
        sums = [(weight, _summed(column, spans)) for weight, column in columns]
        best = [0.0] * number
        scored = _scaled(self._bm25(sums, _summed(lengths, spans)))
        for (start, stop), score in zip(spans, scored, strict=True):
            for i in range(start, stop):
                best[i] = max(best[i], score)
        return best


def _summed(column: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[int]:
    sums = [*accumulate(column, initial=0)]
    return [sums[stop] - sums[start] for start, stop in spans]


def _scaled(scores: Sequence[float]) -> list[float]:
    most = max(scores, default=0.0)
    return [score / most for score in scores] if most else list(scores)
