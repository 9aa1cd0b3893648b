"""Where Bedrock is, who may ask it, and with whose credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beluga.errors import AuthError, InvalidInputError, RateLimitError
from beluga.registry import new
from beluga.schema import GenerateOptions
from tests.providers.stored import StoredHttp

MODEL = "bedrock:anthropic.claude-sonnet-4-6"
ANSWER = '{"output":{"message":{"content":[{"text":"Hi."}]}},"stopReason":"end_turn"}'
TOP_K = GenerateOptions(top_k=3)
REGION = {"region": "eu-central-1"}
VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


async def ask(model: str = MODEL, **config: Any) -> StoredHttp:
    http = StoredHttp(ANSWER)
    reply = await new(model, http=http, **config).generate("Hi")
    assert reply.text == "Hi."
    assert reply.provider == "bedrock"
    return http


def host(http: StoredHttp) -> str:
    return http.requests[0].url.partition("/model/")[0]


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://bedrock-runtime.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
    ],
)
async def test_a_region_has_its_address(region: str, url: str) -> None:
    assert host(await ask(api_key="k", settings={"region": region})) == url


async def test_where_the_region_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\nregion=us-east-1\n[profile p]\nregion=us-east-2\n")
    assert "us-east-1" in host(await ask(api_key="k"))
    assert "us-east-2" in host(await ask(api_key="k", settings={"profile": "p"}))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert "eu-west-1" in host(await ask(api_key="k"))
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert "eu-west-2" in host(await ask(api_key="k"))
    assert "eu-central-1" in host(await ask(api_key="k", settings=REGION))


async def test_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://everything:1")
    assert host(await ask(api_key="k")) == "http://everything:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://bedrock:1/base/")
    assert host(await ask(api_key="k")) == "http://bedrock:1/base"
    assert host(await ask(api_key="k", base_url="http://given")) == "http://given"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "AWS_REGION"),
        ({"region": "europe"}, "us-east-1"),
        ({"region": "evil.example/#-a"}, "us-east-1"),
        ({"region": 1}, "region"),
        ({"regoin": "eu-west-1"}, "regoin"),
    ],
)
def test_a_region_that_is_none_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        new(MODEL, api_key="k", settings=settings)


@pytest.mark.usefixtures("_keys")
async def test_a_key_is_a_bearers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "from-environment")
    http = await ask(settings=REGION)
    assert http.requests[0].headers["authorization"] == "Bearer from-environment"
    http = await ask(settings=REGION, api_key="given")
    assert http.requests[0].headers["authorization"] == "Bearer given"

    async def credentials() -> str:
        return "fresh"

    http = await ask(settings=REGION, credentials=credentials)
    assert http.requests[0].headers["authorization"] == "Bearer fresh"


@pytest.mark.usefixtures("_keys")
async def test_without_a_key_requests_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    http = await ask(settings=REGION)
    headers = http.requests[0].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/bedrock/aws4_request" in headers["authorization"]
    assert "x-amz-security-token" not in headers
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    http = await ask(settings=REGION)
    assert http.requests[0].headers["x-amz-security-token"] == "token"


@pytest.mark.usefixtures("_keys")
async def test_the_address_says_for_which_region_to_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    http = await ask(base_url="https://bedrock-runtime-fips.us-east-2.amazonaws.com")
    assert "/us-east-2/bedrock/" in http.requests[0].headers["authorization"]
    http = await ask(base_url="http://localhost:4566")
    assert "/eu-west-1/bedrock/" in http.requests[0].headers["authorization"]


@pytest.mark.usefixtures("_keys")
def test_to_sign_a_region_is_needed() -> None:
    with pytest.raises(InvalidInputError, match="AWS_REGION"):
        new(MODEL, base_url="http://localhost:4566")


def test_without_anything_to_sign_with_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beluga.transport.aws_credentials.find_spec", lambda _: None)
    with pytest.raises(AuthError, match="AWS_ACCESS_KEY_ID"):
        new(MODEL, settings=REGION)


async def test_an_arn_may_be_named_by_the_model_it_stands_for() -> None:
    arn = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc"
    settings = {**REGION, "base_model": "amazon.nova-pro-v1:0"}
    http = await ask(f"bedrock:{arn}", api_key="k", settings=settings, defaults=TOP_K)
    assert http.requests[0].url.endswith("application-inference-profile%2Fabc/converse")
    assert http.sent["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 3}}


@pytest.mark.usefixtures("_keys")
async def test_no_failure_shows_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjE")
    told = '{"message":"Slow down; x-amz-security-token:IQoJb3JpZ2luX2VjE"}'
    http = StoredHttp(told, {"x-amzn-errortype": "ThrottlingException"}, 429)
    with pytest.raises(RateLimitError) as caught:
        await new(MODEL, http=http, settings=REGION).generate("Hi")
    assert "IQoJ" not in repr(caught.value.failure)
    assert caught.value.failure.provider_code == "ThrottlingException"
