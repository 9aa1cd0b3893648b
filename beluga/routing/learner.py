"""What a learned router knows, and how it chooses by it; without waiting, locks or files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from beluga.errors import invalid_input
from beluga.routing.candidate import Candidate
from beluga.routing.decisions import Decision, Decisions
from beluga.routing.drawing import Draw, drawn
from beluga.routing.features import Features
from beluga.routing.regression import Prior, Regression

__all__ = ["MOST_MODELS", "Learner"]

MOST_MODELS: Final = 256
"""How many models are learnt of at most; each takes half a megabyte."""

_KNOWN: Final = 50
"""From how many judged answers on a model is chosen by what was learnt of it."""
_SOON: Final = 3
"""After how many judged answers chance chooses less often, by the root of two."""
_FIRST: Final = 5
"""How often each model is asked at first, if no fallback chooses."""
_SLOPE: Final = 0.1
"""By how much, in log-odds, the dearest of several models is expected to be better."""
_SUREST: Final = 0.01
_BEST: Final = "it is expected to do best"


class Learner:
    """Expect, choose, and learn from verdicts.

    Args:
        exploration: The share of requests for which chance chooses at first.
        regression: What is known.
    """

    def __init__(self, exploration: float, regression: Regression) -> None:
        self.regression = regression
        self._exploration = exploration
        self._priors = dict.fromkeys(regression.own, Prior())
        self._asked: Counter[str] = Counter()
        self._decisions = Decisions()

    def strangers(self, candidates: Sequence[Candidate]) -> list[str]:
        """Return the names of those of whom too little is known to choose by it."""
        return [c.label for c in candidates if self.regression.judged(c.label) < _KNOWN]

    def hoped(self, seen: Features, candidates: Sequence[Candidate]) -> dict[str, float]:
        """Return how good each candidate's answer may well be; nothing changes by it.

        It is the expected quality, 0 to 1, and if anything is to be explored, a standard deviation
        of it: an upper confidence bound. So those of whom little is known are asked.
        """
        met = self._priors
        if not met.keys() >= {c.label for c in candidates}:
            met = self._newly_met(candidates) | met
        priors = {c.label: met[c.label] for c in candidates}
        return self.regression.predict(seen, priors, self._hopes(priors))

    def known(self, seen: Features) -> dict[str, float]:
        """Return what is expected of every model that was ever offered or learnt of."""
        return self.regression.predict(seen, self._priors)

    def draw(self, scores: Mapping[str, float], preferred: str | None, chance: float) -> Draw:
        """Choose among candidates; nothing changes by it.

        Args:
            scores: How well each does, by name.
            preferred: Whom another strategy would choose, if one is asked while little is known.
            chance: A number drawn evenly from 0 to 1; at 1 chance does not choose.
        """
        judged = {name: self.regression.judged(name) for name in scores}
        if preferred is not None:
            return self._deferring(scores, judged, preferred, chance)
        best = max(scores, key=scores.__getitem__)
        if not self._exploration or len(scores) == 1:
            return drawn(best, (), 0.0, chance, _BEST)
        asked = {name: max(count, self._asked[name]) for name, count in judged.items()}
        fewest = min(asked, key=asked.__getitem__)
        if asked[fewest] < _FIRST:
            return drawn(fewest, (), 0.0, chance, "it is new")
        share = self._exploration / math.sqrt(1.0 + sum(judged.values()) / _SOON)
        return drawn(best, tuple(scores), share, chance, _BEST)

    def decide(self, draw: Draw, seen: Features, candidates: Sequence[Candidate]) -> str:
        """Take note of a choice, and return the name by which it is judged."""
        for name, prior in self._newly_met(candidates).items():
            self._priors.setdefault(name, prior)
        self._asked[draw.name] += 1
        return self._decisions.add(Decision(draw.name, seen))

    def awaits(self, decision_id: str) -> bool:
        """Whether a choice has not been judged yet."""
        return decision_id in self._decisions

    def drop(self, decision_id: str) -> None:
        """Forget a choice that came to nothing."""
        self._decisions.drop(decision_id)

    def judge(self, decision_id: str, quality: float) -> None:
        """Learn how good the answer to a choice was.

        Raises:
            NotFoundError: No such choice waits to be judged.
            InvalidInputError: It was judged otherwise before.
        """
        decision = self._decisions.judge(decision_id, quality)
        if decision is not None:
            self.learn(decision.seen, {decision.name: quality})

    def learn(self, seen: Features, qualities: Mapping[str, float]) -> None:
        """Learn how good answers to one request were, by model.

        Raises:
            InvalidInputError: They are of too many models.
        """
        self.make_room(qualities)
        for name in qualities:
            if name not in self.regression.own:
                self.regression.add(name, self._priors.setdefault(name, Prior()))
        self.regression.learn(seen, qualities)

    def make_room(self, names: Mapping[str, object] | set[str]) -> None:
        """Make sure that models of these names can be learnt of.

        Raises:
            InvalidInputError: They are too many, with those of whom something is known.
        """
        count = len(self.regression.own.keys() | names)
        if count > MOST_MODELS:
            raise invalid_input(
                f"a LearnedRouter learns of {MOST_MODELS} models at most, and these would be "
                f"{count}; give qualities under the names of candidates"
            )

    def _hopes(self, names: Iterable[str]) -> dict[str, float]:
        """Return how many standard deviations each is given.

        It is one, and less where answers remain without a verdict: whoever is never judged would
        be hoped for, and so be asked, for ever.
        """
        if not self._exploration:
            return {}
        judged = {name: 1 + self.regression.judged(name) for name in names}
        return {n: min(1.0, math.sqrt(j / (1 + self._asked[n]))) for n, j in judged.items()}

    def _deferring(
        self, scores: Mapping[str, float], judged: Mapping[str, int], preferred: str, chance: float
    ) -> Draw:
        known = [name for name, count in judged.items() if count >= _KNOWN]
        strangers = [name for name in scores if name not in known]
        if preferred in strangers:
            best, why = preferred, "as its fallback chooses, while too little is known"
        else:
            # One that is known to be bad must not be asked until chance has made another known.
            best, why = max(known if len(known) > 1 else scores, key=scores.__getitem__), _BEST
        return drawn(best, strangers if self._exploration else (), self._exploration, chance, why)

    def _newly_met(self, candidates: Sequence[Candidate]) -> dict[str, Prior]:
        """Return what to expect of those who are offered for the first time."""
        if self._priors.keys() >= {c.label for c in candidates}:
            return {}
        priors = _priors(candidates, self.regression.shared.mean[-1])
        return {name: prior for name, prior in priors.items() if name not in self._priors}


def _priors(candidates: Sequence[Candidate], shared: float) -> dict[str, Prior]:
    """Return what to expect of candidates by what their user says of them, and by price.

    Args:
        candidates: All that are offered.
        shared: The log-odds that are expected of any model.
    """
    prices = {c.label: c.info.prices.output for c in candidates}
    known = [price for price in prices.values() if price is not None]
    priors: dict[str, Prior] = {}
    for candidate in candidates:
        rank = _SLOPE * _rank(prices[candidate.label], known)
        if candidate.quality is None:
            priors[candidate.label] = Prior(rank, rank)
        else:
            quality = min(max(candidate.quality, _SUREST), 1.0 - _SUREST)
            priors[candidate.label] = Prior(math.log(quality / (1.0 - quality)) - shared, rank)
    return priors


def _rank(price: float | None, prices: Sequence[float]) -> float:
    """Return where a price stands among others: -1 the lowest, 1 the highest, 0 if not known."""
    if price is None or len(prices) < 2:
        return 0.0
    return sum([(price > other) - (price < other) for other in prices]) / (len(prices) - 1)
