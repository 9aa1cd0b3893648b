"""What each strategy keeps, on histories that one can read."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from beluga import (
    Adaptive,
    AIMessage,
    ContextManager,
    Effects,
    FactExtraction,
    Finish,
    HumanMessage,
    InvalidInputError,
    Message,
    OutputInvalidError,
    Request,
    Semantic,
    Sliding,
    Summarize,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolMessage,
    Truncate,
)
from beluga.context import is_synthetic
from beluga.context.words import terms_of
from beluga.stores import MemoryStore
from tests.context.histories import Letters, chat, trace
from tests.doubles import FunctionModel

pytestmark = pytest.mark.anyio


class Writer(FunctionModel):
    """Answer with the given texts in turn, the last one for ever, and remember what was asked."""

    def __init__(self, *answers: str) -> None:
        super().__init__(self._write)
        self.answers = list(answers)
        self.asked: list[str] = []

    async def _write(self, request: Request, fx: Effects) -> Finish:
        self.asked.append(request.messages[-1].text)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await fx.emit([TextDelta(answer)])
        return Finish("stop")


def manager(strategy: object, **options: int) -> ContextManager:
    return ContextManager(strategy, tokenizer=Letters(), **options)  # type: ignore[arg-type]  # each is a strategy


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


async def test_sliding_keeps_as_many_turns_as_it_is_told() -> None:
    history = chat(20)
    fitted = await manager(Sliding(4)).fit(history, 600)
    assert list(fitted.messages) == [history[0], *history[-4:]]
    assert fitted.dropped == len(history) - 5


async def test_truncation_opens_with_a_person() -> None:
    fitted = await manager(Truncate(step=1)).fit(chat(20), 500)
    assert isinstance(fitted.messages[1], HumanMessage)
    assert fitted.tokens > 400


async def test_truncation_of_an_agents_work_keeps_the_task() -> None:
    history = trace(20)
    fitted = await manager("truncate").fit(history, 3000)
    assert list(fitted.messages[:2]) == history[:2]
    assert list(fitted.messages[-2:]) == history[-2:]


async def test_an_output_that_begins_like_a_placeholder_is_cut_out_like_any() -> None:
    call = AIMessage((ToolCall("1", "read", "{}"),))
    output = ToolMessage("[context: " + "evil " * 3000, "1")
    history: list[Message] = [HumanMessage("Read it."), call, output, *chat(12)[1:]]
    fitted = await manager("adaptive").fit(history, 1000)
    assert fitted.messages[1] is call
    assert "cut out" in fitted.messages[2].text
    assert (await manager("adaptive").fit(fitted.messages, 1000)).messages is fitted.messages


@pytest.mark.parametrize(
    ("needle", "question"),
    [
        ("The narwhal's tusk was measured in Tromsø.", "Who measured narwhals' tusks?"),
        ("会議は金曜日の午後に京都で開かれます。", "京都の会議はいつですか"),
        ("การประชุมจะจัดขึ้นที่เชียงใหม่", "ประชุมที่เชียงใหม่เมื่อไร"),
        ("Встреча переносится в Мурманск.", "Когда встреча в Мурманск?"),
    ],
)
async def test_relevant_turns_are_found_in_any_script(needle: str, question: str) -> None:
    history = chat(60)
    history[25] = HumanMessage(needle)
    history[-1] = HumanMessage(question)
    for strategy in (Semantic(), Adaptive()):
        fitted = await manager(strategy).fit(history, 900)
        assert needle in texts(fitted.messages)


@pytest.mark.parametrize(
    "vectors", [[], [[1.0]], [[1.0], *[[1.0, 2.0]] * 98], "x" * 99, None, [[math.nan]] * 99]
)
async def test_an_embedding_that_gives_no_vectors_is_told_so(vectors: Any) -> None:
    history: list[Message] = [HumanMessage(f"Entry {n} of the log") for n in range(99)]

    async def embed(given: Sequence[str]) -> Any:
        return vectors

    with pytest.raises(InvalidInputError, match="embed"):
        await manager(Semantic(embed)).fit(history, 100)


async def test_an_embedding_has_its_say() -> None:
    history = chat(60)
    history[25] = HumanMessage("Leviathan")
    history[-1] = HumanMessage("Where is Moby Dick?")
    asked: list[str] = []

    async def embed(given: Sequence[str]) -> list[list[float]]:
        asked.extend(given)
        return [[1.0, 0.0] if "Dick" in t or "Leviathan" in t else [0.0, 1.0] for t in given]

    semantic = manager(Semantic(embed))
    for _ in range(2):
        fitted = await semantic.fit(history, 300)
        assert "Leviathan" in texts(fitted.messages)
    assert len(asked) == len(history) - 1


async def test_old_outputs_are_cut_out_first() -> None:
    history = trace(20)
    fitted = await manager(Adaptive(recent_turns=4, step=64)).fit(history, 6000)
    assert len(fitted.messages) == len(history)
    cut = [m for m in fitted.messages if is_synthetic(m)]
    assert cut
    assert all(isinstance(m, ToolMessage) and m.name == "look" for m in cut)
    assert cut[0].text == "[context: the output of look was cut out: 505 tokens, 1 lines]"
    assert list(fitted.messages[-8:]) == history[-8:]


async def test_what_was_summarised_is_not_summarised_again() -> None:
    writer = Writer("They asked why.", "They asked why, twice.", "They asked why, often.")
    summing = manager(Summarize(writer))
    history = chat(100)
    shown: list[int] = []
    for length in (121, 125, 161, 201):
        grown = [*history[: length - 1], HumanMessage("And now?")]
        fitted = await summing.fit(grown, 3000)
        made = [m for m in fitted.messages if is_synthetic(m)]
        assert made == [fitted.messages[1]]
        shown.append(len(writer.asked))
    assert shown[0] == shown[1] == 1
    assert "<summary>\nThey asked why.\n</summary>" in writer.asked[1]
    assert "Question 3:" in writer.asked[0]
    for number in range(40):
        assert sum(f"Question {number}:" in asked for asked in writer.asked) <= 1


async def test_a_summary_that_comes_back_is_summed_up_with_the_rest() -> None:
    writer = Writer("Short.")
    summing = manager(Summarize(writer))
    history: list[Message] = chat(100)
    sizes: list[int] = []
    for _ in range(6):
        fitted = await summing.fit(history, 2000)
        made = [m for m in fitted.messages if is_synthetic(m)]
        assert len(made) == 1
        sizes.append(len(made[0].text))
        history = [*fitted.messages, AIMessage("So."), *chat(30)[1:]]
    assert len(set(sizes)) == 1
    assert "[context:" not in "".join(writer.asked)


async def test_a_summary_too_long_is_trimmed() -> None:
    summing = manager(Summarize(Writer("word " * 5000), max_tokens=100))
    fitted = await summing.fit(chat(100), 2000)
    [made] = [m for m in fitted.messages if is_synthetic(m)]
    assert Letters().count_messages((made,)) <= 103


async def test_facts_are_added_changed_and_told_once() -> None:
    store = MemoryStore()
    answers = [
        json.dumps({"add": ["The user is Ada.", "Ada lives in Oslo.", "The user is Ada."]}),
        "Sure!\n```json\n" + json.dumps({"change": {"2": "Ada lives in Bergen."}}) + "\n```",
    ]
    writer = Writer(*answers)
    first = FactExtraction(writer, store=store, key="ada", portion=100_000)
    fitted = await manager(first).fit(chat(80), 2000)
    assert "- The user is Ada.\n- Ada lives in Oslo." in fitted.messages[1].text
    fitted = await manager(first).fit([*chat(80), AIMessage("Ah."), *chat(80)[1:]], 2000)
    assert fitted.messages[1].text.endswith("- The user is Ada.\n- Ada lives in Bergen.")
    other = FactExtraction(Writer("{}"), store=store, key="ada")
    fitted = await manager(other).fit(chat(90), 2000)
    assert "Ada lives in Bergen." in fitted.messages[1].text
    stranger = FactExtraction(Writer("{}"), store=store)
    fitted = await manager(stranger).fit(chat(90), 2000)
    assert not any(is_synthetic(m) for m in fitted.messages)


async def test_facts_that_are_none_are_asked_for_again_and_then_an_error() -> None:
    writer = Writer("I cannot.")
    with pytest.raises(OutputInvalidError) as caught:
        await manager(FactExtraction(writer)).fit(chat(80), 2000)
    assert len(caught.value.attempts) == len(writer.asked) == 2


async def test_long_texts_are_worked_on_beside_the_loop() -> None:
    history = [SystemMessage("Be brief."), *[HumanMessage("whale " * 20_000) for _ in range(3)]]
    history.append(HumanMessage("whales?"))
    fitted = await manager("semantic").fit(history, 40_000)
    assert fitted.dropped == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ContextManager("clever"),
        lambda: ContextManager("summarize"),
        lambda: ContextManager(budget=0),
        lambda: ContextManager(reserve_output=-1),
        lambda: Sliding(0),
        lambda: Truncate(step=0),
        lambda: Adaptive(recent_turns=-1),
        lambda: Adaptive(recent_share=1.5),
        lambda: Summarize(Writer(""), max_tokens=3),
        lambda: FactExtraction(Writer(""), max_tokens=3),
        lambda: Summarize(Writer(""), portion=0),
        lambda: Semantic("no function"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_what_cannot_work_is_refused_at_once(make: object) -> None:
    with pytest.raises(InvalidInputError):
        make()  # type: ignore[operator]  # each is a function


async def test_fit_says_what_is_missing() -> None:
    with pytest.raises(InvalidInputError, match="needs a budget"):
        await ContextManager().fit(chat(1))
    with pytest.raises(InvalidInputError, match="sequence of messages"):
        await ContextManager().fit("Hi", 100)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidInputError, match="at least 0"):
        await ContextManager().fit(chat(1), -1)


def test_forms_of_a_word_share_a_term() -> None:
    assert len(set(terms_of("measure measured measuring measures"))) == 1
    assert len(set(terms_of("city cities"))) == 1
    assert list(terms_of("the of and")) == []
    assert list(terms_of("会議 は")) == ["会議", "は"]
