"""How good each model's answer to a request will be: a logistic regression that learns as it goes.

The log-odds of a good answer are a sum of two parts of one form: what all models share, which is
how hard the request is, and what is a model's own. So an answer of one model teaches something of
all. In each part the weights of words are learnt by AdaGrad (J. Duchi, E. Hazan, Y. Singer, JMLR
12, 2011), which costs one step a word. The coefficients of the few cues are learnt by an extended
Kalman filter, which is online Bayesian logistic regression with a Gaussian posterior: a hundred
answers say something about them, and no rate has to be chosen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import exp, sqrt
from operator import mul
from types import MappingProxyType
from typing import Final

import msgspec

from beluga.routing.features import CUES, SLOTS, Features, Numbers

__all__ = ["SIZE", "Part", "Prior", "Regression"]

SIZE = CUES + 1
"""Coefficients of the cues, and the constant."""

_RATE = 0.1
_INITIAL = 0.01
_VARIANCE = 0.05
_VARIANCE_OF_CONSTANT = 2.0
_LEAST_INFORMATION = 0.02
_UNKNOWN: Final = (*[_VARIANCE] * CUES, _VARIANCE_OF_CONSTANT)


class Part:
    """One part of the sum.

    Attributes:
        weights: The weight of each word slot.
        squares: The sum of its squared gradients.
        mean: The coefficients of the cues, the constant last.
        spread: Their covariance, by rows.
        judged: How many answers it has learnt from.
    """

    weights: Numbers
    squares: Numbers
    mean: Numbers
    spread: list[Numbers]
    judged: int

    def __init__(self) -> None:
        self.weights = array("f", bytes(4 * SLOTS))
        self.squares = array("f", bytes(4 * SLOTS))
        self.mean = array("d", bytes(8 * SIZE))
        self.spread = [array("d", bytes(8 * SIZE)) for _ in range(SIZE)]
        for place, variance in enumerate(_UNKNOWN):
            self.spread[place][place] = variance
        self.judged = 0

    def score(self, seen: Features) -> float:
        """Return this part's share of the log-odds."""
        words: float = sum(map(self.weights.__getitem__, seen.slots))
        # There is one coefficient more than cues: the constant, which stands at the end.
        cues: float = sum(map(mul, self.mean, seen.cues))
        return seen.weight * words + cues + self.mean[CUES]

    def doubt(self, seen: Features) -> float:
        """Return the standard deviation of this part's share, as far as cues go.

        What coefficients have in common is left out: the diagonal tells nearly as much, in a
        twentieth of the time.
        """
        return _deviation([row[place] for place, row in enumerate(self.spread)], seen)

    def step(self, seen: Features, gradient: float) -> None:
        """Move the weights of words against the gradient of the loss by their sum."""
        slope = gradient * seen.weight
        square, weights, squares = slope * slope, self.weights, self.squares
        for slot in seen.slots:
            total = squares[slot] + square
            squares[slot] = total
            weights[slot] -= _RATE * slope / sqrt(_INITIAL + total)

    def shift(self, gain: Iterable[float], surprise: float, certainty: float) -> None:
        """Move the coefficients of cues along *gain*, and be so much surer of them."""
        along = array("d", gain)
        self.mean = array("d", [m + surprise * g for m, g in zip(self.mean, along, strict=True)])
        for row, g in zip(self.spread, along, strict=True):
            factor = g * certainty
            row[:] = array("d", [r - factor * other for r, other in zip(row, along, strict=True)])


class Prior(msgspec.Struct, frozen=True):
    """What is expected of a model before anything is learnt of it.

    Attributes:
        constant: Its log-odds above what all models share.
        slope: How they grow with the length of the request.
    """

    constant: float = 0.0
    slope: float = 0.0


class Regression:
    """What all models share, and each model's own part by its name."""

    def __init__(self) -> None:
        self.shared: Part = Part()
        self.own: dict[str, Part] = {}

    def add(self, name: str, prior: Prior) -> None:
        """Begin to learn of a model."""
        part = Part()
        part.mean[CUES], part.mean[0] = prior.constant, prior.slope
        self.own[name] = part

    def judged(self, name: str) -> int:
        """Return how many answers of a model it has learnt from."""
        part = self.own.get(name)
        return 0 if part is None else part.judged

    def predict(
        self,
        seen: Features,
        priors: Mapping[str, Prior],
        hopes: Mapping[str, float] = MappingProxyType({}),
    ) -> dict[str, float]:
        """Return the expected quality of each model's answer, 0 to 1.

        Args:
            seen: The request.
            priors: Of which models, and what to expect of those of which nothing is learnt.
            hopes: By how many standard deviations of what is not known of a model itself each is
                taken for better than expected; the result may then be above 1.
        """
        shared = self.shared.score(seen)
        expected: dict[str, float] = {}
        for name, prior in priors.items():
            part = self.own.get(name)
            own = prior.constant + prior.slope * seen.cues[0] if part is None else part.score(seen)
            quality = _logistic(shared + own)
            hope = hopes.get(name)
            if hope:
                # The slope of the logistic function turns log-odds into quality.
                doubt = _deviation(_UNKNOWN, seen) if part is None else part.doubt(seen)
                quality += hope * doubt * quality * (1.0 - quality)
            expected[name] = quality
        return expected

    def learn(self, seen: Features, qualities: Mapping[str, float]) -> None:
        """Learn how good answers to one request were, by the names of the models that gave them."""
        for name, quality in qualities.items():
            self._learn(seen, self.own[name], quality)

    def _learn(self, seen: Features, own: Part, quality: float) -> None:
        shared = self.shared
        expected = _logistic(shared.score(seen) + own.score(seen))
        cues = (*seen.cues, 1.0)
        gains = [[sum(map(mul, row, cues)) for row in part.spread] for part in (own, shared)]
        information = max(expected * (1.0 - expected), _LEAST_INFORMATION)
        variance = sum([sum(map(mul, gain, cues)) for gain in gains])
        certainty = 1.0 / (variance + 1.0 / information)
        surprise = (quality - expected) / information * certainty
        for part, gain in zip((own, shared), gains, strict=True):
            part.step(seen, expected - quality)
            part.shift(gain, surprise, certainty)
            part.judged += 1


def _logistic(odds: float) -> float:
    if odds < -700.0:
        return 0.0
    return 1.0 / (1.0 + exp(-odds))


def _deviation(variances: Sequence[float], seen: Features) -> float:
    cues = sum([v * cue * cue for v, cue in zip(variances, seen.cues, strict=False)])
    return sqrt(cues + variances[CUES])
