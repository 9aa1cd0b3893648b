"""One typed interface over many language models, for asyncio and trio.

Everything public is importable from here; each name's module is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beluga.blocking import (
        blocking,
    )
    from beluga.effects import (
        BackendClock,
        CanChoose,
        Clock,
        Effects,
        Emit,
        HasClock,
        HasNotify,
        HasRandom,
        Notify,
        Random,
        live,
    )
    from beluga.errors import (
        AllModelsFailedError,
        AuthError,
        BelugaError,
        BudgetExhaustedError,
        ContentFilterError,
        ContextLengthError,
        ContextOverflowError,
        GuardBlockedError,
        IncompleteStreamError,
        InvalidInputError,
        ModelError,
        ModelTimeoutError,
        NotFoundError,
        OutputInvalidError,
        ProviderDownError,
        RateLimitError,
        StreamUsageError,
        ToolFailedError,
        UnsupportedError,
        error_for,
    )
    from beluga.events import (
        Attempted,
        AttemptEnded,
        BreakerClosed,
        BreakerOpened,
        Event,
        FailedOver,
        Hedged,
        HedgeWon,
        LeftOut,
        RateLimits,
        RateWindow,
        Retried,
    )
    from beluga.hooks import (
        Hooks,
        Middleware,
        apply_middleware,
        compose_hooks,
        with_hooks,
    )
    from beluga.middleware.breaker import (
        with_breaker,
    )
    from beluga.middleware.fallback import (
        with_fallback,
    )
    from beluga.middleware.hedge import (
        with_hedge,
    )
    from beluga.middleware.retry import (
        with_retry,
    )
    from beluga.middleware.timeout import (
        with_timeout,
    )
    from beluga.model import (
        ChatModel,
        Wrapper,
    )
    from beluga.outcomes import (
        Ok,
        Outcome,
        attempt,
        unwrap,
    )
    from beluga.registry import (
        ProviderConfig,
        ProviderConfigDict,
        list_providers,
        new,
        register,
    )
    from beluga.schema import (
        UNSET,
        AIMessage,
        AudioPart,
        Capabilities,
        Citation,
        Emission,
        ErrorCode,
        Failure,
        FilePart,
        Finish,
        FinishReason,
        GenerateOptions,
        HumanMessage,
        ImagePart,
        JsonObject,
        JsonSchema,
        JsonValue,
        Message,
        ModelInfo,
        NamedTool,
        Options,
        Part,
        PartDone,
        Prices,
        Prompt,
        PromptCache,
        ProviderPart,
        ProviderTool,
        ReasoningConfig,
        ReasoningDelta,
        ReasoningPart,
        RefusalPart,
        Request,
        ResponseFormat,
        Restarted,
        Spent,
        StreamChunk,
        SystemMessage,
        TextDelta,
        TextFormat,
        TextPart,
        Timeouts,
        Tool,
        ToolCall,
        ToolCallDelta,
        ToolChoice,
        ToolMessage,
        ToolSpec,
        Usage,
        VideoPart,
        fold,
        unfold,
    )
    from beluga.streams import (
        ChunkStream,
    )
    from beluga.transport.auth import (
        Credentials,
    )
    from beluga.transport.http import (
        Http,
    )
    from beluga.transport.httpx_http import (
        HttpxHttp,
    )
else:
    import importlib

    _MODULES = {
        "beluga.blocking": "blocking",
        "beluga.effects": (
            "BackendClock CanChoose Clock Effects Emit HasClock HasNotify HasRandom Notify Random "
            "live"
        ),
        "beluga.errors": (
            "AllModelsFailedError AuthError BelugaError BudgetExhaustedError ContentFilterError "
            "ContextLengthError ContextOverflowError GuardBlockedError IncompleteStreamError "
            "InvalidInputError ModelError ModelTimeoutError NotFoundError OutputInvalidError "
            "ProviderDownError RateLimitError StreamUsageError ToolFailedError UnsupportedError "
            "error_for"
        ),
        "beluga.events": (
            "AttemptEnded Attempted BreakerClosed BreakerOpened Event FailedOver HedgeWon Hedged "
            "LeftOut RateLimits RateWindow Retried"
        ),
        "beluga.hooks": "Hooks Middleware apply_middleware compose_hooks with_hooks",
        "beluga.middleware.breaker": "with_breaker",
        "beluga.middleware.fallback": "with_fallback",
        "beluga.middleware.hedge": "with_hedge",
        "beluga.middleware.retry": "with_retry",
        "beluga.middleware.timeout": "with_timeout",
        "beluga.model": "ChatModel Wrapper",
        "beluga.outcomes": "Ok Outcome attempt unwrap",
        "beluga.registry": "ProviderConfig ProviderConfigDict list_providers new register",
        "beluga.schema": (
            "UNSET AIMessage AudioPart Capabilities Citation Emission ErrorCode Failure FilePart "
            "Finish FinishReason GenerateOptions HumanMessage ImagePart JsonObject JsonSchema "
            "JsonValue Message ModelInfo NamedTool Options Part PartDone Prices Prompt PromptCache "
            "ProviderPart ProviderTool ReasoningConfig ReasoningDelta ReasoningPart RefusalPart "
            "Request ResponseFormat Restarted Spent StreamChunk SystemMessage TextDelta TextFormat "
            "TextPart Timeouts Tool ToolCall ToolCallDelta ToolChoice ToolMessage ToolSpec Usage "
            "VideoPart fold unfold"
        ),
        "beluga.streams": "ChunkStream",
        "beluga.transport.auth": "Credentials",
        "beluga.transport.http": "Http",
        "beluga.transport.httpx_http": "HttpxHttp",
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


__all__ = [
    "UNSET",
    "AIMessage",
    "AllModelsFailedError",
    "AttemptEnded",
    "Attempted",
    "AudioPart",
    "AuthError",
    "BackendClock",
    "BelugaError",
    "BreakerClosed",
    "BreakerOpened",
    "BudgetExhaustedError",
    "CanChoose",
    "Capabilities",
    "ChatModel",
    "ChunkStream",
    "Citation",
    "Clock",
    "ContentFilterError",
    "ContextLengthError",
    "ContextOverflowError",
    "Credentials",
    "Effects",
    "Emission",
    "Emit",
    "ErrorCode",
    "Event",
    "FailedOver",
    "Failure",
    "FilePart",
    "Finish",
    "FinishReason",
    "GenerateOptions",
    "GuardBlockedError",
    "HasClock",
    "HasNotify",
    "HasRandom",
    "HedgeWon",
    "Hedged",
    "Hooks",
    "Http",
    "HttpxHttp",
    "HumanMessage",
    "ImagePart",
    "IncompleteStreamError",
    "InvalidInputError",
    "JsonObject",
    "JsonSchema",
    "JsonValue",
    "LeftOut",
    "Message",
    "Middleware",
    "ModelError",
    "ModelInfo",
    "ModelTimeoutError",
    "NamedTool",
    "NotFoundError",
    "Notify",
    "Ok",
    "Options",
    "Outcome",
    "OutputInvalidError",
    "Part",
    "PartDone",
    "Prices",
    "Prompt",
    "PromptCache",
    "ProviderConfig",
    "ProviderConfigDict",
    "ProviderDownError",
    "ProviderPart",
    "ProviderTool",
    "Random",
    "RateLimitError",
    "RateLimits",
    "RateWindow",
    "ReasoningConfig",
    "ReasoningDelta",
    "ReasoningPart",
    "RefusalPart",
    "Request",
    "ResponseFormat",
    "Restarted",
    "Retried",
    "Spent",
    "StreamChunk",
    "StreamUsageError",
    "SystemMessage",
    "TextDelta",
    "TextFormat",
    "TextPart",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolChoice",
    "ToolFailedError",
    "ToolMessage",
    "ToolSpec",
    "UnsupportedError",
    "Usage",
    "VideoPart",
    "Wrapper",
    "apply_middleware",
    "attempt",
    "blocking",
    "compose_hooks",
    "error_for",
    "fold",
    "list_providers",
    "live",
    "new",
    "register",
    "unfold",
    "unwrap",
    "with_breaker",
    "with_fallback",
    "with_hedge",
    "with_hooks",
    "with_retry",
    "with_timeout",
]
