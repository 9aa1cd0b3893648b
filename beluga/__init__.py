"""One typed interface over many language models, for asyncio and trio.

Everything public is importable from here; each name's module is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A name a line would be most of this file.
    # fmt: off
    # isort: off
    from beluga.blocking_factory import blocking
    from beluga.catalog import cost, model_info, register_model
    from beluga.context import (
        Adaptive, ContextManager, ContextStrategy, FactExtraction, Semantic, Sliding, Summarize,
        Truncate, is_synthetic, with_context,
    )
    from beluga.effects import (
        BackendClock, CanChoose, Clock, Effects, Emit, HasClock, HasNotify, HasRandom, Notify,
        Random, live,
    )
    from beluga.errors import (
        AllModelsFailedError, AuthError, BelugaError, BudgetExhaustedError, ContentFilterError,
        ContextLengthError, ContextOverflowError, GuardBlockedError, IncompleteStreamError,
        InvalidInputError, ModelError, ModelTimeoutError, NotFoundError, OutputInvalidError,
        ProviderDownError, RateLimitError, StrategyError, StreamUsageError, ToolFailedError,
        UnsupportedError, error_for,
    )
    from beluga.events import (
        AskedAgain, AttemptEnded, Attempted, BreakerClosed, BreakerOpened, BudgetSettled,
        CacheHit, CacheStored, Event, FailedOver, Fitted, Guarded, HedgeWon, Hedged, LeftOut,
        RateLimits, RateWindow, Repaired, Retried, Routed, SchemaReworded, Scored, Standing,
        ToolEnded, ToolStarted, WaitedForLimit, WaitedForModel,
    )
    from beluga.fitting import Fitter
    from beluga.hooks import Hooks, Middleware, apply_middleware, compose_hooks, with_hooks
    from beluga.middleware.breaker import with_breaker
    from beluga.middleware.budget import with_budget
    from beluga.middleware.cache import with_cache
    from beluga.middleware.fallback import with_fallback
    from beluga.middleware.guardrails import with_guardrails
    from beluga.middleware.guards import CallGuard, Guard, Length, Patterns, Secrets
    from beluga.middleware.hedge import with_hedge
    from beluga.middleware.limits import with_limits
    from beluga.middleware.logging import with_logging
    from beluga.middleware.retry import with_retry
    from beluga.middleware.timeout import with_timeout
    from beluga.middleware.tool_tracing import trace_tools
    from beluga.middleware.tracing import with_tracing
    from beluga.model import ChatModel, Wrapper
    from beluga.outcomes import Ok, Outcome, attempt, unwrap
    from beluga.registry import ProviderConfig, ProviderConfigDict, list_providers, new, register
    from beluga.routing import (
        AttemptReport, Candidate, CapabilityBased, Cooldown, CostOptimized, Example, Explanation,
        FailoverChain, LearnedRouter, LowestLatency, RoundRobin, Router, RouterStrategy,
    )
    from beluga.schema import (
        UNSET, AIMessage, AudioPart, Capabilities, Citation, Emission, ErrorCode, Failure, FilePart,
        Finish, FinishReason, GenerateOptions, HumanMessage, ImagePart, JsonObject, JsonSchema,
        JsonValue, Message, ModelInfo, NamedTool, Options, Part, PartDone, Prices, PriceTier,
        Prompt, PromptCache, ProviderPart, ProviderTool, ReasoningConfig, ReasoningDelta,
        ReasoningPart, RefusalPart, Request, ResponseFormat, Restarted, Spent, StreamChunk,
        SystemMessage, TextDelta, TextFormat, TextPart, Timeouts, Tool, ToolCall, ToolCallDelta,
        ToolChoice, ToolMessage, ToolSpec, Usage, VideoPart, fold, unfold,
    )
    from beluga.stack import standard
    from beluga.stores import (
        HealthStore, KeyValue, LimitStore, MemoryHealth, MemoryLimits, MemoryStore,
        ProviderLimits,
    )
    from beluga.streams import ChunkStream
    from beluga.tokens import Tokenizer, UsageAnchor, preload, tokenizer_for
    from beluga.tools import (
        CallEnded, CallStarted, FunctionTool, LoopItem, SchemaTool, StepEnded, StepStarted,
        ToolLoop, ToolRun, ToolStream, current_call, run_tools, tool, tool_failed,
        tool_from_schema,
    )
    from beluga.structured import (
        FieldDone, ItemDone, Partial, PartialStream, Structured, StructuredOutput, TextGrew,
    )
    from beluga.transport.auth import Credentials
    from beluga.transport.http import Http
    from beluga.transport.httpx_http import HttpxHttp
    from beluga.verdicts import Allow, Block, Change, Verdict
    # isort: on
    # fmt: on
else:
    import importlib

    _MODULES = {
        "beluga.blocking_factory": "blocking",
        "beluga.catalog": "cost model_info register_model",
        "beluga.context": (
            "Adaptive ContextManager ContextStrategy FactExtraction Semantic Sliding Summarize "
            "Truncate is_synthetic with_context"
        ),
        "beluga.effects": (
            "BackendClock CanChoose Clock Effects Emit HasClock HasNotify HasRandom Notify Random "
            "live"
        ),
        "beluga.errors": (
            "AllModelsFailedError AuthError BelugaError BudgetExhaustedError ContentFilterError "
            "ContextLengthError ContextOverflowError GuardBlockedError IncompleteStreamError "
            "InvalidInputError ModelError ModelTimeoutError NotFoundError OutputInvalidError "
            "ProviderDownError RateLimitError StrategyError StreamUsageError ToolFailedError "
            "UnsupportedError error_for"
        ),
        "beluga.events": (
            "AskedAgain AttemptEnded Attempted BreakerClosed BreakerOpened BudgetSettled CacheHit "
            "CacheStored Event FailedOver Fitted Guarded HedgeWon Hedged LeftOut RateLimits "
            "RateWindow Repaired Retried Routed SchemaReworded Scored Standing ToolEnded "
            "ToolStarted WaitedForLimit WaitedForModel"
        ),
        "beluga.fitting": "Fitter",
        "beluga.hooks": "Hooks Middleware apply_middleware compose_hooks with_hooks",
        "beluga.middleware.breaker": "with_breaker",
        "beluga.middleware.budget": "with_budget",
        "beluga.middleware.cache": "with_cache",
        "beluga.middleware.fallback": "with_fallback",
        "beluga.middleware.guardrails": "with_guardrails",
        "beluga.middleware.guards": "CallGuard Guard Length Patterns Secrets",
        "beluga.middleware.hedge": "with_hedge",
        "beluga.middleware.limits": "with_limits",
        "beluga.middleware.logging": "with_logging",
        "beluga.middleware.retry": "with_retry",
        "beluga.middleware.timeout": "with_timeout",
        "beluga.middleware.tool_tracing": "trace_tools",
        "beluga.middleware.tracing": "with_tracing",
        "beluga.model": "ChatModel Wrapper",
        "beluga.outcomes": "Ok Outcome attempt unwrap",
        "beluga.registry": "ProviderConfig ProviderConfigDict list_providers new register",
        "beluga.routing": (
            "AttemptReport Candidate CapabilityBased Cooldown CostOptimized Example Explanation "
            "FailoverChain LearnedRouter LowestLatency RoundRobin Router RouterStrategy"
        ),
        "beluga.schema": (
            "UNSET AIMessage AudioPart Capabilities Citation Emission ErrorCode Failure FilePart "
            "Finish FinishReason GenerateOptions HumanMessage ImagePart JsonObject JsonSchema "
            "JsonValue Message ModelInfo NamedTool Options Part PartDone PriceTier Prices Prompt "
            "PromptCache ProviderPart ProviderTool ReasoningConfig ReasoningDelta ReasoningPart "
            "RefusalPart Request ResponseFormat Restarted Spent StreamChunk SystemMessage "
            "TextDelta TextFormat TextPart Timeouts Tool ToolCall ToolCallDelta ToolChoice "
            "ToolMessage ToolSpec Usage VideoPart fold unfold"
        ),
        "beluga.stack": "standard",
        "beluga.stores": (
            "HealthStore KeyValue LimitStore MemoryHealth MemoryLimits MemoryStore ProviderLimits"
        ),
        "beluga.streams": "ChunkStream",
        "beluga.tokens": "Tokenizer UsageAnchor preload tokenizer_for",
        "beluga.structured": (
            "FieldDone ItemDone Partial PartialStream Structured StructuredOutput TextGrew"
        ),
        "beluga.tools": (
            "CallEnded CallStarted FunctionTool LoopItem SchemaTool StepEnded StepStarted ToolLoop "
            "ToolRun ToolStream current_call run_tools tool tool_failed tool_from_schema"
        ),
        "beluga.transport.auth": "Credentials",
        "beluga.transport.http": "Http",
        "beluga.transport.httpx_http": "HttpxHttp",
        "beluga.verdicts": "Allow Block Change Verdict",
    }
    _HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        # Only at run time: a type checker that saw this would let a misspelt name pass.
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'beluga' has no attribute {name!r}")
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return [*globals(), *_HOMES]


# fmt: off
__all__ = [
    "UNSET", "AIMessage", "Adaptive", "AllModelsFailedError", "Allow", "AskedAgain", "AttemptEnded",
    "AttemptReport", "Attempted", "AudioPart", "AuthError", "BackendClock", "BelugaError", "Block",
    "BreakerClosed", "BreakerOpened", "BudgetExhaustedError", "BudgetSettled", "CacheHit",
    "CacheStored", "CallEnded", "CallGuard", "CallStarted", "CanChoose", "Candidate",
    "Capabilities", "CapabilityBased", "Change", "ChatModel", "ChunkStream", "Citation", "Clock",
    "ContentFilterError", "ContextLengthError", "ContextManager", "ContextOverflowError",
    "ContextStrategy", "Cooldown", "CostOptimized", "Credentials", "Effects", "Emission", "Emit",
    "ErrorCode", "Event", "Example", "Explanation", "FactExtraction", "FailedOver", "FailoverChain",
    "Failure", "FieldDone", "FilePart", "Finish", "FinishReason", "Fitted", "Fitter",
    "FunctionTool", "GenerateOptions", "Guard", "GuardBlockedError", "Guarded", "HasClock",
    "HasNotify", "HasRandom", "HealthStore", "HedgeWon", "Hedged", "Hooks", "Http", "HttpxHttp",
    "HumanMessage", "ImagePart", "IncompleteStreamError", "InvalidInputError", "ItemDone",
    "JsonObject", "JsonSchema", "JsonValue", "KeyValue", "LearnedRouter", "LeftOut", "Length",
    "LimitStore", "LoopItem", "LowestLatency", "MemoryHealth", "MemoryLimits", "MemoryStore",
    "Message", "Middleware", "ModelError", "ModelInfo", "ModelTimeoutError", "NamedTool",
    "NotFoundError", "Notify", "Ok", "Options", "Outcome", "OutputInvalidError", "Part", "PartDone",
    "Partial", "PartialStream", "Patterns", "PriceTier", "Prices", "Prompt", "PromptCache",
    "ProviderConfig", "ProviderConfigDict", "ProviderDownError", "ProviderLimits", "ProviderPart",
    "ProviderTool", "Random", "RateLimitError", "RateLimits", "RateWindow", "ReasoningConfig",
    "ReasoningDelta", "ReasoningPart", "RefusalPart", "Repaired", "Request", "ResponseFormat",
    "Restarted", "Retried", "RoundRobin", "Routed", "Router", "RouterStrategy", "SchemaReworded",
    "SchemaTool", "Scored", "Secrets", "Semantic", "Sliding", "Spent", "Standing", "StepEnded",
    "StepStarted", "StrategyError", "StreamChunk", "StreamUsageError", "Structured",
    "StructuredOutput", "Summarize", "SystemMessage", "TextDelta", "TextFormat", "TextGrew",
    "TextPart", "Timeouts", "Tokenizer", "Tool", "ToolCall", "ToolCallDelta", "ToolChoice",
    "ToolEnded", "ToolFailedError", "ToolLoop", "ToolMessage", "ToolRun", "ToolSpec", "ToolStarted",
    "ToolStream", "Truncate", "UnsupportedError", "Usage", "UsageAnchor", "Verdict", "VideoPart",
    "WaitedForLimit", "WaitedForModel", "Wrapper", "apply_middleware", "attempt", "blocking",
    "compose_hooks", "cost", "current_call", "error_for", "fold", "is_synthetic", "list_providers",
    "live", "model_info", "new", "preload", "register", "register_model", "run_tools", "standard",
    "tokenizer_for", "tool", "tool_failed", "tool_from_schema", "trace_tools", "unfold", "unwrap",
    "with_breaker", "with_budget", "with_cache", "with_context", "with_fallback", "with_guardrails",
    "with_hedge", "with_hooks", "with_limits", "with_logging", "with_retry", "with_timeout",
    "with_tracing",
]
# fmt: on
