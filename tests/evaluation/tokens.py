"""How far counts of tokens are from what providers billed, by family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from beluga.schema import AIMessage, Message, Usage
from beluga.tokens import ModelTokenizer, UsageAnchor, family_of
from beluga.tokens.declarations import as_json, as_typescript
from tests.evaluation.bills import Bill, bills, family_of_bill
from tests.evaluation.table import Table

__all__ = ["main", "tables"]

Count = Callable[[Bill], int]

FEW: Final = 8
"""Bills below which a family has no line of its own."""

_GROUPS: Final[Mapping[str, str]] = {
    "gpt-5, chat": "OpenAI chat",
    "gpt-4o, chat": "OpenAI chat",
    "gpt-5, Responses": "OpenAI Responses",
    "gpt-4o, Responses": "OpenAI Responses",
    "claude 4.5 and 4.6": "Claude",
    "claude up to 4.1": "Claude",
    "claude since 4.7": "Claude",
    "gemini 2.0": "Gemini",
    "gemini 2.5": "Gemini",
    "gemini 3": "Gemini",
    "gemini on Vertex": "Gemini",
}


def tokenizer(bill: Bill) -> ModelTokenizer:
    """Return what counts for the model that was asked."""
    return ModelTokenizer(family_of_bill(bill))


def by_request(bill: Bill) -> int:
    """Count with all options."""
    return tokenizer(bill).count_request(bill.request)


def by_messages(bill: Bill) -> int:
    """Count messages and tools alone."""
    return tokenizer(bill).count_messages(bill.request.messages, bill.tools)


def characters(bill: Bill) -> int:
    """Count a token for four characters."""
    shown = sum([len(text) for text in _texts(bill.request.messages)])
    return -(-(shown + sum([len(as_json(tool)) for tool in bill.tools])) // 4)


def as_litellm(bill: Bill) -> int:
    """Count as LiteLLM does: o200k, three a message, three at the end, tools in TypeScript."""
    count = tokenizer(bill).count if tokenizer(bill).exact else ModelTokenizer(_PLAIN).count
    tokens = sum([count(text) for text in _texts(bill.request.messages)])
    tokens += 4 * len(bill.request.messages) + 3
    return tokens + (count(as_typescript(bill.tools)) + 9 if bill.tools else 0)


_PLAIN: Final = family_of("gpt-4o")


def tables() -> list[Table]:
    """Count every plain request, and compare with its bill."""
    plain = [bill for bill in bills() if bill.is_plain]
    if not plain:
        return []
    kept, fitted = [b for b in plain if b.kept_back], [b for b in plain if not b.kept_back]
    return [
        _cold("bills kept back", kept),
        _cold("bills to fit by", fitted),
        _anchored(plain),
    ]


def main() -> None:
    """Print the tables."""
    print(*tables(), sep="\n\n")


def _cold(title: str, chosen: Sequence[Bill]) -> Table:
    ways: Sequence[Count] = (by_request, by_messages, characters, as_litellm)
    names = ("", "without options: ", "chars/4: ", "LiteLLM's way: ")
    columns = ["bills", *[f for name in names for f in (f"{name}median", "95 %")]]
    rows = [
        (
            name,
            str(len(of)),
            *[f for way in ways for f in _figures([_error(way(b), b.tokens) for b in of])],
        )
        for name, of in _grouped([b for b in chosen if not b.has_reasoning])
    ]
    return Table(
        f"tokens: error of the count, {title}, without reasoning sent again", columns, rows
    )


def _anchored(chosen: Sequence[Bill]) -> Table:
    """Count each request that goes on with one billed before, from that bill."""
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for before, after in _pairs(chosen):
        anchor = UsageAnchor(tokenizer(after))
        answer = AIMessage("", usage=Usage(input_tokens=before.tokens))
        anchor.settle(before.request.messages, answer, before.tools)
        anchored = anchor.count_messages(after.request.messages, after.tools)
        errors[_group(after)].append(
            (_error(anchored, after.tokens), _error(by_messages(after), after.tokens))
        )
    rows = [
        (name, str(len(pairs)), *_figures([a for a, _ in pairs]), *_figures([c for _, c in pairs]))
        for name, pairs in sorted(errors.items(), key=lambda item: -len(item[1]))
    ]
    columns = ("pairs", "median", "95 %", "cold: median", "95 %")
    return Table("tokens: error of the count of an answer's sequel, from its bill", columns, rows)


def _pairs(chosen: Sequence[Bill]) -> Iterator[tuple[Bill, Bill]]:
    by_recording: dict[tuple[str, str], list[Bill]] = defaultdict(list)
    for bill in chosen:
        by_recording[bill.recording, bill.model].append(bill)
    for of in by_recording.values():
        of.sort(key=lambda bill: bill.place)
        for i, after in enumerate(of):
            earlier = [b for b in of[:i] if _goes_on(after.request.messages, b.request.messages)]
            if earlier:
                yield max(earlier, key=lambda b: len(b.request.messages)), after


def _goes_on(messages: Sequence[Message], beginning: Sequence[Message]) -> bool:
    return len(messages) > len(beginning) and tuple(messages[: len(beginning)]) == tuple(beginning)


def _grouped(chosen: Sequence[Bill]) -> list[tuple[str, list[Bill]]]:
    groups: dict[str, list[Bill]] = defaultdict(list)
    for bill in chosen:
        groups[_group(bill)].append(bill)
    large = [(name, of) for name, of in groups.items() if len(of) >= FEW]
    rest = [bill for of in groups.values() if len(of) < FEW for bill in of]
    ranked = sorted(large, key=lambda item: -len(item[1]))
    return [*ranked, *([("all others", rest)] if rest else [])]


def _group(bill: Bill) -> str:
    name = tokenizer(bill).family.name
    return _GROUPS.get(name, name)


def _texts(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield message.text
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield call.name
                yield call.arguments


def _error(counted: int, billed: int) -> float:
    return abs(counted - billed) / billed


def _figures(errors: Sequence[float]) -> list[str]:
    ranked = sorted(errors)
    high = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    return [f"{median(ranked):.1%}", f"{high:.1%}"]


if __name__ == "__main__":
    main()
