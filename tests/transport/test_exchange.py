"""What a connection that breaks cannot change any more, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from beluga.errors import ModelError, RateLimitError, error_for
from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import Failure
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent

CONTENT = b'data: {"choices": [{"delta": {"content": "Hi."}, "finish_reason": null}]}\n\n'
STOP = (
    b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}],'
    b' "usage": {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.25}}\n\n'
)
DONE = b"data: [DONE]\n\n"
REFUSAL = b'data: {"error": {"message": "slow down", "type": "rate_limit_error", "code": 429}}\n\n'

BREAK = Failure("incomplete_stream", "the answer broke off", retryable=True)


class Broken:
    """A response that says its pieces, and then breaks or says no more."""

    def __init__(self, head: ResponseHead, pieces: Sequence[bytes], silent: bool) -> None:
        self.head = head
        self._pieces, self._silent = list(pieces), silent

    async def read(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._silent:
            await anyio.sleep_forever()
        raise error_for(BREAK)

    async def aclose(self) -> None:
        pass


class BrokenHttp:
    def __init__(self, response: Broken) -> None:
        self._response = response

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        sent()
        return self._response

    async def aclose(self) -> None:
        pass


def broken(*pieces: bytes, status: int = 200, silent: bool = False) -> ChatModel:
    head = ResponseHead(status, {"content-type": "text/event-stream", "retry-after": "7"})
    http = BrokenHttp(Broken(head, pieces, silent))
    return new("openai-compatible:m", base_url="http://localhost/v1", http=http)


async def test_an_answer_that_has_ended_is_whole_though_its_connection_breaks() -> None:
    async with broken(CONTENT, STOP, DONE).stream("Hi") as chunks:
        assert (await chunks.message()).text == "Hi."


async def test_a_failure_told_in_a_stream_is_the_failure_though_its_connection_breaks() -> None:
    with pytest.raises(RateLimitError) as caught:
        await broken(CONTENT, REFUSAL).generate("Hi")
    assert caught.value.message == "slow down"


async def test_before_its_end_an_answer_that_breaks_is_incomplete() -> None:
    with pytest.raises(ModelError) as caught:
        await broken(CONTENT).generate("Hi")
    assert caught.value.code == "incomplete_stream"


@pytest.mark.parametrize("silent", [False, True], ids=["broken", "silent"])
@pytest.mark.parametrize("pieces", [[], [b'{"error": {"mess']], ids=["nothing", "a beginning"])
async def test_a_refusal_is_known_by_its_head_whatever_becomes_of_its_body(
    pieces: list[bytes], silent: bool
) -> None:
    with anyio.fail_after(15), pytest.raises(RateLimitError) as caught:
        await broken(*pieces, status=429, silent=silent).generate("Hi")
    assert caught.value.retry_after == 7


async def test_what_a_provider_charged_is_in_the_account() -> None:
    message = await broken(CONTENT, STOP, DONE).generate("Hi")
    assert message.cost == 0.25
    assert message.spent.cost == 0.25
