"""Make a conversation fit a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from beluga.context.adaptive import Adaptive
from beluga.context.arguments import check_count
from beluga.context.counting import Counter, Counts
from beluga.context.semantic import Semantic
from beluga.context.sliding import Sliding
from beluga.context.strategy import ContextStrategy
from beluga.context.truncate import Truncate
from beluga.context.turns import History, Turn, arranged, history_of
from beluga.effects import Effects, live
from beluga.errors import ContextOverflowError, invalid_input
from beluga.events import Fitted
from beluga.fitting import input_budget
from beluga.model import ChatModel
from beluga.schema import (
    Message,
    ProviderTool,
    Request,
    Tool,
    ToolDeclaration,
    ToolSpec,
)
from beluga.schema.option_layer import declarations
from beluga.tokens import tokenizer_for

__all__ = ["ContextManager"]

_LIVE = live()
_NAMED: dict[str, Callable[[], ContextStrategy]] = {
    "truncate": Truncate,
    "sliding": Sliding,
    "semantic": Semantic,
    "adaptive": Adaptive,
}
_WITH_MODEL = {"summarize": "Summarize", "fact_extraction": "FactExtraction"}
_USUAL = "gpt-4o"
_MARGIN = 0.05
"""The share of a window that is kept free where the tokenizer only estimates."""


class ContextManager:
    """Make conversations fit budgets of tokens.

    What fits is left as it is. Of what does not, instructions, the last human turn and the turn at
    the end always stay, a call and its results stay or go together, and what stays keeps its order.

    ```python
    manager = ContextManager("adaptive", budget=8_000)
    fitted = await manager.fit(history)
    ```

    Args:
        strategy: What chooses the turns that stay, or the name of one that needs no model:
            `"truncate"`, `"sliding"`, `"semantic"`, `"adaptive"`.
        tokenizer: What counts; `None` for that of the model where one is asked, else OpenAI's.
        budget: The most tokens of a request; `None` if `fit` is told, or a model's window tells.
        reserve_output: Tokens kept free for the answer where a model's window tells the budget.
        keep_system: Whether instructions always stay.

    Raises:
        InvalidInputError: There is no such strategy, or a number is out of its range.
    """

    def __init__(
        self,
        strategy: ContextStrategy | str = "adaptive",
        *,
        tokenizer: Counts | None = None,
        budget: int | None = None,
        reserve_output: int | None = None,
        keep_system: bool = True,
    ) -> None:
        if budget is not None:
            check_count("budget", budget)
        if reserve_output is not None:
            check_count("reserve_output", reserve_output, 0)
        if tokenizer is not None and not _counts(tokenizer):
            raise invalid_input(f"tokenizer takes what tokenizer_for gives; got {tokenizer!r:.80}")
        self._strategy = _strategy(strategy)
        self._tokenizer = tokenizer
        self._budget, self._reserve, self._keep_system = budget, reserve_output, keep_system
        self._counters: dict[int, Counter] = {}

    async def fit(
        self,
        messages: Sequence[Message],
        budget: int | None = None,
        *,
        tools: Sequence[Tool | ToolSpec | ProviderTool] = (),
        fx: Effects | None = None,
    ) -> Fitted:
        """Return *messages* as they are if they fit, else what the strategy keeps of them.

        Args:
            messages: The conversation, oldest first. It is never changed.
            budget: The most tokens of messages and tools; `None` for the manager's own.
            tools: What the request offers to call.
            fx: What a model that the strategy asks may do to the world.

        Raises:
            ContextOverflowError: What must stay does not fit; it names the smallest budget that
                would do.
            InvalidInputError: There is no budget, or *messages* or *tools* are none.
            ModelError: A model that the strategy asks did not answer.
        """
        allowed = self._budget if budget is None else budget
        if allowed is None:
            raise invalid_input("fit needs a budget: pass one here or to ContextManager")
        check_count("budget", allowed, 0)
        _check(messages)
        declared = _declared(tools)
        counter = await self._counter(None)
        return await self._fitted(messages, allowed, declared, counter, _LIVE if fx is None else fx)

    async def fit_request(
        self, request: Request, model: ChatModel, fx: Effects, *, share: float = 1.0
    ) -> Request:
        """Return *request* so that it fits *model*'s window, or the manager's own budget.

        Observers are told if anything was left out.

        Args:
            request: What the model shall be asked.
            model: Whose window it must fit.
            fx: What the fitting may do.
            share: Below 1, how much of what *request* costs may be left.

        Raises:
            ContextOverflowError: What must stay does not fit.
            ModelError: A model that the strategy asks did not answer.
        """
        counter = await self._counter(model)
        tools = request.options.tools or ()
        budget = await self._budget_for(request, model, counter)
        if share < 1.0:
            sent = int(share * await counter.total(request.messages, tools))
            budget = sent if budget is None else min(budget, sent)
        if budget is None:
            return request
        fitted = await self._fitted(request.messages, budget, tools, counter, fx)
        if fitted.messages is request.messages:
            return request
        fx.notify(msgspec.structs.replace(fitted, messages=()))
        return msgspec.structs.replace(request, messages=tuple(fitted.messages))

    async def _budget_for(self, request: Request, model: ChatModel, counter: Counter) -> int | None:
        if self._budget is not None:
            return self._budget
        budget = input_budget(model.info, request.options, self._reserve)
        if budget is None:
            return None
        if not counter.tokenizer.exact:
            budget -= int(budget * _MARGIN)
        return max(0, budget - await counter.schema(request.options))

    async def _fitted(
        self,
        messages: Sequence[Message],
        budget: int,
        tools: Sequence[ToolDeclaration],
        counter: Counter,
        fx: Effects,
    ) -> Fitted:
        costs = await counter.costs(messages)
        around = await counter.around(tools)
        tokens = parts = around + sum(costs)
        if counter.anchored or abs(tokens - budget) <= _doubt(tokens, len(messages)):
            tokens = await counter.total(messages, tools)
        if tokens <= budget:
            return Fitted(messages, tokens, 0, self._strategy.name, budget)
        if not messages:
            raise ContextOverflowError(tokens, budget)
        room = budget - around
        if counter.anchored and tokens > parts:
            room = room * parts // tokens  # what is billed beyond the count is cut in proportion
        history = history_of(
            messages,
            costs,
            room=room,
            count=counter.cost,
            keep_system=self._keep_system,
        )
        return await self._reduced(messages, history, budget, tools, counter, fx)

    async def _reduced(
        self,
        messages: Sequence[Message],
        history: History,
        budget: int,
        tools: Sequence[ToolDeclaration],
        counter: Counter,
        fx: Effects,
    ) -> Fitted:
        """Let the strategy choose; with less room while the whole costs more than its parts."""
        least = arranged(history.pinned)
        needed = await counter.total(least, tools)
        if needed > budget:
            raise ContextOverflowError(needed, budget)
        while history.spare > 0:
            chosen = await self._strategy.choose(history, fx)
            kept = arranged(_checked(chosen, history))
            tokens = await counter.total(kept, tools)
            if tokens <= budget:
                return self._outcome(messages, kept, tokens, budget)
            excess = max(tokens - budget, history.room // 100)
            history = history.with_room(history.room - excess)
        return self._outcome(messages, least, needed, budget)

    def _outcome(
        self, messages: Sequence[Message], kept: tuple[Message, ...], tokens: int, budget: int
    ) -> Fitted:
        given = {id(message) for message in messages}
        stayed = len([message for message in kept if id(message) in given])
        return Fitted(kept, tokens, len(messages) - stayed, self._strategy.name, budget)

    async def _counter(self, model: ChatModel | None) -> Counter:
        tokenizer = self._tokenizer
        if tokenizer is None:
            tokenizer = tokenizer_for(_USUAL if model is None else model)
        counter = self._counters.setdefault(id(tokenizer), Counter(tokenizer))
        await counter.ready()
        return counter

    def __repr__(self) -> str:
        return f"ContextManager({self._strategy!r}, budget={self._budget})"


def _strategy(given: ContextStrategy | str) -> ContextStrategy:
    if not isinstance(given, str):
        if isinstance(given, type) or not callable(getattr(given, "choose", None)):
            raise invalid_input(f"{given!r:.80} is no strategy; pass Adaptive(), or its name")
        if not isinstance(getattr(given, "name", None), str):
            raise invalid_input(f"{given!r:.80} needs a name, which events tell of it")
        return given
    if given in _WITH_MODEL:
        raise invalid_input(
            f"{given!r} needs a model: pass {_WITH_MODEL[given]}(model) instead of its name"
        )
    if given not in _NAMED:
        raise invalid_input(f"no strategy {given!r}; there are {', '.join(_NAMED)}")
    return _NAMED[given]()


def _counts(tokenizer: object) -> bool:
    return not isinstance(tokenizer, type) and callable(getattr(tokenizer, "count_messages", None))


def _declared(tools: object) -> tuple[ToolDeclaration, ...]:
    try:
        return declarations(tools)
    except ValueError as error:
        raise invalid_input(f"fit: {error}") from None


def _check(messages: object) -> None:
    if isinstance(messages, str | bytes | dict) or not isinstance(messages, Sequence):
        got = type(messages).__name__
        raise invalid_input(f"fit takes a sequence of messages; got {got}")
    for message in messages:
        if not isinstance(message, Message):
            raise invalid_input(
                f"fit takes messages such as HumanMessage('…'); got {type(message).__name__}"
            )


def _doubt(tokens: int, messages: int) -> int:
    """Return how far the sum of single messages may be from the whole."""
    return 2 * messages + tokens // 20


def _checked(chosen: Sequence[Turn], history: History) -> list[Turn]:
    """Return *chosen* with what is pinned, so that no strategy can lose it."""
    heads = {id(turn.messages[0]) for turn in chosen}
    return [*chosen, *[turn for turn in history.pinned if id(turn.messages[0]) not in heads]]
