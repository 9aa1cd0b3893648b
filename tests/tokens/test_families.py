import pytest

import beluga
from beluga.errors import InvalidInputError
from beluga.schema import ModelInfo
from beluga.testing import ScriptedModel
from beluga.tokens import FAMILIES, UNKNOWN, family_of, tokenizer_for


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-5-mini-2025-08-07", "gpt-5, Responses"),
        ("o3-mini-2025-01-31", "gpt-5, Responses"),
        ("openai.gpt-5.6-luna", "gpt-5, Responses"),
        ("gpt-4o-audio-preview-2024-12-17", "gpt-4o, Responses"),
        ("gpt-4.1-nano-2025-04-14", "gpt-4o, Responses"),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", "gpt-4o, Responses"),
        ("gpt-6-astra", "gpt after 5, Responses"),
        ("mistralai/Mixtral-8x7B-Instruct", "mistral"),
        ("gpt-4-turbo", "gpt-4"),
        ("gpt-3.5-turbo-0125", "gpt-4"),
        ("openai/gpt-oss-120b", "gpt-oss"),
        ("gpt-oss:20b", "gpt-oss"),
        ("claude-3-opus-20240229", "claude up to 4.1"),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude up to 4.1"),
        ("anthropic/claude-3.7-sonnet:thinking", "claude up to 4.1"),
        ("anthropic.claude-v2", "claude up to 4.1"),
        ("claude-sonnet-4-20250514", "claude up to 4.1"),
        ("claude-sonnet-4-0", "claude up to 4.1"),
        ("claude-opus-4-1-20250805", "claude up to 4.1"),
        ("claude-opus-4@20250514", "claude up to 4.1"),
        ("claude-sonnet-4-5-20250929", "claude 4.5 and 4.6"),
        ("anthropic/claude-4.6-sonnet-20260217", "claude 4.5 and 4.6"),
        ("claude-opus-4-8", "claude since 4.7"),
        ("claude-sonnet-5", "claude since 4.7"),
        ("claude-fable-5", "claude since 4.7"),
        ("gemini-1.5-flash", "gemini 2.0"),
        ("google/gemini-2.0-flash-exp:free", "gemini 2.0"),
        ("gemini-2.5-pro-preview-05-06", "gemini 2.5"),
        ("gemini-3-flash-preview", "gemini 3"),
        ("deepseek-ai/DeepSeek-R1", "deepseek"),
        ("us.deepseek.r1-v1:0", "deepseek"),
        ("deepseek-r1-distill-llama-70b", "deepseek"),
        ("deepseek-v4-flash", "deepseek 4"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama 3"),
        ("llama3.2:1b", "llama 3"),
        ("us.meta.llama4-maverick-17b-instruct-v1:0", "llama 4"),
        ("mistral-large-latest", "mistral"),
        ("us.mistral.pixtral-large-2502-v1:0", "mistral"),
        ("mistralai/mistral-small", "mistral small"),
        ("command-r7b-12-2024", "cohere"),
        ("us.amazon.nova-micro-v1:0", "nova"),
        ("us.amazon.nova-2-lite-v1:0", "nova 2"),
        ("Qwen/Qwen2.5-VL-72B-Instruct", "qwen"),
        ("zai-glm-4.7", "glm"),
        ("zai.glm-4.7-flash", "glm"),
        ("zai/GLM-5.2", "glm 5"),
        ("x-ai/grok-4", "grok 4"),
        ("moonshot.kimi-k2-thinking", "kimi"),
        ("parrot-1", "unknown"),
    ],
)
def test_a_model_belongs_to_a_family(model: str, family: str) -> None:
    assert family_of(model).name == family
    assert tokenizer_for(model).exact is family.startswith(("gpt-5", "gpt-4"))


def test_families_have_names_of_their_own() -> None:
    names = [family.name for family in (*FAMILIES, UNKNOWN)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai:gpt-5-mini", "gpt-5, Responses"),
        ("azure:gpt-4o", "gpt-4o, chat"),
        ("groq:meta-llama/llama-4-scout-17b-16e-instruct", "llama 4 on Groq"),
        ("ollama:llama3.2:1b", "llama 3"),
        ("bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude 4.5 and 4.6"),
    ],
)
def test_a_provider_may_stand_before_a_name(name: str, family: str) -> None:
    assert tokenizer_for(name).family.name == family


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_model_knows_its_wire(api: str) -> None:
    model = beluga.new("openai:gpt-4o", api_key="test-key", settings={"api": api})
    wanted = {"chat": "gpt-4o, chat", "responses": "gpt-4o, Responses"}[api]
    assert tokenizer_for(model).family.name == wanted
    assert tokenizer_for(beluga.Wrapper(model)).family.name == wanted


def test_gemini_on_vertex_counts_as_vertex_bills() -> None:
    settings = {"vertex": True, "project": "p"}
    model = beluga.new(
        "google:gemini-3-flash-preview", credentials=_token, settings=settings, http=_Nobody()
    )
    assert tokenizer_for(model).family.name == "gemini on Vertex"


async def _token() -> str:
    return "token"


class _Nobody:
    async def send(self, *_: object, **__: object) -> object:
        raise AssertionError

    async def aclose(self) -> None:
        pass


def test_of_several_the_one_that_counts_most_decides() -> None:
    both = "openai:gpt-4o|anthropic:claude-opus-4-8"
    assert tokenizer_for(both).family.name == "claude since 4.7"
    router = ScriptedModel(["hi"], info=ModelInfo(model=both))
    assert tokenizer_for(router) is tokenizer_for(both)


def test_nothing_counts_for_no_name() -> None:
    with pytest.raises(InvalidInputError, match="a model or its name"):
        tokenizer_for("")
    with pytest.raises(InvalidInputError, match="a model or its name"):
        tokenizer_for(3)  # type: ignore[arg-type]
