"""What a learned router sees of a request: hashed words and pairs of words, and a few measures.

The words are not kept. Each word, and each pair of neighbours, is a slot of a table of fixed size
(the hashing trick: K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML
2009). In scripts that put no space between words each character is a word, so that pairs are what
words would be. The slots are the same in every process and on every machine.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from itertools import pairwise
from math import log1p, sqrt
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

import msgspec

from beluga.schema import (
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    Message,
    SystemMessage,
    VideoPart,
)

__all__ = ["CUES", "SLOTS", "VERSION", "Features", "Integers", "Numbers", "features_of"]

VERSION: Final = 1
"""Changes whenever the same request has other features, and so weights lose their meaning."""

SLOTS: Final = 1 << 16

_MASK: Final = SLOTS - 1
_HEAD: Final = 3072
_TAIL: Final = 1024
_EDGE: Final = 0x5BD1E995

# Han, kana, Thai, Lao, Tibetan, Myanmar and Khmer; Hangul stands apart too, for its endings.
_UNSPACED: Final = (
    "\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(r"[^\W_]+")
_WORD_OR_SIGN: Final = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_NUMBER: Final = re.compile(r"\d+")
_CAPITAL: Final = re.compile("[A-Z]")
_MEDIA: Final = (AudioPart, FilePart, ImagePart, VideoPart)
_OPERATORS: Final = "+-*/=^<>"
_CODE: Final = ("```", "def ", "{", ";", "()", "\\")
_NEGATIONS: Final = (" not ", "except", "n't ")

_SCALES: Final = (
    (5.5, 0.9),  # characters, as a logarithm
    (0.4, 0.5),  # thousands of characters
    (4.3, 0.75),  # characters a word
    (0.09, 0.08),  # share of words of nine characters or more
    (0.72, 0.15),  # share of words that are not repeated
    (0.7, 0.9),  # numbers, as a logarithm
    (0.04, 0.08),  # numbers a word
    (0.4, 0.7),  # operators, as a logarithm
    (1.3, 0.9),  # line ends, likewise
    (0.04, 0.03),  # share of capital letters
    (0.45, 0.35),  # question marks, as a logarithm
    (0.9, 1.0),  # commas, likewise
    (1.8, 0.75),  # sentences, likewise
    (0.11, 0.07),  # sentences a word
    (0.2, 0.45),  # brackets, as a logarithm
    (0.15, 0.5),  # quotes, likewise
    (0.15, 0.5),  # money and percentages, likewise
    (0.1, 0.4),  # signs of code, likewise
    (0.25, 0.4),  # a negation occurs
    (0.0, 0.3),  # a gap is to be filled
    (0.1, 0.3),  # it is not plain ASCII
    (0.0, 1.0),  # earlier messages, as a logarithm
    (0.0, 4.0),  # their characters, likewise
    (0.0, 1.0),  # images, sounds and files
)
"""Where each cue lies and how far it varies, on single questions of several kinds."""

CUES: Final = len(_SCALES)


if TYPE_CHECKING:
    Integers: TypeAlias = array[int]
    Numbers: TypeAlias = array[float]
else:
    Integers = Numbers = array  # an array takes no parameter at run time before Python 3.12


class Features(msgspec.Struct, frozen=True):
    """Describe a request in numbers; a kilobyte of them at most times.

    Attributes:
        slots: The words and pairs of words that occur, each once, as places in the table.
        weight: What each of them counts, so that long texts do not weigh more than short ones.
        cues: Measures of the text and the conversation, each about -2 to 2.
    """

    slots: Integers
    weight: float
    cues: Numbers


def features_of(messages: Sequence[Message]) -> Features:
    """Return the features of a conversation: mostly of what its last human message says.

    Of a long text its beginning and its end are read, 4,096 characters in all.
    """
    place = _asking(messages)
    whole = messages[place].text
    text = whole if len(whole) <= _HEAD + _TAIL else whole[:_HEAD] + " " + whole[-_TAIL:]
    lower = text.lower()
    words = (_WORD if lower.isascii() else _WORD_OR_SIGN).findall(lower)
    slots = _slots(words)
    for message in messages:
        if isinstance(message, SystemMessage):
            # An application's instructions tell its tasks apart, whatever they say.
            slots.add(_hashed(message.text[:_HEAD]) & _MASK)
    cues = _cues(messages, place, len(whole), text, words)
    return Features(array("H", slots), 1.0 / sqrt(len(slots) + 1), cues)


def _asking(messages: Sequence[Message]) -> int:
    """Return the place of the last human message; where there is none, of the last one."""
    for place in range(len(messages) - 1, -1, -1):
        if isinstance(messages[place], HumanMessage):
            return place
    return len(messages) - 1


def _hashed(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _slots(words: Sequence[str]) -> set[int]:
    hashes = [crc32(word.encode("utf-8", "surrogatepass")) for word in words]
    slots = {value & _MASK for value in hashes}
    edged = [_EDGE, *hashes, _EDGE]
    # crc32 is linear, so a sum of two is spread by multiplying before bits of the middle are taken.
    slots.update([((a * 0x9E3779B1 ^ b * 0x85EBCA6B) >> 13) & _MASK for a, b in pairwise(edged)])
    return slots


def _cues(
    messages: Sequence[Message], place: int, length: int, text: str, words: Sequence[str]
) -> array[float]:
    count = len(words) + 1
    many = text.count
    lower = text.lower()
    letters = [len(word) for word in words]
    numbers = len(_NUMBER.findall(text))
    operators = sum([many(sign) for sign in _OPERATORS])
    sentences = many(".") + many("?") + many("!")
    elsewhere = sum([len(message.text) for message in messages]) - length
    media = sum([1 for part in messages[place].parts if isinstance(part, _MEDIA)])
    raw = (
        log1p(length),
        min(length, 8000) / 1000,
        sum(letters) / count,
        sum([size >= 9 for size in letters]) / count,
        len(set(words)) / count,
        log1p(numbers),
        numbers / count,
        log1p(operators),
        log1p(many("\n")),
        len(_CAPITAL.findall(text)) / (len(text) + 1),
        log1p(many("?")),
        log1p(many(",")),
        log1p(sentences),
        sentences / count,
        log1p(many("(") + many("[")),
        log1p(many('"') + many("“")),
        log1p(many("$") + many("%")),
        log1p(sum([many(sign) for sign in _CODE])),
        float(any(word in lower for word in _NEGATIONS)),
        float("__" in text),
        0.0 if text.isascii() else 1.0,
        log1p(place),
        log1p(elsewhere),
        float(media),
    )
    return array(
        "d",
        [
            max(-3.0, min(3.0, (value - mean) / spread))
            for value, (mean, spread) in zip(raw, _SCALES, strict=True)
        ],
    )
