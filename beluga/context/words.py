"""The terms of a text, for telling which turns speak of the same things.

Words are folded, stripped of a light English ending, and dropped where they carry no subject. In
scripts that put no space between words, every pair of neighbouring characters is a term.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

__all__ = ["STOP_WORDS", "stem", "terms_of"]

STOP_WORDS = frozenset(
    """
    a about above actually after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing don down during each else ever few for
    from further get go going got had has have having he her here hers herself him himself his how i
    if in into is it its itself just kind know let like ll lot may maybe me mean might mm more most
    much must my myself no nor not now of off oh ok okay on once one only onto or other our ours out
    over own perhaps please quite rather re really right s said same say she should so some sort
    still such sure t than that the their theirs them then there these they thing things think this
    those though through to too uh um under until up upon us ve very was way we well were what when
    where whether which while who whom whose why will with within without would yeah yes yet you
    your yours
    """.split()  # noqa: SIM905 - a list of so many lines would hide the module
)
"""English words that say nothing of a subject."""

_WORD = re.compile(r"[^\W_]+")
# Han, kana, Thai, Lao, Tibetan, Myanmar, Khmer, and Hangul, whose endings are part of its words.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]+"
)
_PIECE = 1 << 14
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", ""))
_SHORTEST_STEM = 3


def terms_of(text: str) -> Iterator[str]:
    """Give the terms of *text* in order, each as often as it occurs."""
    # In pieces, since a search holds the interpreter's lock from its beginning to its end.
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE].casefold()
        if not piece.isascii():
            for run in _UNSPACED.findall(piece):
                yield from _pairs(run)
            piece = _UNSPACED.sub(" ", piece)
        for word in _WORD.findall(piece):
            term = stem(word)
            if term:
                yield term


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """Return *word*, in lower case, without a light English ending; nothing for a stop word."""
    if word in STOP_WORDS:
        return ""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return _settled(word[: -len(ending)] + instead)
    return _settled(word)


def _settled(word: str) -> str:
    """Return what forms of a word share that double its last letter or end it with an e."""
    if len(word) <= _SHORTEST_STEM or not word.isascii():
        return word
    if word[-1] == word[-2] and word[-1].isalpha():
        return word[:-1]
    return word[:-1] if word[-1] == "e" else word


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in pairwise(run):
        yield first + second
