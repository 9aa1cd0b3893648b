"""Histories for tests: what a user could hold, tidy or not, and a tokenizer that counts words."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from beluga import (
    AIMessage,
    HumanMessage,
    ImagePart,
    Message,
    ReasoningPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)

__all__ = ["Letters", "chat", "histories", "trace"]


class Letters:
    """A token for every four letters, four for a message, three for a request; additive."""

    exact = True

    def count(self, text: str) -> int:
        return -(-len(text) // 4)

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        return 3 + sum([self._cost(m) for m in messages]) + sum([len(t.name) for t in tools])

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join([chr(token) for token in tokens])

    def _cost(self, message: Message) -> int:
        cost = 4
        for part in message.parts:
            match part:
                case TextPart(text):
                    cost += self.count(text)
                case ToolCall(_, name, arguments):
                    cost += self.count(name + arguments)
                case _:
                    cost += 85
        return cost


_LENGTHS = st.sampled_from([0, 1, 7, 30, 120, 700, 6000])
_WORDS = ("whales", "sing", "in", "the", "deep", "昨日の会議", "где", "ice")


@st.composite
def _texts(draw: DrawFn) -> str:
    words = draw(st.lists(st.sampled_from(_WORDS), max_size=4))
    return (" ".join(words) + " ") * (draw(_LENGTHS) // 20) + " ".join(words)


@st.composite
def histories(draw: DrawFn, *, max_size: int = 14) -> list[Message]:
    """Draw conversations in any order of roles.

    They hold parallel, unanswered and orphaned calls, pictures and thoughts.
    """
    history: list[Message] = []
    calls = 0
    open_calls: list[str] = []
    for _ in range(draw(st.integers(1, max_size))):
        match draw(st.sampled_from(["system", "human", "human", "ai", "calls", "calls", "tool"])):
            case "system":
                history.append(SystemMessage(draw(_texts())))
            case "human":
                picture = (ImagePart(url="https://example.com/whale.png"),)
                shown = draw(st.booleans()) and draw(st.booleans())
                text = draw(_texts())
                history.append(HumanMessage((TextPart(text), *picture) if shown else text))
            case "ai":
                thought = (ReasoningPart("hm " * draw(st.sampled_from([1, 100]))),)
                shown = draw(st.booleans()) and draw(st.booleans())
                text = draw(_texts())
                history.append(AIMessage((*thought, TextPart(text)) if shown else text))
            case "calls":
                ids = [f"call_{calls + i}" for i in range(draw(st.integers(1, 3)))]
                calls += len(ids)
                history.append(AIMessage(tuple([ToolCall(i, "look", "{}") for i in ids])))
                for i in draw(st.permutations(ids)):
                    if draw(st.integers(0, 4)):
                        history.append(ToolMessage(draw(_texts()), i, name="look"))
                    else:
                        open_calls.append(i)
            case _:
                late = open_calls.pop() if open_calls and draw(st.booleans()) else "nobody"
                history.append(ToolMessage(draw(_texts()), late))
    return history


def chat(turns: int, *, words: int = 30) -> list[Message]:
    """Return a conversation of *turns* questions and answers, with instructions, and a question."""
    history: list[Message] = [SystemMessage("Be brief.")]
    for number in range(turns):
        history.append(HumanMessage(f"Question {number}: " + "why " * words))
        history.append(AIMessage(f"Answer {number}: " + "so " * words))
    return [*history, HumanMessage("And now?")]


def trace(steps: int, *, output: int = 2000) -> list[Message]:
    """Return an agent's work on one task: *steps* calls with long outputs."""
    history: list[Message] = [SystemMessage("Work."), HumanMessage("Find the whale.")]
    for number in range(steps):
        call = ToolCall(f"call_{number}", "look", f'{{"place": {number}}}')
        history.append(AIMessage((TextPart(f"I look at place {number}."), call)))
        history.append(ToolMessage(f"{number} " + "w" * output, call.id, name="look"))
    return history
