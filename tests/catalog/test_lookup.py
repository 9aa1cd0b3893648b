"""Names that the catalogue knows, names that it must not know, and what a user registers."""

from __future__ import annotations

import math
import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga import ModelInfo, Prices, PriceTier, Usage, cost, new, register_model
from beluga.catalog import dated, filled, known_models, lookup, model_info, table
from beluga.errors import InvalidInputError
from beluga.schema import Capabilities, JsonValue

UNKNOWN = (None, None)
NOTHING: Any = None
PROFILES = "arn:aws:bedrock:us-east-1:123456789012:inference-profile"


def prices(name: str, region: str | None = None) -> tuple[float | None, float | None]:
    provider, _, model = name.partition(":")
    info = filled(ModelInfo(model=model, provider=provider), region)
    return info.prices.input, info.prices.output


@pytest.mark.parametrize(
    ("name", "expected"),
    [  # US dollars per million tokens, from the providers' pages of prices
        ("openai:gpt-5-mini", (0.25, 2.0)),
        ("openai:gpt-5-mini-2025-08-07", (0.25, 2.0)),
        ("openai:gpt-4o", (2.5, 10.0)),
        ("openai:gpt-4o-2024-08-06", (2.5, 10.0)),
        ("openai:gpt-4o-2024-05-13", (5.0, 15.0)),
        ("openai:ft:gpt-4o-mini-2024-07-18:my-org::abc", (0.3, 1.2)),
        ("anthropic:claude-sonnet-4-5", (3.0, 15.0)),
        ("anthropic:claude-3-5-sonnet-20241022", (3.0, 15.0)),
        ("anthropic:claude-opus-4-1", (15.0, 75.0)),
        ("anthropic:claude-sonnet-4-5-20250929", (3.0, 15.0)),
        ("google:gemini-2.5-flash", (0.3, 2.5)),
        ("google:gemini-2.0-flash", (0.1, 0.4)),  # not Vertex AI's price
        ("google:models/gemini-2.5-flash", (0.3, 2.5)),
        ("google:claude-sonnet-4-5@20250929", (3.0, 15.0)),
        ("bedrock:amazon.nova-lite-v1:0", (0.06, 0.24)),
        ("bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0", (3.3, 16.5)),
        ("bedrock:global.anthropic.claude-sonnet-4-5-20250929-v1:0", (3.0, 15.0)),
        (
            f"bedrock:{PROFILES}/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            (3.3, 16.5),
        ),
        ("openrouter:openai/gpt-5-mini", (0.25, 2.0)),
        ("groq:openai/gpt-oss-20b", (0.075, 0.3)),
    ],
)
def test_a_known_name(name: str, expected: tuple[float, float]) -> None:
    assert prices(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-5-min",
        "openai:gpt-5-mini-",
        "openai:gpt-5-mini-2031-01-01",  # a snapshot to come may have another price
        "openai:gpt-4o-latest",
        "openai:GPT-4o",
        "openai: gpt-4o",
        "openai:openai/gpt-4o",
        "openai:gpt-4o:free",
        "openai:ft:gpt-4o-mini:my-org::abc",
        "openai:ft:",
        "openai:",
        "anthropic:claude-sonnet-4-55",
        "anthropic:claude-sonnet-4-5-latest",
        "anthropic:anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock:claude-sonnet-4-5",
        "bedrock:xx.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock:us.us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock:arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
        "bedrock:arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        "google:endpoints/123",
        "google:tunedModels/gemini-2.5-flash",
        "openrouter:gpt-5-mini",
        "openrouter:openai/gpt-5-mini:nitro",
        "azure:gpt-4o",
        "litellm:gpt-4o",
        "openai-compatible:gpt-4o",
        "ollama:gpt-oss:20b",
        "mock:gpt-4o",
        "nobody:gpt-4o",
    ],
)
def test_a_name_that_is_only_like_a_known_one_is_unknown(name: str) -> None:
    assert prices(name) == UNKNOWN
    assert model_info(name).prices == Prices()


def test_an_inference_profile_without_a_price_of_its_own_has_the_window_alone() -> None:
    info = filled(ModelInfo(model="me.amazon.nova-pro-v1:0", provider="bedrock"))
    plain = filled(ModelInfo(model="amazon.nova-pro-v1:0", provider="bedrock"))
    assert (info.context_window, info.capabilities) == (plain.context_window, plain.capabilities)
    assert (info.prices, plain.prices.input) == (Prices(), 0.8)


def test_a_region_with_prices_of_its_own_is_asked_first() -> None:
    assert prices("bedrock:meta.llama3-70b-instruct-v1:0", "us-east-1") == (2.65, 3.5)
    assert prices("bedrock:meta.llama3-70b-instruct-v1:0", "ap-south-1") == (3.18, 4.2)
    assert prices("bedrock:meta.llama3-70b-instruct-v1:0", "eu-west-3") == UNKNOWN
    assert prices("google:claude-sonnet-4-5@20250929", "global") == (3.0, 15.0)
    assert prices("google:claude-sonnet-4-5@20250929", "europe-west1") == (3.3, 16.5)


def test_providers_say_where_they_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")

    def price(name: str, **settings: JsonValue) -> float | None:
        return new(name, settings=settings, credentials=token).info.prices.input

    assert price("bedrock:meta.llama3-70b-instruct-v1:0", region="us-east-1") == 2.65
    assert price("bedrock:meta.llama3-70b-instruct-v1:0", region="ap-south-1") == 3.18
    assert price("google:gemini-2.0-flash", vertex=True) == 0.15
    assert price("google:claude-opus-4-5", vertex=True) == 5.0
    assert price("google:claude-opus-4-5", vertex=True, location="europe-west1") == 5.5


async def token() -> str:
    return "token"


def test_a_bare_name_is_its_makers() -> None:
    assert model_info("claude-sonnet-4-5").provider == "anthropic"
    assert model_info("gpt-4o-mini") == model_info("openai:gpt-4o-mini")
    assert model_info("openai/gpt-oss-20b") == ModelInfo(model="openai/gpt-oss-20b")


def test_every_row_is_whole_and_sensible() -> None:
    count = 0
    for place in table.places():
        for name in table.names(place):
            info = table.row(place, name)
            assert info is not None
            count += 1
            _check(f"{place}:{name}", info)
    assert count > 2000
    assert dated() >= "2026-11-22"


def _check(label: str, info: ModelInfo) -> None:
    asked, window = info.prices, info.context_window or 0
    for price in (asked.input, asked.output, asked.cached, asked.cache_write):
        assert price is None or 0 <= price <= 1000, label
    assert (asked.input is None) == (asked.output is None), label
    assert info.max_input_tokens is None or 0 < info.max_input_tokens < window, label
    assert [tier.above for tier in asked.tiers] == sorted({t.above for t in asked.tiers}), label
    if asked.cached is not None and asked.input:
        assert asked.cached <= asked.input, label


def test_what_is_registered_goes_first_for_models_already_made() -> None:
    model = new("azure:my-deployment", base_url="https://example.com/openai/v1", api_key="k")
    assert model.info == ModelInfo(model="my-deployment", provider="azure", api="chat")
    bound = model.with_options(temperature=0)
    register_model(
        ModelInfo(
            model="my-deployment",
            provider="azure",
            context_window=1000,
            prices=Prices(input=2.0, output=8.0),
        )
    )
    assert model.info.prices == Prices(input=2.0, output=8.0)
    assert (bound.info.context_window, bound.info.provider, bound.info.api) == (
        1000,
        "azure",
        "chat",
    )
    register_model(ModelInfo(model="my-deployment", provider="azure", context_window=500))
    assert (model.info.context_window, model.info.prices) == (500, Prices())


def test_registered_prices_replace_all_and_the_rest_is_laid_over() -> None:
    register_model(
        ModelInfo(
            model="gpt-5-mini",
            provider="openai",
            prices=Prices(input=1.0, output=2.0),
            capabilities=Capabilities(images=False),
        )
    )
    info = model_info("openai:gpt-5-mini")
    assert info.prices == Prices(input=1.0, output=2.0)  # no cached price of the table's
    assert (info.context_window, info.max_output_tokens) == (400_000, 128_000)
    assert (info.capabilities.images, info.capabilities.tools) == (False, True)
    assert model_info("openai:gpt-5-mini-2025-08-07").prices.input == 0.25


def test_without_a_provider_it_holds_wherever_the_model_is_served() -> None:
    register_model(ModelInfo(model="my-model", context_window=7, max_output_tokens=5))
    register_model(ModelInfo(model="my-model", provider="groq", context_window=9))
    assert model_info("my-model").context_window == 7
    assert model_info("together:my-model").context_window == 7
    assert model_info("groq:my-model").context_window == 9
    assert model_info("groq:my-model").max_output_tokens == 5
    assert new("mock:my-model").info.context_window == 7


@pytest.mark.parametrize("price", [-0.01, math.nan, math.inf, True, "3"])
@pytest.mark.parametrize(
    "field", ["input", "output", "cached", "cache_write", "batch_input", "batch_output"]
)
def test_what_is_no_price_is_refused(field: str, price: float) -> None:
    with pytest.raises(InvalidInputError, match=f"m: price {field}"):
        register_model(ModelInfo(model="m", prices=Prices(**{field: price})))
    with pytest.raises(InvalidInputError, match=f"m: price {field}"):
        tier = PriceTier(above=9, **{field: price})
        register_model(ModelInfo(model="m", prices=Prices(tiers=(tier,))))
    assert model_info("m") == ModelInfo(model="m")


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (ModelInfo(), "needs the model's name"),
        (ModelInfo(model="m", prices=NOTHING), r"Prices\(…\) is wanted"),
        (ModelInfo(model="m", capabilities=NOTHING), r"Capabilities\(…\) is wanted"),
        (ModelInfo(model="m", prices=Prices(input=10**400)), "price input"),
        (ModelInfo(model=""), "needs the model's name"),
        (ModelInfo(model="m", provider=""), "provider's name"),
        (ModelInfo(model="m", context_window=0), "context_window"),
        (ModelInfo(model="m", max_output_tokens=-1), "max_output_tokens"),
        (ModelInfo(model="m", prices=Prices(tiers=(PriceTier(above=0),))), "tiers above"),
        (
            ModelInfo(model="m", prices=Prices(tiers=(PriceTier(above=9), PriceTier(above=3)))),
            "lowest bound",
        ),
        ("gpt-4o", "takes a ModelInfo"),
    ],
)
def test_what_is_no_information_is_refused(info: ModelInfo, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        register_model(info)


@pytest.mark.parametrize("usage", ["many", None, 12])
def test_what_is_no_usage_is_refused(usage: Any) -> None:
    with pytest.raises(InvalidInputError, match="cost takes a Usage"):
        cost(usage, "openai:gpt-4o")


def test_tiers_in_a_list_are_taken() -> None:
    tiers: Any = [PriceTier(above=9, input=2.0)]
    register_model(ModelInfo(model="tiered", prices=Prices(input=1.0, output=1.0, tiers=tiers)))
    assert model_info("tiered").prices.tiers == tuple(tiers)
    assert filled(ModelInfo(model="other", prices=Prices(tiers=tiers))).prices.tiers == tuple(tiers)


def test_what_many_threads_register_is_all_there() -> None:
    def register(thread: int) -> None:
        for n in range(50):
            register_model(ModelInfo(model=f"m{thread}-{n}", context_window=n + 1))
            assert model_info(f"m{thread}-{n}").context_window == n + 1

    threads = [threading.Thread(target=register, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [model_info(f"m{t}-{n}").context_window for t in range(8) for n in range(50)]
    assert found == [n + 1 for t in range(8) for n in range(50)]


def test_what_the_model_says_of_itself_counts_more() -> None:
    given = ModelInfo(model="gpt-5-mini", provider="openai", prices=Prices(input=9.0))
    assert filled(given).prices == Prices(input=9.0)
    assert filled(given).context_window == 400_000


def test_all_that_is_known_can_be_listed_by_name() -> None:
    register_model(ModelInfo(model="mine", provider="azure", context_window=5))
    listed = [(info.provider, info.model) for info in known_models()]
    assert listed == sorted(set(listed))
    assert {("azure", "mine"), ("openai", "gpt-4o"), ("google", "claude-opus-4-5")} <= {*listed}


@pytest.mark.parametrize("name", [None, 5, b"gpt-4o"])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="a model's name is a text"):
        model_info(name)
    with pytest.raises(InvalidInputError, match="a model's name is a text"):
        cost(Usage(1, 1), name)


def test_what_is_remembered_has_a_bound() -> None:
    for n in range(lookup._REMEMBERED + 100):
        model_info(f"made-up-{n}")
    assert len(lookup._known.found) <= lookup._REMEMBERED
    assert model_info("gpt-4o").context_window == 128_000


@given(st.text(max_size=40))
def test_no_name_is_an_error(name: str) -> None:
    info = model_info(name)
    assert msgspec.json.decode(msgspec.json.encode(info), type=ModelInfo) == info
