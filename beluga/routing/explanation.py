"""Why a router would ask whom it would ask."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from beluga.effects import Effects
from beluga.errors import ModelError, StrategyError
from beluga.events import Scored, Standing
from beluga.routing.journey import Plan, judged, standing
from beluga.routing.look import View, look
from beluga.routing.strategy import Explains
from beluga.schema import Request

__all__ = ["Explanation", "explained"]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Tell who would be asked, and why the others would not.

    Attributes:
        strategy: Who chooses: the strategy's class.
        chosen: The name of the one that would be asked; `None` if nobody can be, or if the
            strategy does not tell.
        standings: Where every candidate and fallback stands, in the router's order.
        why: What the strategy says of it.
        propensity: How likely the choice is, where the strategy says so.
    """

    strategy: str
    chosen: str | None
    standings: tuple[Standing, ...]
    why: str | None = None
    propensity: float | None = None

    def __str__(self) -> str:
        """Return it as lines of text, one a candidate."""
        width = max([len(one.name) for one in self.standings])
        reason = f": {self.why}" if self.why else ""
        lines = [f"{self.strategy} would ask {self.chosen or 'nobody that it can name'}{reason}"]
        for one in self.standings:
            score = "" if one.score is None else f"  {one.score:.3g}"
            why = f"  {one.why}" if one.why else ""
            lines.append(f"  {one.name:{width}}  {one.fate}{score}{why}")
        return "\n".join(lines)


async def explained(plan: Plan, request: Request, fx: Effects) -> Explanation:
    """Return what *plan* would do with *request* now."""
    views = await look(plan.everyone, request, plan.store, plan.tags)
    mine, reserves = views[: len(plan.seats)], views[len(plan.seats) :]
    scored = await _scored(plan, [view for view in mine if view.refusal is None], request, fx)
    told = Scored(why=scored.message) if isinstance(scored, ModelError) else scored or Scored()
    chosen = told.chosen
    if told is not scored:  # none of the candidates, so that a fallback's turn comes
        chosen = next((view.seat.name for view in reserves if view.refusal is None), None)
    stands = [standing(view) for view in mine]
    stands += [standing(v, None if v.refusal is not None else "reserve") for v in reserves]
    return Explanation(
        strategy=type(plan.strategy).__name__,
        chosen=chosen,
        standings=tuple([_marked(judged(one, told), chosen) for one in stands]),
        why=told.why,
        propensity=told.propensity,
    )


async def _scored(
    plan: Plan, free: Sequence[View], request: Request, fx: Effects
) -> Scored | ModelError | None:
    """Return what the strategy tells, why it would choose nobody, or `None` if nobody is free."""
    if not free:
        return None
    names, strategy = [view.seat.name for view in free], plan.strategy
    if not isinstance(strategy, Explains):
        return Scored(chosen=names[0] if len(names) == 1 else None)
    who = type(strategy).__name__
    try:
        told: object = await strategy.explain([view.candidate for view in free], request, fx)
    except ModelError as error:
        return error
    except Exception as error:
        raise StrategyError(f"{who}.explain failed: {error!r:.200}") from error
    if not isinstance(told, Scored) or told.chosen not in (None, *names):
        raise StrategyError(
            f"{who}.explain must return a Scored whose chosen is one of those it was offered "
            f"({', '.join(names)}); it returned {told!r:.80}"
        )
    return told


def _marked(one: Standing, chosen: str | None) -> Standing:
    return msgspec.structs.replace(one, fate="chosen") if one.name == chosen else one
