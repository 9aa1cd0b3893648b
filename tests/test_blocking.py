"""Models for code without an event loop: from threads, through failures, and left early."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import anyio
import pytest
import sniffio

import beluga
from beluga.effects import Effects
from beluga.errors import RateLimitError, StreamUsageError
from beluga.model import Wrapper
from beluga.schema import Finish, Request, TextDelta, Usage
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, FunctionModel, words
from tests.transport.loopback import Connection, answering, nothing_left_open
from tests.transport.wire import GOOD_STREAM, SSE, TEXT, chunk, delta

Backend = Literal["asyncio", "trio"]


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> Backend:
    name: Backend = request.param
    return name


class Numbers:
    """Emit numbers until cancelled, and take a moment to clean up."""

    cleaned = False

    async def __call__(self, request: Request, fx: Effects) -> Finish:
        try:
            for number in itertools.count():
                await anyio.sleep(0.001)
                await fx.emit([TextDelta(f"{number} ")])
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.05)
                self.cleaned = True
        raise AssertionError


class Closing(Wrapper):
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1
        await self.inner.aclose()


def test_every_verb_gives_what_its_sibling_gives(backend: Backend) -> None:
    with beluga.blocking(ScriptedModel(["one two"] * 4), backend=backend) as model:
        assert model.model_id == "scripted"
        answer = model.generate("Hi", temperature=0.5)
        assert (answer.text, answer.finish_reason) == ("one two", "stop")
        with model.stream("Hi") as chunks:
            assert [type(c) for c in chunks] == [TextDelta, TextDelta, Finish]
        with model.stream("Hi") as chunks:
            assert [*chunks.text()] == ["one ", "two"]
        with model.stream("Hi") as chunks:
            assert chunks.message() == answer
            assert (chunks.partial, chunks.spent) == (answer, answer.spent)


def test_the_backend_is_the_one_that_was_asked_for(backend: Backend) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        seen.append(sniffio.current_async_library())
        return Finish("stop")

    seen: list[str] = []
    with beluga.blocking(FunctionModel(answer), backend=backend) as model:
        model.generate("Hi")
    assert seen == [backend]


def test_the_model_is_closed_once_and_at_the_end(backend: Backend) -> None:
    closing = Closing(ScriptedModel(["a"]))
    with beluga.blocking(closing, backend=backend) as model:
        model.generate("Hi")
        assert closing.closed == 0
    assert closing.closed == 1


@pytest.mark.parametrize(
    "error", [RateLimitError(SLOW_DOWN), ValueError("a bug"), KeyError("k"), OSError(5, "x")]
)
def test_what_goes_wrong_is_raised_as_it_is(error: Exception, backend: Backend) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit([TextDelta("so far")])
        raise error

    with beluga.blocking(FunctionModel(answer), backend=backend) as model:
        with pytest.raises(type(error)) as caught:
            model.generate("Hi")
        assert caught.value is error
        with model.stream("Hi") as chunks:
            assert next(iter(chunks)) == TextDelta("so far")
            for use in (lambda: next(iter(chunks)), chunks.message, lambda: [*chunks.text()]):
                with pytest.raises(type(error)) as caught:
                    use()
                assert caught.value is error
        if isinstance(error, RateLimitError):
            assert error.partial is not None
            assert error.partial.text == "so far"


def test_wrong_options_are_told_at_the_call(backend: Backend) -> None:
    with beluga.blocking(ScriptedModel(["a"]), backend=backend) as model:
        for verb in (model.generate, model.stream, model.with_options):
            with pytest.raises(beluga.InvalidInputError, match="tempreature"):
                verb(*(["Hi"] if verb != model.with_options else []), tempreature=1)
        assert model.generate("Hi").text == "a"


def test_what_is_raised_in_a_streams_block_passes_and_ends_the_answer(backend: Backend) -> None:
    producer = Numbers()
    producer_error = LookupError("mine")
    with beluga.blocking(FunctionModel(producer), backend=backend) as model:
        with pytest.raises(LookupError) as caught, model.stream("Hi") as chunks:
            next(iter(chunks))
            raise producer_error
        assert caught.value is producer_error
        assert producer.cleaned


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_a_stream_that_is_left_early_ends_its_answer(taken: int, backend: Backend) -> None:
    producer = Numbers()
    with beluga.blocking(FunctionModel(producer), backend=backend) as model:
        with model.stream("Hi") as chunks:
            for _ in range(taken):
                next(iter(chunks))
        assert producer.cleaned
        assert chunks.partial.interrupted
        with pytest.raises(StreamUsageError):
            next(iter(chunks))


def test_an_iterator_of_texts_that_is_dropped_harms_nothing(backend: Backend) -> None:
    source = FunctionModel(words("a", "b", "c"))
    with beluga.blocking(source, backend=backend) as model, model.stream("Hi") as chunks:
        for text in chunks.text():
            assert text == "a"
            break
        assert [*chunks.text()] == ["b", "c"]


def test_many_threads_ask_at_once(backend: Backend) -> None:
    together = 8
    arrived: list[anyio.Event] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        own = anyio.Event()
        arrived.append(own)
        if len(arrived) == together:
            for event in arrived:
                event.set()
        with anyio.fail_after(20):
            await own.wait()
        await fx.emit([TextDelta(request.messages[0].text)])
        return Finish("stop", usage=Usage(1, 1, 2))

    with beluga.blocking(FunctionModel(answer), backend=backend) as model:

        def ask(number: int) -> str:
            if number % 2:
                return model.with_options(seed=number).generate(f"{number}").text
            with model.stream(f"{number}") as chunks:
                return chunks.message().text

        with ThreadPoolExecutor(together) as threads:
            assert [*threads.map(ask, range(together))] == [f"{n}" for n in range(together)]


def test_a_stream_may_be_read_in_another_thread(backend: Backend) -> None:
    with (
        beluga.blocking(FunctionModel(words("a", "b")), backend=backend) as model,
        model.stream("Hi") as chunks,
        ThreadPoolExecutor(1) as threads,
    ):
        assert threads.submit(chunks.message).result(20).text == "ab"


def test_outside_of_its_block_there_is_no_loop(backend: Backend) -> None:
    model = beluga.blocking(ScriptedModel(["a", "b"]), backend=backend)
    for _ in range(2):
        for use in (model.generate, model.stream, model.bind_tools([]).generate):
            with pytest.raises(StreamUsageError, match=r"with beluga\.blocking"):
                use("Hi")
        with model as entered:
            assert entered is model
            with pytest.raises(StreamUsageError, match="in use already"):
                model.__enter__()
            assert model.generate("Hi").text in "ab"


def test_no_thread_is_left(backend: Backend) -> None:
    before = threading.active_count()
    for _ in range(3):
        with beluga.blocking(ScriptedModel(["a"]), backend=backend) as model:
            model.generate("Hi")
    assert threading.active_count() <= before


@pytest.fixture
def interrupt_soon() -> Iterator[None]:
    """Do as Ctrl-C does; only a real signal wakes a thread that waits for a lock."""
    main = threading.main_thread().ident
    assert main is not None
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    yield
    timer.cancel()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
@pytest.mark.usefixtures("interrupt_soon")
def test_an_interrupt_ends_the_wait_and_the_answer(streaming: bool, backend: Backend) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        try:
            await anyio.sleep(60)
        finally:
            ended.append(True)
        return Finish("stop")

    ended: list[bool] = []
    began = time.monotonic()
    blocked = beluga.blocking(FunctionModel(answer), backend=backend)
    with pytest.raises(KeyboardInterrupt), blocked as model:
        if streaming:
            with model.stream("Hi") as chunks:
                chunks.message()
        else:
            model.generate("Hi")
    assert ended == [True]
    assert time.monotonic() - began < 20


@pytest.mark.real_time
async def test_real_connections_are_closed_with_the_block(backend: Backend) -> None:
    cut = [SSE, chunk(delta("Hi ")), Connection.SILENT]

    def use(url: str) -> str:
        model = beluga.new("openai-compatible:m", base_url=f"{url}/v1")
        with beluga.blocking(model, backend=backend) as blocked:
            with blocked.stream("Hi") as chunks:
                next(iter(chunks))
            with blocked.stream("Hi") as chunks:
                return chunks.message().text

    with nothing_left_open():
        async with answering(cut, GOOD_STREAM) as server:
            assert await anyio.to_thread.run_sync(use, server.url) == TEXT
            await anyio.sleep(0.05)
