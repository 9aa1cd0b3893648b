"""Write the table of providers in `docs/providers.md` from their records.

`python -m docs.providers_table` puts it there; a test tells if the page is older than the records.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from beluga.providers import anthropic, azure, bedrock, cohere, google, ollama, openai
from beluga.providers.compatible import RECORDS
from beluga.providers.endpoint import Endpoint
from beluga.providers.record import Record
from beluga.registry import list_providers

PAGE: Final = Path(__file__).with_name("providers.md")
BEGIN: Final = "<!-- table: python -m docs.providers_table -->\n"
END: Final = "<!-- end of table -->\n"
HEAD: Final = (
    "| name | format | key | address, instead of the public one | differs in | stands on |\n"
    "|---|---|---|---|---|---|\n"
)

_RECORDS: Final[dict[str, Record]] = {**RECORDS, "azure": azure.RECORD, "openai": openai.RECORD}
_OWN: Final[dict[str, tuple[Endpoint, str, str]]] = {
    "anthropic": (anthropic.KEY, "Messages", "recordings"),
    "bedrock": (bedrock.ENDPOINT, "Converse", "recordings"),
    "cohere": (cohere.ENDPOINT, "Chat v2", "recordings"),
    "google": (google.ENDPOINT, "Gemini", "recordings; Vertex AI: a few, else documentation"),
    "ollama": (ollama.ENDPOINT, "Ollama chat", "recordings"),
}
_ALSO: Final = {
    "anthropic": "`ANTHROPIC_AUTH_TOKEN` as a bearer token",
    "azure": "azure-identity",
    "bedrock": "AWS credentials",
    "google": "Google credentials, on Vertex AI",
}
_HOSTS: Final = {"ollama": "`OLLAMA_HOST`"}


def table() -> str:
    """Return the rows of all registered providers, sorted by name."""
    return HEAD + "".join([_row(name) for name in list_providers()])


def page() -> str:
    """Return the page with the table of today."""
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", BEGIN + table() + END, text, flags=re.DOTALL
    )


def _row(name: str) -> str:
    if name == "mock":
        return "| `mock` | none: nothing is sent | | | | |\n"
    record = _RECORDS.get(name)
    if record is None:
        endpoint, form, verified = _OWN[name]
        differs = ""
    else:
        endpoint, verified, differs = record.endpoint, record.verified, _quirks(record)
        form = "chat completions, Responses"
        if record.api == "responses":
            form = "Responses, chat completions"
    cells = (f"`{name}`", form, _keys(endpoint), _addresses(endpoint), differs, verified)
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _keys(endpoint: Endpoint) -> str:
    named = ", ".join([f"`{variable}`" for variable in endpoint.key_variables])
    if endpoint.provider in _ALSO:
        return f"{named}, or {_ALSO[endpoint.provider]}"
    return f"{named}, if it wants one" if endpoint.key == "optional" else named


def _addresses(endpoint: Endpoint) -> str:
    named = ", ".join([f"`{variable}`" for variable in endpoint.url_variables])
    named = named or _HOSTS.get(endpoint.provider, "")
    alone = endpoint.base_url is None and endpoint.provider != "bedrock"
    return f"{named} (there is no public one)" if alone else named


def _quirks(record: Record) -> str:
    """The fields of its chat quirks that are not the common way."""
    common = Record(endpoint=record.endpoint).chat
    changed = [n for n in common.__struct_fields__ if getattr(record.chat, n) != getattr(common, n)]
    return ", ".join(changed)


if __name__ == "__main__":
    sys.stdout.write(table())
    PAGE.write_text(page(), encoding="utf-8")
