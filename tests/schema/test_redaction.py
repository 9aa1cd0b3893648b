"""Keys of every shape in use are taken out of what a person or a log will see."""

from __future__ import annotations

import json
import pickle
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import ModelError, error_for
from beluga.schema import Failure
from beluga.schema.failure import BODY_LIMIT
from beluga.schema.redaction import HIDDEN, redact, redact_and_cut

SECRET = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
HEX = "0123456789abcdef0123456789abcdef"
KEYS = {
    "openai": f"sk-proj-{SECRET}_-{SECRET}",
    "openai, old": f"sk-{SECRET}",
    "anthropic": f"sk-ant-api03-{SECRET}-{SECRET}AA",
    "openrouter": f"sk-or-v1-{HEX}{HEX}",
    "deepseek, qwen": f"sk-{HEX}",
    "google": f"AIzaSy{SECRET[:33]}",
    "google, new": f"AQ.Ab8{SECRET}",
    "google oauth": f"ya29.a0{SECRET}",
    "groq": f"gsk_{SECRET}",
    "xai": f"xai-{SECRET}{SECRET}",
    "hugging face": f"hf_{SECRET[:34]}",
    "perplexity": f"pplx-{SECRET}",
    "cerebras": f"csk-{SECRET}",
    "fireworks": f"fw_{SECRET}",
    "together": f"tgp_v1_{SECRET}",
    "nvidia": f"nvapi-{SECRET}",
    "replicate": f"r8_{SECRET}",
    "aws key id": "AKIAIOSFODNN7EXAMPLE",
    "aws temporary key id": "ASIAIOSFODNN7EXAMPLE",
    "bedrock": f"ABSKQmVkcm9ja0FQSUtleS{SECRET}=",
    "token": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0{SECRET}.{SECRET}",
    "github": f"ghp_{SECRET}",
}
SHAPELESS = {"together": HEX + HEX, "mistral": SECRET[:32], "azure": HEX, "cohere": SECRET}
PLACES = [
    "{}",
    "Incorrect API key provided: {}. You can find your API key at https://example.com.",
    '{{"error": {{"message": "bad key {}"}}}}',
    "Authorization: Bearer {}",
    "https://api.example/v1/models?key={}&alt=sse",
    "'{}'",
    "({})",
]
NAMED_PLACES = [
    '{{"api_key": "{}"}}',
    "x-api-key: {}",
    "api-key={}",
    "Authorization: Bearer {}",
    "https://a.example/v1?api_key={}",
    "https://a.example/v1?key={}&alt=sse",
    "{{'x-goog-api-key': '{}'}}",
    "secret_access_key={}",
    "Ocp-Apim-Subscription-Key: {}",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_of_a_known_shape_is_hidden_anywhere(key: str, place: str) -> None:
    assert_hidden(place.format(key), key)


@pytest.mark.parametrize("place", NAMED_PLACES)
@pytest.mark.parametrize("key", SHAPELESS.values(), ids=SHAPELESS)
def test_a_key_without_a_shape_is_hidden_by_its_name(key: str, place: str) -> None:
    assert_hidden(place.format(key), key)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("before", ["", "\n", "\t", "\r\n", "\x00", "\N{BELL}", '"', "\\"])
def test_a_key_inside_json_is_hidden_and_leaves_it_json(before: str, depth: int) -> None:
    told = [place.format(key) for place in PLACES for key in KEYS.values()]
    told += [place.format(key) for place in NAMED_PLACES for key in SHAPELESS.values()]
    for text in told:
        written = f"{before}{text}"
        for _ in range(depth):
            written = json.dumps({"text": written})
        clean = redact(written)
        assert_hidden(written, next(k for k in [*KEYS.values(), *SHAPELESS.values()] if k in text))
        for _ in range(depth):
            clean = json.loads(clean)["text"]


def assert_hidden(text: str, key: str) -> None:
    clean = redact(text)
    assert HIDDEN in clean
    assert key[:16] not in clean
    assert key[-12:] not in clean
    failure = Failure("auth_error", text, provider_code=text, request_id=text, body=text)
    error = error_for(failure)
    shown = [str(error), repr(error), repr(failure), repr(error.args)]
    assert not any(key[-12:] in text for text in shown)
    assert key[-12:].encode() not in pickle.dumps(error)


@pytest.mark.parametrize(
    "text",
    [
        "api_key: is required",
        "The api_key client option must be set",
        '{"code": "invalid_api_key", "param": "temperature"}',
        "task-force-of-the-century",
        "risk-assessment-and-mitigation",
        "model gpt-5-mini-2025-08-07 not found",
        "Request id: req_0123456789abcdef",
        "https://api.example/v1/chat/completions?alt=sse&version=2",
        "the bearer of bad news",
    ],
)
def test_what_is_no_key_stays_readable(text: str) -> None:
    assert redact(text) == text


def test_given_secrets_are_hidden_whatever_they_look_like() -> None:
    assert redact("it was plain-words, plainly", ["plain-words"]) == f"it was {HIDDEN}, plainly"
    assert redact("a b", ["a"]) == "a b"  # too short to be one
    failure = Failure(
        "auth_error", "no open-sesame", provider_code="open-sesame", body="open-sesame"
    )
    clean = failure.without(["open-sesame"])
    assert "open-sesame" not in repr(clean)
    assert clean.message == f"no {HIDDEN}"


def test_the_beginning_of_a_secret_at_a_cut_is_hidden() -> None:
    assert redact("you sent open-ses", ["open-sesame"]) == f"you sent {HIDDEN}"
    assert redact("you sent op", ["open-sesame"]) == "you sent op"


@given(st.integers(0, 120), st.sampled_from([*KEYS.values()]), st.sampled_from([1, 2]))
def test_a_body_is_cut_after_it_is_redacted(before: int, key: str, times: int) -> None:
    body = "." * (times * BODY_LIMIT - before) + f" {key} " + "." * 100
    kept = Failure("auth_error", "", body=body).body
    assert kept is not None
    assert len(kept.encode()) <= BODY_LIMIT
    assert key[:14] not in kept


@given(st.text())
def test_a_body_is_at_most_4_kb_in_any_script(text: str) -> None:
    kept = redact_and_cut(text * 500, BODY_LIMIT)
    assert len(kept.encode()) <= BODY_LIMIT
    assert redact_and_cut(kept, BODY_LIMIT) == kept


@given(st.text(string.ascii_letters + string.digits + " .:=-_?&'\"[]key"), st.sampled_from([*KEYS]))
def test_redacting_again_changes_nothing(text: str, name: str) -> None:
    once = redact(f"{text}{KEYS[name]}{text}")
    assert redact(once) == once


@pytest.mark.parametrize(
    "unit",
    ["sk-", "eyJ", "eyJ-", "api_key=", "api_key: ", "key=", "?key=", "Bearer ", "a.", "AKIA"],
)
def test_hostile_text_takes_no_time(unit: str) -> None:
    began = time.thread_time()
    redact(unit * (200_000 // len(unit)))
    redact_and_cut(unit * 200_000, BODY_LIMIT)
    assert time.thread_time() - began < 1


def test_every_error_made_of_a_failure_is_clean() -> None:
    inner = Failure("auth_error", f"bad {KEYS['openai']}")
    error = error_for(Failure("rate_limit", "all failed", attempts=(inner,)))
    assert isinstance(error, ModelError)
    assert SECRET not in repr(error)
