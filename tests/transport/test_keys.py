"""Keys: in no text, no traceback, no pickle, no log and no event of any failure.

The servers here are hostile: they send back what they got, in every place that there is.
"""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec
import pytest
from rich.pretty import pretty_repr

from beluga.effects import live
from beluga.errors import ModelError
from beluga.events import Event
from beluga.model import ChatModel
from beluga.registry import new
from beluga.transport.http import HttpRequest
from beluga.transport.httpx_http import HttpxHttp
from tests.transport.loopback import Step, answering, head
from tests.transport.wire import END, SSE, chunk, delta, failure, packed, refusal

pytestmark = pytest.mark.real_time

KEY = "plain/words+that=are.a-key"
ESCAPED = quote(KEY, safe="")
ECHOES: dict[str, Sequence[Step]] = {
    "message": [refusal(401, f"bad key {KEY}")],
    "escaped": [refusal(401, f"see https://a.example/?k={ESCAPED}&x=1")],
    "slashes": [packed(json.dumps({"error": KEY}).replace("/", "\\/").encode(), 401)],
    "header form": [refusal(400, f"Authorization: Bearer {KEY}")],
    "cut": [packed(b'{"error": {"message": "bad ' + KEY[:17].encode(), 401)],
    "plain": [packed(f"who is {KEY}?".encode(), 403, content_type="text/plain")],
    "html": [packed(f"<html>{KEY}</html>".encode(), 200, content_type="text/html")],
    "code": [packed(json.dumps({"error": {"code": KEY, "type": KEY}}).encode(), 400)],
    "id": [refusal(500, x_request_id=KEY)],
    "redirect": [head(302, location=f"https://elsewhere.example/?key={ESCAPED}", content_length=0)],
    "redirect with a name": [head(302, location=f"https://{KEY}@a.example/", content_length=0)],
    "in a stream": [SSE, chunk(delta("Hi ") + failure(f"busy {KEY}", KEY)), END],
    "garbage": [SSE, chunk(f"data: {{{KEY}\n\n".encode()), END],
    "status line": [f"HTTP/1.1 2x0 {KEY}\r\n\r\n".encode()],
    "header line": [f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode()],
    "a coding": [packed(b"oh", content_encoding=KEY)],
    "chunk header": [SSE, f"{KEY}\r\n".encode()],
}  # fmt: skip


def model_at(url: str, **given: object) -> ChatModel:
    return new("openai-compatible:m", base_url=url, **given)  # type: ignore[arg-type]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(error: ModelError, events: Sequence[Event]) -> str:
    """Everything that anybody could print, store or send of a failure."""
    texts = [*traceback.format_exception(error), pickle.dumps(error).decode("latin-1")]
    texts += [pretty_repr(error.failure), msgspec.json.encode(error.failure).decode()]
    texts += [repr(event) + msgspec.json.encode(event).decode() for event in events]
    for link in chain(error):
        texts += [str(link), repr(link), repr(vars(link)), repr(link.args)]
    return "\n".join(texts)


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
async def test_a_key_that_is_sent_back_is_shown_nowhere(
    echo: Sequence[Step], streaming: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "beluga")
    events: list[Event] = []
    fx = live().notifying(events.append)
    async with answering(echo) as server, model_at(f"{server.url}/v1", api_key=KEY) as model:
        with pytest.raises(ModelError) as caught:
            if streaming:
                async with model.stream("Hi", fx=fx) as chunks:
                    await chunks.message()
            else:
                await model.generate("Hi", fx=fx)
        assert KEY.encode() in server.requests[0]
    text = shown(caught.value, events) + caplog.text
    for part in (KEY, ESCAPED, KEY[:12], KEY[-9:], KEY.replace("/", "\\/")):
        assert part not in text


@pytest.mark.parametrize(
    ("place", "secret"),
    [
        ("userinfo", "pass-word-9"),
        ("userinfo", base64.b64encode(b"me:pass-word-9").decode()),
        ("headers", "own-header-key"),
        ("extra_headers", "own-header-key"),
        ("credentials", "token-of-mine"),
    ],
)
async def test_a_key_from_elsewhere_is_hidden_as_well(place: str, secret: str) -> None:
    async def credentials() -> str:
        return "token-of-mine"

    echo = [refusal(401, f"I got {secret} from you")]
    async with answering(echo) as server:
        url = f"{server.url}/v1"
        header = {"X-Company-Api-Key": "own-header-key"}
        match place:
            case "userinfo":
                model = model_at(url.replace("//", "//me:pass-word-9@"))
            case "headers":
                model = model_at(url, headers=header)
            case "extra_headers":
                model = model_at(url).with_options(extra_headers=header)
            case _:
                model = model_at(url, credentials=credentials)
        with pytest.raises(ModelError) as caught:
            await model.generate("Hi")
        await model.aclose()
    assert secret not in shown(caught.value, [])
    assert "[redacted]" in caught.value.message
    assert secret not in repr(model)


async def test_a_good_call_logs_no_key(caplog: pytest.LogCaptureFixture) -> None:
    """At no level, and of none of the libraries below."""
    caplog.set_level(logging.DEBUG)
    good = [SSE, chunk(delta("Hi.", "stop") + b"data: [DONE]\n\n"), END]
    for http in (HttpxHttp(), HttpxHttp(trust_env=True)):
        async with answering(good) as server:
            url = f"{server.url}/v1".replace("//", "//me:pass-word-9@")
            model = model_at(url, api_key=KEY, http=http)
            async with model.stream("Hi") as chunks:
                await chunks.message()
            await http.aclose()
    assert KEY not in caplog.text
    assert base64.b64encode(b"me:pass-word-9").decode() not in caplog.text


async def test_a_dead_proxy_shows_no_password() -> None:
    http = HttpxHttp(proxy="http://me:pass-word-9@127.0.0.1:9")
    async with model_at("http://models.invalid/v1", http=http) as model:
        with pytest.raises(ModelError) as caught:
            await model.generate("Hi")
    await http.aclose()
    assert "pass-word-9" not in shown(caught.value, []) + repr(http)


def test_a_request_shows_no_password() -> None:
    request = HttpRequest("POST", "https://me:pass-word-9@h.example/v1?key=pass-word-9")
    assert "pass-word-9" not in f"{request!r} {pretty_repr(request)}"
    assert "h.example/v1" in repr(request)
