"""Questions that several models have answered, and how good each answer was.

They stand beside the repository, in `../shared/data`, or wherever `BELUGA_DATA` says. They are
parted by a hash of the question without regard to case and spaces, so that one that is there twice
is on one side: six tenths to learn from, two to choose by what to build, two kept back for figures.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tests.architecture.source import ROOT

__all__ = ["PAIRS", "SIX", "Price", "Question", "folds", "of_pair", "prices", "questions"]

PAIRS = {
    "mmlu": ("mixtral-8x7b", "gpt-4-1106"),
    "gsm8k": ("mixtral-8x7b", "gpt-4-1106"),
    "llmrouter": ("mistral-7b-instruct-v0.3", "llama-3.1-nemotron-51b-instruct"),
}
"""By source, the weaker and the stronger model between which is chosen."""

SIX = (
    "gemma-2-9b-it",
    "llama-3.1-8b-instruct",
    "llama-3.1-nemotron-51b-instruct",
    "llama-3.3-nemotron-super-49b-v1",
    "mistral-7b-instruct-v0.3",
    "qwen2.5-7b-instruct",
)
"""The six of the nine models of LLMRouter whose answers are good more often than one in three."""

_OUTPUT = 250


class Price(msgspec.Struct, frozen=True, rename={"input": "in", "output": "out"}):
    """US dollars per million tokens."""

    input: float
    output: float


class Question(msgspec.Struct, frozen=True, rename={"source": "src", "tokens": "tok", "good": "y"}):
    """A question.

    Attributes:
        source: Where it was collected.
        prompt: What was asked.
        tokens: How long it is.
        good: How good each model's answer was, 0 to 1.
    """

    source: str
    prompt: str
    tokens: int
    good: Mapping[str, float]

    @property
    def place(self) -> int:
        """A number from 0 to 99 that is the same for the same question."""
        plain = " ".join(self.prompt.lower().split())
        return int(hashlib.sha256(f"beluga routing/{plain}".encode()).hexdigest(), 16) % 100

    @property
    def kept_back(self) -> bool:
        """Whether nothing was chosen by it."""
        return self.place >= 80

    def cost(self, price: Price) -> float:
        """Return what an answer costs; its length is not in the data, so 250 tokens are assumed."""
        return (self.tokens * price.input + _OUTPUT * price.output) / 1e6


def questions() -> list[Question]:
    """Return all questions; none where the data is absent."""
    path = _folder() / "routing.jsonl.gz"
    if not path.exists():
        return []
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [msgspec.json.decode(line, type=Question) for line in lines]


def prices() -> Mapping[str, Price]:
    """Return the models' prices."""
    return msgspec.json.decode((_folder() / "models.json").read_bytes(), type=dict[str, Price])


def of_pair(source: str, known: Sequence[Question]) -> list[Question]:
    """Return the questions of a source that both models of its pair have answered."""
    pair = PAIRS[source]
    return [q for q in known if q.source == source and all(m in q.good for m in pair)]


def folds(known: Sequence[Question], count: int) -> list[tuple[list[Question], list[Question]]]:
    """Return what to learn from and what to judge by, *count* times."""
    return [
        (
            [q for q in known if q.place % count != fold],
            [q for q in known if q.place % count == fold],
        )
        for fold in range(count)
    ]


def _folder() -> Path:
    given = os.environ.get("BELUGA_DATA")
    return (Path(given) if given else ROOT.parent / "shared" / "data") / "routing"
