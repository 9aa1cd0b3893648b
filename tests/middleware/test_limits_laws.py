"""Laws of the limiter, for any schedule of arrivals, lengths and cancellations."""

from __future__ import annotations

import anyio
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.middleware.limits import with_limits
from beluga.schema import Finish, Request, Usage
from beluga.stores import MemoryLimits, ProviderLimits, Refusal, Reservation
from beluga.testing import virtual_backends
from tests.doubles import FunctionModel


class Call(msgspec.Struct, frozen=True):
    """One caller: when it comes, what it reserves and uses, and when it is cancelled, if it is."""

    after: float
    input: int
    output: int
    takes: float
    cancelled_after: float | None


CALLS = st.lists(
    st.builds(
        Call,
        after=st.sampled_from([0.0, 0.0, 1.0, 7.5, 30.0, 61.0]),
        input=st.integers(1, 40),
        output=st.integers(0, 60),
        takes=st.sampled_from([0.0, 0.5, 10.0, 80.0]),
        cancelled_after=st.none() | st.sampled_from([0.0, 3.0, 45.0, 200.0]),
    ),
    max_size=12,
)
LIMITS = st.builds(
    ProviderLimits,
    rpm=st.none() | st.integers(1, 4),
    tpm=st.none() | st.integers(70, 150),
    max_concurrent=st.none() | st.integers(1, 3),
)
MAX_TOKENS = 30


class Watched(MemoryLimits):
    """A store that checks, by adding up anew, what it has admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[list[float]] = []  # when, how many tokens
        self.admissions: list[float] = []
        self.open: dict[int, list[float]] = {}

    async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Reservation | Refusal:
        got = await super().reserve(key, limits, tokens)
        if isinstance(got, Reservation):
            now = anyio.current_time()
            entry = [now, float(tokens)]
            self.log.append(entry)
            self.admissions.append(now)
            self.open[got.id] = entry
            self.check(limits, now)
        return got

    async def settle(self, reservation: Reservation, tokens: int) -> None:
        entry = self.open.pop(reservation.id)
        if tokens > entry[1]:
            self.log.append([anyio.current_time(), tokens - entry[1]])
        else:
            entry[1] = tokens
        await super().settle(reservation, tokens)

    async def release(self, reservation: Reservation) -> None:
        raise AssertionError("every one of these calls was sent")

    def check(self, limits: ProviderLimits, now: float) -> None:
        window = now - 60 + 1e-6
        if limits.rpm is not None:
            assert len([t for t in self.admissions if t > window]) <= limits.rpm
        if limits.tpm is not None:
            assert sum([tokens for t, tokens in self.log if t > window]) <= limits.tpm
        if limits.max_concurrent is not None:
            assert len(self.open) <= limits.max_concurrent


async def run(limits: ProviderLimits, calls: list[Call]) -> None:
    store = Watched()
    limit = with_limits(limits, store=store, count=lambda m, t: int(m[0].text.split()[1]))
    order: list[int] = []
    ended: dict[int, str] = {}

    async def answer(request: Request, fx: Effects) -> Finish:
        number = int(request.messages[0].text.split()[0])
        order.append(number)
        call = calls[number]
        await anyio.sleep(call.takes)
        return Finish("stop", usage=Usage(call.input, call.output))

    model = limit(FunctionModel(answer))

    async def caller(number: int, call: Call) -> None:
        ended[number] = "cancelled"
        with anyio.move_on_after(call.cancelled_after):
            await model.generate(
                f"{number} {call.input}", max_tokens=MAX_TOKENS, timeout=float("inf")
            )
            ended[number] = "answered"

    async with anyio.create_task_group() as tasks:
        for number, call in enumerate(calls):
            await anyio.sleep(call.after)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(caller, number, call)
            await anyio.wait_all_tasks_blocked()
    assert order == sorted(order)  # nobody overtakes
    for number, call in enumerate(calls):
        assert ended[number] == "answered" or call.cancelled_after is not None  # nobody is lost
    assert store.open == {}  # nobody keeps anything
    assert limit.waiting == 0


@settings(max_examples=100, deadline=None)
@given(LIMITS, CALLS)
def test_laws(limits: ProviderLimits, calls: list[Call]) -> None:
    for name, options in virtual_backends().items():
        anyio.run(run, limits, calls, backend=name, backend_options=options)
