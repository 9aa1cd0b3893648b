"""Read genai-prices (MIT): dollars a million tokens, with the days from which they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from tests.catalog_table.rows import Row, Rows, answers_chats, settled

__all__ = ["read"]

_PLACES: Final = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "x-ai": "xai",
}
_FIELDS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
# Names that both lists have dropped since or know by a pattern, as their makers document them.
_SNAPSHOTS: Final = {
    "anthropic": (
        "claude-3-haiku-20240307",
        "claude-3-sonnet-20240229",
        "claude-3-opus-20240229",
        "claude-3-opus-latest",
        "claude-3-5-haiku-20241022",
        "claude-3-5-sonnet-20240620",
        "claude-3-5-sonnet-20241022",
        "claude-3-5-sonnet-latest",
        "claude-3-7-sonnet-20250219",
        "claude-3-7-sonnet-latest",
        "claude-opus-4-0",
        "claude-opus-4-20250514",
        "claude-opus-4-1",
        "claude-opus-4-1-20250805",
        "claude-sonnet-4-0",
        "claude-sonnet-4-20250514",
    ),
    "google": (
        "gemini-1.5-flash",
        "gemini-1.5-pro",
        "gemini-2.0-flash",
        "gemini-2.0-flash-001",
        "gemini-2.0-flash-lite",
        "gemini-2.0-flash-lite-001",
    ),
}

_MORE: Final = (
    "requests_kcount",
    "output_audio_mtok",
    "output_image_mtok",
    "output_video_mtok",
    "output_reasoning_mtok",
    "output_citation_mtok",
)


def read(at: datetime) -> Rows:
    """Return the rows that hold at a time, of the providers that beluga knows."""
    from genai_prices.data import providers

    rows: Rows = {}
    for provider in providers:
        place = _PLACES.get(provider.id)
        for model in provider.models if place else ():
            row = _row(model, at)
            for name in {model.id, *_equals(model.match)}:
                if row and _belongs(place, name):
                    rows.setdefault(str(place), {})[name] = row
        for name in _SNAPSHOTS.get(provider.id, ()):
            model = provider.find_model(name)
            row = {} if model is None else _row(model, at)
            if row:
                rows.setdefault(str(place), {}).setdefault(name, row)
    return rows


def _belongs(place: str | None, name: str) -> bool:
    if place == "google" and not name.startswith("gemini"):
        return False  # another maker's model, on Vertex
    if place == "bedrock" and "." not in name:
        return False  # a family's name, which Bedrock does not know
    if place == "openai" and name.startswith(("gpt-oss", "ft:")):
        return False  # served by others; a family's name
    if place == "openrouter" and (name.endswith(":batch") or name.startswith("~")):
        return False  # another interface; whatever is the latest
    return answers_chats(name)


def _equals(clause: Any) -> list[str]:
    """Return the names that stand for the model exactly; a pattern is no name."""
    equals = getattr(clause, "equals", None)
    if equals is not None:
        return [equals]
    return [name for inner in getattr(clause, "or_", ()) for name in _equals(inner)]


def _row(model: Any, at: datetime) -> Row:
    standard = model.get_prices(at)
    prices = _prices(standard)
    batch = _prices(model.get_prices(at, {"processing": "batch"}))
    _lay_batch(prices, batch)
    told = {key for key, value in standard.__dict__.items() if value is not None}
    prices["extras"] = bool(told.intersection(_MORE)) or _changes_by_the_hour(model)
    row: Row = {}
    if model.context_window:
        row["context_window"] = int(model.context_window)
    kept = settled(prices, model.id)
    if kept:
        row["prices"] = kept
    return row


def _changes_by_the_hour(model: Any) -> bool:
    conditional = model.prices if isinstance(model.prices, list) else []
    return any(hasattr(c.constraint, "start_time") for c in conditional)


def _lay_batch(prices: Row, batch: Row) -> None:
    for key in ("input", "output"):
        if batch.get(key) != prices.get(key):
            prices[f"batch_{key}"] = batch.get(key)
    for tier, other in zip(prices["tiers"], batch["tiers"], strict=False):
        for key in ("input", "output"):
            if other.get(key) != tier.get(key):
                tier[f"batch_{key}"] = other.get(key)


def _prices(listed: Any) -> Row:
    values = {field: getattr(listed, key) for field, key in _FIELDS.items()}
    starts = sorted({tier.start for value in values.values() for tier in _tiers(value)})
    base = {f: float(getattr(v, "base", v)) for f, v in values.items() if v is not None}
    return {**base, "tiers": [{"above": s, **_at(values, s)} for s in starts]}


def _tiers(value: Any) -> Any:
    return getattr(value, "tiers", ())


def _at(values: dict[str, Any], start: int) -> Row:
    """Return the prices from a tier on; what has no tiers of its own stays as it is."""
    found: Row = {}
    for field, value in values.items():
        if value is None:
            continue
        reached = [tier.price for tier in _tiers(value) if tier.start <= start]
        found[field] = float(reached[-1] if reached else getattr(value, "base", value))
    return found
