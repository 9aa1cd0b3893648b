"""The names of the public contract: all from `beluga` itself, and from the submodules it names."""

from importlib import import_module
from importlib.util import find_spec

import pytest

import beluga

SUBMODULES = {
    "beluga.schema": """
        UNSET AIMessage AudioPart FilePart Finish FinishReason GenerateOptions HumanMessage
        ImagePart JsonObject JsonSchema Message NamedTool Options Part PartDone PromptCache
        ProviderPart ProviderTool ReasoningConfig ReasoningDelta ReasoningPart RefusalPart Request
        Restarted Spent StreamChunk SystemMessage TextDelta TextFormat TextPart Timeouts ToolCall
        ToolCallDelta ToolMessage Usage VideoPart fold unfold
    """,
    "beluga.routing": """
        AttemptReport Candidate CapabilityBased Cooldown CostOptimized Example FailoverChain
        LearnedRouter LowestLatency RoundRobin Router RouterStrategy
    """,
    "beluga.context": """
        Adaptive ContextManager ContextStrategy FactExtraction Fitted Semantic Sliding Summarize
        Truncate
    """,
    "beluga.tokens": "Tokenizer UsageAnchor preload tokenizer_for",
    "beluga.catalog": "ModelInfo cost register_model",
    "beluga.structured": "PartialStream Structured StructuredOutput",
    "beluga.tools": "Tool ToolSpec run_tools tool",
}

MODULES = {
    "beluga.model": "ChatModel Wrapper",
    "beluga.streams": "ChunkStream",
    "beluga.blocking_factory": "blocking",
    "beluga.effects": "CanChoose Effects HasClock HasNotify HasRandom live",
    "beluga.registry": "ProviderConfig list_providers new register",
    "beluga.errors": """
        AllModelsFailedError AuthError BelugaError BudgetExhaustedError ContentFilterError
        ContextLengthError ContextOverflowError ErrorCode Failure GuardBlockedError
        IncompleteStreamError InvalidInputError ModelError ModelTimeoutError NotFoundError
        OutputInvalidError ProviderDownError RateLimitError StreamUsageError ToolFailedError
        UnsupportedError
    """,
    "beluga.context.middleware": "with_context",
    "beluga.hooks": "Hooks apply_middleware compose_hooks with_hooks",
    "beluga.middleware.breaker": "with_breaker",
    "beluga.middleware.budget": "with_budget",
    "beluga.middleware.cache": "with_cache",
    "beluga.middleware.fallback": "with_fallback",
    "beluga.middleware.guardrails": "Allow Block Change with_guardrails",
    "beluga.middleware.hedge": "with_hedge",
    "beluga.middleware.limits": "ProviderLimits with_limits",
    "beluga.middleware.logging": "with_logging",
    "beluga.middleware.retry": "with_retry",
    "beluga.middleware.timeout": "with_timeout",
    "beluga.middleware.tracing": "with_tracing",
    "beluga.stack": "standard",
}

TESTING = "ScriptedModel Simulator record replay strategies virtual_backends"


@pytest.mark.parametrize("module", [*SUBMODULES, *MODULES])
def test_the_root_offers_it(module: str) -> None:
    assert find_spec(module) is not None, f"{module} has vanished"
    names = {**SUBMODULES, **MODULES}[module].split()
    assert sorted(set(names) - set(beluga.__all__)) == []


@pytest.mark.parametrize("module", SUBMODULES)
def test_its_own_module_offers_it(module: str) -> None:
    offered = import_module(module).__all__
    assert sorted(set(SUBMODULES[module].split()) - set(offered)) == []


@pytest.mark.parametrize("name", TESTING.split())
def test_the_kit_for_tests_is_offered_by_its_module_alone(name: str) -> None:
    kit = import_module("beluga.testing")
    assert hasattr(kit, name) or find_spec(f"beluga.testing.{name}") is not None
    assert name not in beluga.__all__
