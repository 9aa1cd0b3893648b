"""OpenAI's two encodings, from ranks that are part of the package: no network, ever.

They are built with `tiktoken.Encoding` itself. tiktoken's registry would fetch the ranks over the
network, wait for them without a limit, and take no second encoding of a name in a process.
"""

from __future__ import annotations

import codecs
import lzma
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from beluga.errors import invalid_input
from beluga.tokens.offloading import LONG, whole

if TYPE_CHECKING:
    import tiktoken

__all__ = ["EncodingName", "count", "decoded", "encoded", "preload", "ranked_tokens"]

EncodingName: TypeAlias = Literal["o200k", "cl100k"]
"""`o200k`: OpenAI's models since GPT-4o. `cl100k`: GPT-4 and GPT-3.5."""

NAMES: Final[tuple[EncodingName, ...]] = get_args(EncodingName)

# Source of the patterns: `tiktoken_ext.openai_public`.
_UPPER: Final = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER: Final = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE: Final = r"[^\r\n\p{L}\p{N}]?"
_CONTRACTION: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_PATTERNS: Final[Mapping[EncodingName, tuple[str, ...]]] = {
    "o200k": (
        f"{_BEFORE}{_UPPER}*{_LOWER}+{_CONTRACTION}",
        f"{_BEFORE}{_UPPER}+{_LOWER}*{_CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ),
    "cl100k": (
        r"'(?i:[sdmt]|ll|ve|re)",
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",
        r"\p{N}{1,3}+",
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
        r"\s++$",
        r"\s*[\r\n]",
        r"\s+(?!\S)",
        r"\s",
    ),
}

_PIECE: Final = 1 << 15
_SEAM: Final = re.compile(r"(?<=[a-z])(?= [a-z])|(?<=\n)(?=[A-Za-z])")
"""Where both patterns part any text: before a space between words, where a line begins with a
letter."""

_RUN: Final = 1 << 19
_SPACES: Final = re.compile(rf"(?<![^\S\r\n])[^\S\r\n]{{{_RUN + 1},}}")
"""Spaces without end: the pattern gives up at a million of them in a row, in a panic that is no
`Exception`."""

_COUNT: Final = 4
"""Bytes that say how many tokens a file of ranks holds."""

_lock: Final = threading.Lock()
_loaded: Final[dict[EncodingName, tiktoken.Encoding]] = {}


async def preload(*encodings: str) -> None:
    """Load *encodings* in a worker thread, so that no first count waits for them: half a second.

    Args:
        encodings: `"o200k"`, `"cl100k"`; none means `"o200k"`, which all but old models of OpenAI's
            are counted with.

    Raises:
        InvalidInputError: There is no such encoding.
    """
    for name in [_checked(given) for given in encodings] or [NAMES[0]]:
        if name not in _loaded:
            await whole(partial(_encoding, name), LONG)


def encoded(text: str, name: EncodingName) -> list[int]:
    """Return the tokens of *text*, in which a special token's name is text like any other."""
    encode = _encoding(name).encode_ordinary
    if len(text) <= _RUN:
        return encode(text)
    return [token for piece in _without_long_runs(text) for token in encode(piece)]


def count(text: str, name: EncodingName) -> int:
    """Return how many tokens *text* has.

    A long text is encoded in pieces, so that other threads have a turn: while the tokens of a piece
    are made a list, the interpreter's lock is held.
    """
    encode = _encoding(name).encode_ordinary
    return sum([len(encode(piece)) for piece in _pieces(text)])


def decoded(tokens: Sequence[int], name: EncodingName) -> str:
    """Return the text of *tokens*; a character of which the end is missing is left out.

    Raises:
        InvalidInputError: One of them is no token of this encoding.
    """
    try:
        text = _encoding(name).decode_bytes(tokens)
    except (KeyError, OverflowError, TypeError) as error:
        raise invalid_input(f"{name} has no such token: {error}") from None
    return codecs.getincrementaldecoder("utf-8")("replace").decode(text)


def ranked_tokens(name: EncodingName) -> Iterator[bytes]:
    """Give the bytes of each token, by rank."""
    packed = files("beluga.tokens").joinpath(f"{name}.bin").read_bytes()
    ranks = memoryview(lzma.decompress(packed))
    start = _COUNT + int.from_bytes(ranks[:_COUNT], "big")
    for begin, end in pairwise(accumulate(ranks[_COUNT:start], initial=start)):
        yield bytes(ranks[begin:end])


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while seam := _SEAM.search(text, start + _PIECE):
        yield from _without_long_runs(text[start : seam.start()])
        start = seam.start()
    yield from _without_long_runs(text[start:])


def _without_long_runs(text: str) -> Iterator[str]:
    """Give *text* in pieces that end within runs of spaces where these are too long to encode."""
    start = 0
    for run in _SPACES.finditer(text) if len(text) > _RUN else ():
        for stop in range(run.start() + _RUN, run.end(), _RUN):
            yield text[start:stop]
            start = stop
    yield text[start:]


def _encoding(name: EncodingName) -> tiktoken.Encoding:
    known = _loaded.get(name)
    if known is not None:
        return known
    with _lock:
        if name not in _loaded:
            _loaded[name] = _built(name)
        return _loaded[name]


def _built(name: EncodingName) -> tiktoken.Encoding:
    import tiktoken

    return tiktoken.Encoding(
        f"beluga_{name}",
        pat_str="|".join(_PATTERNS[name]),
        mergeable_ranks={token: rank for rank, token in enumerate(ranked_tokens(name))},
        special_tokens={},
    )


def _checked(name: str) -> EncodingName:
    for known in NAMES:
        if name in (known, f"{known}_base"):
            return known
    raise invalid_input(f"no encoding {name!r}; there are {', '.join(NAMES)}")
