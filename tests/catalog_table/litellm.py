"""Read LiteLLM's list (`model_prices_and_context_window`, MIT): dollars a token."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tests.catalog_table.rows import Row, Rows, answers_chats, settled

__all__ = ["read"]

FILE: Final = "model_prices_and_context_window_backup.json"

# LiteLLM's provider → the place in the table, and what its names begin with.
_PLACES: Final[dict[str, tuple[str, str]]] = {
    "anthropic": ("anthropic", ""),
    "bedrock": ("bedrock", ""),
    "bedrock_converse": ("bedrock", ""),
    "cerebras": ("cerebras", "cerebras/"),
    "cohere": ("cohere", ""),
    "cohere_chat": ("cohere", ""),
    "dashscope": ("qwen", "dashscope/"),
    "deepseek": ("deepseek", "deepseek/"),
    "fireworks_ai": ("fireworks", "fireworks_ai/"),
    "gemini": ("google", "gemini/"),
    "groq": ("groq", "groq/"),
    "meta_llama": ("llama", "meta_llama/"),
    "mistral": ("mistral", "mistral/"),
    "openai": ("openai", ""),
    "perplexity": ("perplexity", "perplexity/"),
    "sambanova": ("sambanova", "sambanova/"),
    "together_ai": ("together", "together_ai/"),
    "xai": ("xai", "xai/"),
}

_FIELDS: Final = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
_CAPABILITIES: Final = {
    "tools": "supports_function_calling",
    "tool_choice": "supports_tool_choice",
    "parallel_tool_calls": "supports_parallel_function_calling",
    "response_schema": "supports_response_schema",
    "reasoning": "supports_reasoning",
    "prompt_cache": "supports_prompt_caching",
    "images": "supports_vision",
    "audio": "supports_audio_input",
    "video": "supports_video_input",
    "files": "supports_pdf_input",
}
_SEARCHES: Final = re.compile(r"search|sonar|deep-research")
_ABOVE: Final = re.compile(r"input_cost_per_token_above_(\d+)k_tokens$")


def read() -> Rows:
    """Return the rows of what answers chats with text, of the providers that beluga knows.

    Raises:
        ModuleNotFoundError: litellm's files are not on the path.
    """
    package = find_spec("litellm")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("litellm is not on the path")
    path = Path(package.submodule_search_locations[0], FILE)
    rows: Rows = {}
    for key, entry in json.loads(path.read_text(encoding="utf-8")).items():
        if entry.get("mode") in {"chat", "responses"} and answers_chats(key):
            _take(rows, key, entry)
    return rows


def _take(rows: Rows, key: str, entry: dict[str, Any]) -> None:
    provider = entry["litellm_provider"]
    if provider.startswith("vertex_ai"):
        _take_vertex(rows, key.removeprefix("vertex_ai/"), entry)
        return
    place, prefix = _PLACES.get(provider, (None, ""))
    if place is None or not key.startswith(prefix) or "-commitment/" in key:
        return
    name = key.removeprefix(prefix)
    if place == "bedrock" and name.startswith("bedrock/"):
        region, slash, name = name.removeprefix("bedrock/").partition("/")
        if not slash or not re.fullmatch(r"[a-z]+(-[a-z]+)+-\d", region):
            return
        place = f"bedrock/{region}"
    rows.setdefault(place, {})[name] = _row(name, entry)


def _take_vertex(rows: Rows, name: str, entry: dict[str, Any]) -> None:
    rows.setdefault("vertex", {})[name] = row = _row(name, entry)
    uplift = entry.get("regional_endpoint_uplift_multiplier")
    if uplift and "prices" in row:
        rows.setdefault("vertex/regional", {})[name] = row | {
            "prices": _times(row["prices"], uplift)
        }


def _times(prices: Row, factor: float) -> Row:
    out: Row = {}
    for key, value in prices.items():
        if key == "tiers":
            out[key] = [_times(tier, factor) for tier in value]
        elif key in {"above", "extras"}:
            out[key] = value
        else:
            out[key] = round(value * factor, 6)
    return out


def _row(name: str, entry: dict[str, Any]) -> Row:
    row: Row = {}
    for field, source in (
        ("max_input_tokens", "max_input_tokens"),
        ("max_output_tokens", "max_output_tokens"),
    ):
        if isinstance(entry.get(source), int | float) and entry[source] > 0:
            row[field] = int(entry[source])
    prices = settled(_prices(name, entry), name)
    if prices:
        row["prices"] = prices
    capabilities = _capabilities(entry)
    if capabilities:
        row["capabilities"] = capabilities
    return row


def _prices(name: str, entry: dict[str, Any]) -> Row:
    tiered = entry.get("tiered_pricing")
    if tiered:
        return _from_ranges(tiered)
    prices = _at(entry, "")
    bounds = sorted({int(m[1]) for key in entry if (m := _ABOVE.match(key))})
    tiers = [{"above": b * 1000, **_at(entry, f"_above_{b}k_tokens")} for b in bounds]
    return {**prices, "tiers": tiers, "extras": _charges_more(name, entry)}


def _from_ranges(ranges: list[dict[str, Any]]) -> Row:
    first, *later = sorted(ranges, key=lambda r: float(r["range"][0]))
    tiers = [{"above": int(r["range"][0]), **_at(r, "")} for r in later]
    return {**_at(first, ""), "tiers": tiers}


def _at(entry: dict[str, Any], suffix: str) -> Row:
    sources = {field: f"{source}{suffix}" for field, source in _FIELDS.items()}
    sources["batch_input"] = f"input_cost_per_token{suffix}_batches"
    sources["batch_output"] = f"output_cost_per_token{suffix}_batches"
    found = {field: entry.get(source) for field, source in sources.items()}
    return {field: round(cost * 1e6, 6) for field, cost in found.items() if cost}


def _charges_more(name: str, entry: dict[str, Any]) -> bool:
    """Whether something besides tokens of text is charged, or at an hour's price."""
    output, reasoning = entry.get("output_cost_per_token"), "output_cost_per_reasoning_token"
    outputs = set(entry.get("supported_output_modalities") or ["text"]) - {"text", "code"}
    searches = "search_context_cost_per_query" in entry and _SEARCHES.search(name)
    return bool(
        entry.get("input_cost_per_request")
        or entry.get("off_peak_pricing")
        or entry.get("citation_cost_per_token")
        or entry.get(reasoning, output) != output
        or outputs
        or searches
        or any(entry.get(f"output_cost_per_{kind}_token") for kind in ("audio", "image", "video"))
    )


def _capabilities(entry: dict[str, Any]) -> Row:
    told = {field: entry[key] for field, key in _CAPABILITIES.items() if key in entry}
    modalities = entry.get("supported_modalities")
    for field, word in (("images", "image"), ("audio", "audio"), ("video", "video")):
        if modalities:
            told.setdefault(field, word in modalities)
    return {field: bool(value) for field, value in told.items()}
