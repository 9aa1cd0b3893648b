"""A strategy that learns from feedback which model answers which request well."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from threading import Lock

from beluga.effects import CanChoose
from beluga.errors import StrategyError, invalid_input
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.costs import Costs
from beluga.routing.example import Example, checked_quality
from beluga.routing.features import Features, features_of
from beluga.routing.learned_file import Learned, encoded, read, write
from beluga.routing.learner import Learner
from beluga.routing.regression import Regression
from beluga.routing.strategy import AttemptReport, Explains, RouterStrategy
from beluga.schema import AIMessage, Message, Request
from beluga.schema.request import messages_of

__all__ = ["LearnedRouter"]


class LearnedRouter:
    """Learn from feedback whose answer to which request is good, and ask whom it expects most of.

    The score of a candidate is how good its answer may well be, which is the expected quality, 0 to
    1, and a standard deviation more, less `cost_weight` times its cost as a share of what the
    dearest candidate would cost. The best one is asked; and now and then chance chooses, less often
    as more answers are judged: the share is `exploration / sqrt(1 + n / 3)` after *n* of them. How
    likely each choice was is told in `Scored` and `Routed`, for estimates that need it.

    ```python
    strategy = LearnedRouter(cost_weight=0.1)
    router = Router([small, large], strategy)
    answer = await router.generate("How many moons has Mars?")
    strategy.feedback(answer, 1.0)
    ```

    Before anything is learnt, what is expected of a model is its `Candidate.quality`; of models
    without one, a little more the dearer they are, above all for long requests. Every model is
    asked five times at first. With a *fallback*, that one chooses instead, and its choice stands
    while the model it has chosen has fewer than 50 judged answers. After that the best of those
    that have 50 is asked, or the best of all while only one has; chance chooses among the others.

    Only verdicts are learnt: feedback, examples, and an answer that was refused by the `accept` of
    the router (or by whoever judged it for the caller), which counts 0. An attempt that failed
    teaches nothing. Requests are not kept, only hashes of their words, until they are judged or
    10,000 others have been made. It may be used from several tasks and threads.

    Args:
        cost_weight: How much quality the costs of the dearest candidate are worth.
        exploration: The share of requests, 0 to 1, for which chance chooses at first. At 0 nobody
            is ever asked to be learnt of: scores are the expected quality alone, less costs.
        fallback: Who chooses while too little is known.
        seed: Makes choices by chance repeatable; without it they are drawn from the call's effects.

    Raises:
        InvalidInputError: A number is out of its range, or the fallback is no strategy.
    """

    def __init__(
        self,
        *,
        cost_weight: float = 0.0,
        exploration: float = 0.1,
        fallback: RouterStrategy | None = None,
        seed: int | None = None,
    ) -> None:
        self._cost_weight = _number("cost_weight", cost_weight, math.inf)
        self._exploration = _number("exploration", exploration, 1.0)
        verbs = [callable(getattr(fallback, verb, None)) for verb in ("select", "observe")]
        if fallback is not None and (isinstance(fallback, type) or not all(verbs)):
            raise invalid_input(
                f"fallback is a strategy such as FailoverChain(); got {fallback!r:.80}"
            )
        self._fallback = fallback
        self._random = None if seed is None else random.Random(seed)
        self._learner = Learner(self._exploration, Regression())
        self._costs = Costs()
        self._lock = Lock()

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return the one that is expected to do best, or by chance another.

        It waits only where its fallback does.

        Raises:
            StrategyError: Its fallback chose whom it was not offered.
        """
        seen = features_of(request.messages)
        preferred = None
        if self._fallback is not None and self._learner.strangers(candidates):
            preferred = (await self._fallback.select(candidates, request, fx)).label
            _check_offered(preferred, candidates, self._fallback)
        chance = (self._random or fx.random).uniform(0.0, 1.0)
        with self._lock:
            scores = self._scores(seen, candidates, request, fx)
            draw = self._learner.draw(scores, preferred, chance)
            decision_id = self._learner.decide(draw, seen, candidates)
        fx.notify(
            Scored(
                scores=scores,
                chosen=draw.name,
                decision_id=decision_id,
                propensity=draw.propensity,
                why=draw.why,
            )
        )
        return next(candidate for candidate in candidates if candidate.label == draw.name)

    def observe(self, report: AttemptReport) -> None:
        """Forget the decision of an attempt that failed; learn from one that was refused."""
        with self._lock:
            self._costs.observe(report)
            if report.decision_id is not None:
                if report.outcome == "failed":
                    self._learner.drop(report.decision_id)
                elif report.outcome == "rejected" and self._learner.awaits(report.decision_id):
                    self._learner.judge(report.decision_id, 0.0)
        if self._fallback is not None:
            self._fallback.observe(report)

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return the scores, and who would be asked if chance does not choose."""
        seen, preferred = features_of(request.messages), None
        if isinstance(self._fallback, Explains) and self._learner.strangers(candidates):
            preferred = (await self._fallback.explain(candidates, request, fx)).chosen
        with self._lock:
            scores = self._scores(seen, candidates, request, fx)
            draw = self._learner.draw(scores, preferred, 1.0)
        return Scored(scores=scores, chosen=draw.name, propensity=draw.propensity, why=draw.why)

    def fit(self, examples: Iterable[Example]) -> None:
        """Learn from judged answers, in addition to what was learnt before.

        All are read before any is learnt, and then learnt in an order of their own. It computes,
        for about a quarter of a millisecond per quality; an async program calls it in a thread.

        Raises:
            InvalidInputError: Something is no `Example`, or there are more than 256 models.
        """
        if not isinstance(examples, Iterable):
            raise invalid_input(f"fit takes examples: [Example(…), …]; got {examples!r:.80}")
        given = tuple(examples)
        for example in given:
            if not isinstance(example, Example):
                raise invalid_input(f"fit takes examples: [Example(…), …]; got {example!r:.80}")
        self._learner.make_room({name for example in given for name in example.qualities})
        # Examples that come sorted by subject would leave the last subject's mark on the weights.
        for example in random.Random(len(given)).sample(given, len(given)):
            seen = features_of(messages_of(example.prompt))
            with self._lock:
                self._learner.learn(seen, example.qualities)

    def predict(self, messages: str | Sequence[Message]) -> Mapping[str, float]:
        """Return the expected quality of each known model's answer, 0 to 1, by candidate name.

        Raises:
            InvalidInputError: It is no prompt.
        """
        try:
            seen = features_of(messages_of(messages))
        except ValueError as error:
            raise invalid_input(str(error)) from None
        with self._lock:
            return self._learner.known(seen)

    def feedback(self, decision: str | AIMessage, quality: float) -> None:
        """Tell how good the answer to a request was; telling it again changes nothing.

        Args:
            decision: The answer, or its `metadata["decision_id"]`.
            quality: 0 to 1, by one measure for all models.

        Raises:
            InvalidInputError: The quality is none, the answer did not come by this strategy, or it
                was judged otherwise before.
            NotFoundError: No such decision waits to be judged; the last 10,000 do, and none of an
                earlier process.
        """
        checked = checked_quality(quality)
        decision_id = _id_of(decision)
        with self._lock:
            self._learner.judge(decision_id, checked)

    def save(self, path: str | PathLike[str]) -> None:
        """Write what was learnt and the settings, but no fallback, seed or decision, into a file.

        The file is replaced in one step, so that there is always a whole one.

        Raises:
            OSError: It cannot be written; what was there still is.
        """
        with self._lock:
            learnt = Learned(self._cost_weight, self._exploration, self._learner.regression)
            content = encoded(learnt)
        write(Path(path), content)

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        *,
        fallback: RouterStrategy | None = None,
        seed: int | None = None,
    ) -> LearnedRouter:
        """Return a router that knows what another had learnt when it was saved.

        Args:
            path: The file.
            fallback: As for a new one.
            seed: As for a new one.

        Raises:
            OSError: The file cannot be read.
            InvalidInputError: It is no such file, was made by a version that sees requests in
                another way, or is damaged.
        """
        learned = read(Path(path))
        router = cls(
            cost_weight=learned.cost_weight,
            exploration=learned.exploration,
            fallback=fallback,
            seed=seed,
        )
        router._learner = Learner(learned.exploration, learned.regression)
        return router

    def __repr__(self) -> str:
        parts = sorted(self._learner.regression.own.items())
        judged = ", ".join([f"{name}: {part.judged}" for name, part in parts])
        return f"LearnedRouter(cost_weight={self._cost_weight:g}, judged={{{judged}}})"

    def _scores(
        self,
        seen: Features,
        candidates: Sequence[Candidate],
        request: Request,
        fx: CanChoose,
    ) -> dict[str, float]:
        scores = self._learner.hoped(seen, candidates)
        if self._cost_weight:
            costs = self._costs.beside(candidates, request, fx.clock.now())
            for name, cost in costs.items():
                scores[name] -= self._cost_weight * cost
        return scores


def _number(name: str, given: object, high: float) -> float:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    # An infinite weight would make every score infinite, or none at all.
    if isinstance(given, int | float) and number and 0.0 <= given <= high and given < math.inf:
        return float(given)
    bounds = "0 or more" if high == math.inf else f"from 0 to {high:g}"
    raise invalid_input(f"{name} is a number, {bounds}; got {given!r:.80}")


def _check_offered(name: str, candidates: Sequence[Candidate], fallback: RouterStrategy) -> None:
    offered = [candidate.label for candidate in candidates]
    if name not in offered:
        raise StrategyError(
            f"{type(fallback).__name__}.select must return one of the candidates it was offered "
            f"({', '.join(offered)}); it returned {name:.80}"
        )


def _id_of(decision: object) -> str:
    if isinstance(decision, AIMessage):
        given = decision.metadata.get("decision_id")
        if isinstance(given, str):
            return given
        raise invalid_input(
            "this answer has no metadata['decision_id']: no strategy chose its model by learning"
        )
    if isinstance(decision, str):
        return decision
    raise invalid_input(
        f"feedback takes an answer, or its metadata['decision_id']; got {decision!r:.80}"
    )
