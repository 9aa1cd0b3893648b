"""Names of providers: which there are, how a model is made, and what is said when it is not."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import beluga
from beluga import registry
from beluga.errors import AuthError, InvalidInputError, NotFoundError
from beluga.model import ChatModel
from beluga.registry import ProviderConfig, list_providers, new, register
from beluga.schema import GenerateOptions, Timeouts
from beluga.testing import ScriptedModel

CONTRACT = (
    "openai azure anthropic google ollama bedrock groq mistral cohere deepseek xai together "
    "fireworks openrouter perplexity huggingface cerebras sambanova qwen llama litellm bifrost "
    "openai-compatible mock"
)


@pytest.fixture(autouse=True)
def _own_registrations(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_registered", {})
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()


def made(config: ProviderConfig) -> ChatModel:
    return ScriptedModel(["Hi."], model_id=config.model)


def in_a_new_interpreter(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def test_the_providers_are_those_of_the_contract() -> None:
    assert list_providers() == tuple(sorted(CONTRACT.split()))


def test_listing_them_imports_none() -> None:
    program = """
import sys, beluga
assert "openai" in beluga.list_providers()
print(*[m for m in sys.modules if m.startswith(("beluga.providers.", "beluga.dialects", "httpx"))])
"""
    assert in_a_new_interpreter(program) == ""


def test_a_model_imports_its_own_provider_alone() -> None:
    program = """
import sys, beluga
beluga.new("cohere:m", api_key="k")
print(*sorted(m for m in sys.modules if m.startswith(("beluga.providers.", "beluga.dialects."))
    and m.count(".") == 2))
"""
    loaded = in_a_new_interpreter(program).split()
    assert "beluga.providers.cohere" in loaded
    assert not {"beluga.providers.openai", "beluga.dialects.chat", "beluga.dialects.gemini"} & {
        *loaded
    }


def test_a_model_may_be_named_in_either_way() -> None:
    for model in (new("mock:a:b"), new("mock", model="a:b"), new("mock:a:b", model="a:b")):
        assert model.model_id == "a:b"


@pytest.mark.parametrize("name", ["opnai:gpt", "opnai", "", ":gpt", "OpenAI:gpt", " openai:gpt"])
def test_an_unknown_provider_is_told_with_the_known_ones(name: str) -> None:
    with pytest.raises(NotFoundError, match="known are anthropic, azure, ") as caught:
        new(name, model="m")
    assert (caught.value.local, caught.value.retryable) == (True, False)


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("openai", {}, r"new\('openai:<model>'\)"),
        ("openai:", {"model": ""}, r"new\('openai:<model>'\)"),
        ("openai:a", {"model": "b"}, "two models are named, 'a' and 'b'"),
        ("openai:a", {"apikey": "k"}, "unknown setting 'apikey'; there are model, api_key"),
        (None, {}, "got NoneType"),
        (b"openai:a", {}, "got bytes"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(name: Any, config: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        new(name, **config)
    assert caught.value.local


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("qwen", "DASHSCOPE_API_KEY"),
    ],
)
def test_a_missing_key_names_its_variable(provider: str, variable: str) -> None:
    with pytest.raises(AuthError, match=variable) as caught:
        new(f"{provider}:m")
    assert (caught.value.provider, caught.value.model) == (provider, "m")


def test_what_is_registered_is_known_and_made() -> None:
    register("my-own_1", made)
    assert "my-own_1" in list_providers()
    assert new("my-own_1:m").model_id == "m"


@pytest.mark.parametrize("name", ["openai", "mine"])
def test_a_name_is_taken_once_unless_it_is_to_be_replaced(name: str) -> None:
    register("mine", made)
    with pytest.raises(InvalidInputError, match="replace=True"):
        register(name, made)
    register(name, lambda config: ScriptedModel([], model_id="other"), replace=True)
    assert new(f"{name}:m").model_id == "other"


def test_what_has_been_used_is_taken_all_the_same() -> None:
    new("mock:m")
    with pytest.raises(InvalidInputError, match="is there already"):
        register("mock", made)


@pytest.mark.parametrize("name", ["", "a:b", " a", "a b", "a\n", "ä", None, 5])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="no name for a provider"):
        register(name, made)
    assert name not in list_providers()


@pytest.mark.parametrize("factory", [None, "beluga.providers.mock:mock", ScriptedModel([])])
def test_what_is_no_factory_is_refused(factory: Any) -> None:
    with pytest.raises(InvalidInputError, match="a factory is a function"):
        register("mine", factory)


def test_a_factory_that_makes_no_model_is_told() -> None:
    register("mine", lambda config: "a model")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="'mine' must return a ChatModel; it returned str"):
        new("mine:m")


def test_what_a_factory_raises_passes() -> None:
    def failing(config: ProviderConfig) -> ChatModel:
        raise ZeroDivisionError

    register("mine", failing)
    with pytest.raises(ZeroDivisionError):
        new("mine:m")


def test_another_package_adds_providers_but_takes_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    group = registry.ENTRY_POINTS
    own = EntryPoint("mock", "beluga.providers.mock:mock", group)
    theirs = [EntryPoint(name, "tests.test_registry:made", group) for name in ("mock", "theirs")]
    monkeypatch.setattr(registry, "entry_points", lambda group: [own, *theirs])
    assert list_providers() == ("mock", "theirs")
    assert type(new("mock:m")).__name__ == "_EchoModel"
    assert isinstance(new("theirs:m"), ScriptedModel)


async def test_timeouts_and_defaults_are_what_calls_start_from() -> None:
    model = new(
        "mock:m",
        timeouts=Timeouts(total=7),
        defaults=GenerateOptions(temperature=0.5),
        settings={"replies": ["Hi."]},
    )
    assert isinstance(model, ScriptedModel)
    await model.generate("Hi", seed=1)
    options = model.requests[0].options
    assert (options.timeout, options.temperature, options.seed) == (Timeouts(total=7), 0.5, 1)


@pytest.mark.parametrize("copying", [pickle.dumps, copy.deepcopy])
def test_a_configuration_is_not_carried_elsewhere(copying: Any) -> None:
    with pytest.raises(TypeError, match="may hold a key"):
        copying(ProviderConfig(model="m", api_key="k"))


def test_a_configuration_shows_neither_key_nor_password() -> None:
    config = ProviderConfig(
        model="m",
        api_key="pass-word",
        base_url="http://me:pass-word@h/v1?key=pass-word",
        headers={"authorization": "pass-word"},
        settings={"secret": "pass-word"},
    )
    assert "pass-word" not in f"{config} {config!r} {config.__rich_repr__()}"
    assert "h/v1" in repr(config)


def test_everything_is_importable_from_the_top() -> None:
    for name in ("new", "register", "list_providers", "ProviderConfig", "ProviderConfigDict"):
        assert getattr(beluga, name) is getattr(registry, name)
