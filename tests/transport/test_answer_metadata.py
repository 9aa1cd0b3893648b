"""What the head of a response adds to its answer, and that it is plain data."""

from __future__ import annotations

import msgspec

from beluga.registry import new
from beluga.schema import AIMessage
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent

HEADERS = {
    "content-type": "application/json",
    "x-request-id": "req_1",
    "x-ratelimit-limit-requests": "100",
    "x-ratelimit-remaining-requests": "99",
    "x-ratelimit-reset-requests": "6s",
}
BODY = b'{"model": "m", "choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}'


class Answered:
    head = ResponseHead(200, HEADERS)

    def __init__(self) -> None:
        self._pieces = [BODY]

    async def read(self) -> bytes:
        return self._pieces.pop() if self._pieces else b""

    async def aclose(self) -> None:
        pass


class Stored:
    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        sent()
        return Answered()

    async def aclose(self) -> None:
        pass


async def test_limits_and_ids_travel_with_the_answer_and_survive_json() -> None:
    model = new("openai-compatible:m", base_url="http://localhost/v1", http=Stored())
    message = await model.generate("Hi")
    assert message.metadata["request_id"] == "req_1"
    windows = message.metadata["rate_limits"]
    assert isinstance(windows, list)
    assert windows[0]["limit"] == 100
    assert msgspec.json.decode(msgspec.json.encode(message), type=AIMessage) == message
