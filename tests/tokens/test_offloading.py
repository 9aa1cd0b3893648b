import threading

import anyio
import anyio.lowlevel
import pytest

from beluga import (
    ChatModel,
    ContextManager,
    HumanMessage,
    JsonSchema,
    Message,
    ModelInfo,
    ToolSpec,
    Wrapper,
    apply_middleware,
    with_context,
    with_limits,
)
from beluga.schema import AIMessage, FilePart, ToolCall, ToolMessage
from beluga.stores import ProviderLimits
from beluga.testing import ScriptedModel
from beluga.tokens import ModelTokenizer, encodings, family_of
from beluga.tokens.offloading import LONG, each, whole
from beluga.tokens.texts import Texts

LONG_TEXT = "The whale dives under the ice. " * 1000


class Sized(Wrapper):
    """A model of which the window is known."""

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(model="gpt-4o", context_window=100_000)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[int, bool]:
    """Return, by length, whether a text was encoded on the event loop's thread."""
    here: dict[int, bool] = {}

    def watched(text: str, name: encodings.EncodingName) -> int:
        here[len(text)] = threading.current_thread() is threading.main_thread()
        return encodings.count(text, name)

    monkeypatch.setattr("beluga.tokens.texts.count", watched)
    fresh = {name: Texts(name) for name in encodings.NAMES}
    monkeypatch.setattr("beluga.tokens.texts._TEXTS", fresh)
    monkeypatch.setattr("beluga.tokens.tokenizer._tokenizer", uncached)
    return here


def uncached(name: str, provider: str | None, api: str | None) -> ModelTokenizer:
    return ModelTokenizer(family_of(name, provider, api))


@pytest.mark.real_time
async def test_a_long_text_is_counted_in_a_thread(threads: dict[int, bool]) -> None:
    history: list[Message] = [HumanMessage(LONG_TEXT), AIMessage("Does it?"), HumanMessage("Yes.")]
    await ContextManager("truncate", budget=2000).fit(history)
    assert threads[len(LONG_TEXT)] is False
    assert threads[len("Does it?")] is True


@pytest.mark.real_time
async def test_long_arguments_are_counted_in_a_thread(threads: dict[int, bool]) -> None:
    call = AIMessage((ToolCall("1", "write", LONG_TEXT),))
    history: list[Message] = [call, ToolMessage("Done.", "1"), HumanMessage("Thanks.")]
    await ContextManager("truncate", budget=2000).fit(history)
    assert threads[len(LONG_TEXT)] is False


@pytest.mark.real_time
async def test_a_limit_counts_a_long_prompt_in_a_thread(threads: dict[int, bool]) -> None:
    limits = with_limits(ProviderLimits(tpm=10**6))
    model = apply_middleware(ScriptedModel(["ok", "ok"], model_id="gpt-4o"), limits)
    await model.generate(LONG_TEXT)
    assert threads == {len(LONG_TEXT): False}
    threads.clear()
    await model.generate(LONG_TEXT)
    assert threads == {}


@pytest.mark.real_time
@pytest.mark.parametrize("way", ["fit", "fit_request", "limit"])
async def test_long_declarations_are_counted_in_a_thread(
    threads: dict[int, bool], way: str
) -> None:
    model: ChatModel = ScriptedModel(["ok"], model_id="gpt-4o")
    tools = [ToolSpec("read", LONG_TEXT)]
    schema = JsonSchema("answer", {"type": "object", "description": LONG_TEXT})
    if way == "fit":
        await ContextManager("truncate").fit([HumanMessage("Hi.")], 100_000, tools=tools)
    else:
        limit = with_limits(ProviderLimits(tpm=10**6))
        fitting = with_context(ContextManager())
        model = apply_middleware(Sized(model), limit if way == "limit" else fitting)
        await model.generate("Hi.", tools=tools, response_format=schema)
    long = {length: here for length, here in threads.items() if length >= len(LONG_TEXT)}
    assert len(long) == (1 if way == "fit" else 2)
    assert not any(long.values())


@pytest.mark.real_time
async def test_a_file_of_text_is_counted_in_a_thread(threads: dict[int, bool]) -> None:
    file = FilePart(data=LONG_TEXT.encode(), media_type="text/plain")
    await ContextManager("truncate").fit([HumanMessage((file,))], 100_000)
    assert threads == {len(LONG_TEXT): False}


@pytest.mark.real_time
async def test_short_work_stays_and_long_work_goes() -> None:
    me = threading.current_thread()
    assert await whole(threading.current_thread, LONG - 1) is me
    assert await whole(threading.current_thread, LONG) is not me


async def test_where_time_is_virtual_all_work_stays() -> None:
    with anyio.fail_after(1):
        assert await whole(threading.current_thread, LONG) is threading.current_thread()


@pytest.mark.real_time
async def test_others_have_a_turn_between_messages() -> None:
    turns: list[int] = []
    done: list[Message] = []
    messages = [HumanMessage("x" * 4000) for _ in range(40)]

    async def others() -> None:
        while len(done) < len(messages):
            turns.append(len(done))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        await each(done.append, messages)
    assert len(set(turns)) > len(messages) * 4000 // LONG // 2


@pytest.mark.real_time
async def test_the_first_count_of_a_call_loads_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    here: list[bool] = []
    built = encodings._built
    monkeypatch.setattr(encodings, "_loaded", {})
    monkeypatch.setattr(
        encodings,
        "_built",
        lambda name: (
            here.append(threading.current_thread() is threading.main_thread()) or built(name)
        ),
    )
    await ContextManager("truncate", budget=2000).fit([HumanMessage("Which whale?")])
    assert here == [False]
