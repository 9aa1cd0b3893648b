"""Recorded exchanges with real providers, as typed records.

There are two sets. The project's own in `tests/recordings` is always there. A larger one lies
beside the repository, in `../shared/recordings`, or wherever `BELUGA_RECORDINGS` says; where it is
absent, tests that need it are skipped.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import pytest

__all__ = [
    "Json",
    "Recording",
    "Share",
    "folders",
    "own_providers",
    "own_recordings",
    "quoted_errors",
    "recordings",
    "shared_recordings",
]

Json: TypeAlias = Mapping[str, object]
Share: TypeAlias = Literal["working", "kept back"]

REPOSITORY: Final = Path(__file__).resolve().parents[2]
OWN: Final = REPOSITORY / "tests" / "recordings"
VARIABLE: Final = "BELUGA_RECORDINGS"


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange, and what an official SDK or a person read out of it.

    Attributes:
        folder: Whose it is: a folder of one of the sets.
        name: The file's name without its ending.
        api: The wire format; empty in the project's own set, where a provider has one.
        streaming: Whether the answer was streamed.
        request: The body that was sent, where it is known.
        url: Where it was sent, where that is known.
        status: The response's status.
        headers: The response's headers.
        body: The response's body, decompressed.
        expected: What is to be read out of it, in the set's own form.
    """

    folder: str
    name: str
    api: str
    streaming: bool
    request: Json | None
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    expected: Json

    @property
    def share(self) -> Share:
        """Which part of the corpus it is in; by its name alone, and so always the same."""
        digest = hashlib.blake2b(self.place.encode(), digest_size=4).digest()
        return "kept back" if int.from_bytes(digest) % 3 == 0 else "working"

    @property
    def place(self) -> str:
        """Folder and name, which tell it from all others."""
        return f"{self.folder}/{self.name}"


class _Exchange(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: str
    body_encoding: Literal["text", "base64"] = "text"


class _Sent(msgspec.Struct):
    url: str
    body: object = None


class _Shared(msgspec.Struct):
    api: str
    features: list[str]
    response: _Exchange
    expected: dict[str, object]
    request: _Sent | None = None


class _Answer(msgspec.Struct):
    status: int = 200
    headers: dict[str, str] = {}
    body: str | None = None
    body_base64: str | None = None


class _Own(msgspec.Struct, forbid_unknown_fields=True):
    response: _Answer
    expected: dict[str, object]
    streaming: bool
    request: dict[str, object] | None = None


class _QuotedAnswer(msgspec.Struct):
    status: int
    body: object


class _Quoted(msgspec.Struct):
    provider: str
    response: _QuotedAnswer
    suggested: dict[str, object]


def shared_recordings() -> Path | None:
    """Return where the larger set is, or `None` where it is not."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else REPOSITORY.parent / "shared" / "recordings"
    return path if path.is_dir() else None


def folders() -> tuple[str, ...]:
    """Return the folders of the larger set; none where it is absent."""
    root = shared_recordings()
    if root is None:
        return ()
    return tuple(sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != "_"))


def recordings(folder: str) -> list[Recording]:
    """Return the larger set's recordings of a provider, by name; skip the test without the set."""
    root = shared_recordings()
    if root is None:
        pytest.skip(f"no recordings beside the repository; set {VARIABLE} to where they are")
    return [_shared(path) for path in sorted((root / folder).glob("*.json"))]


def own_providers() -> tuple[str, ...]:
    """Return the providers that the project's own set has recordings of."""
    if not OWN.is_dir():
        return ()
    return tuple(sorted(p.name for p in OWN.iterdir() if p.is_dir()))


def own_recordings(provider: str) -> list[Recording]:
    """Return the project's own recordings of a provider, by name."""
    return [_own(path) for path in sorted((OWN / provider).glob("*.json"))]


def quoted_errors() -> list[Recording]:
    """Return bodies of errors as users quote them in public: shapes, with neither head nor date."""
    root = shared_recordings()
    return [] if root is None else [_quoted(p) for p in sorted((root / "_errors_quoted").glob("*"))]


def _shared(path: Path) -> Recording:
    stored = msgspec.json.decode(path.read_bytes(), type=_Shared)
    answer = stored.response
    encoded = answer.body_encoding == "base64"
    body = None if stored.request is None else stored.request.body
    return Recording(
        folder=path.parent.name,
        name=path.stem,
        api=stored.api,
        streaming="stream" in stored.features,
        request=body if isinstance(body, dict) else None,
        url="" if stored.request is None else stored.request.url,
        status=answer.status,
        headers=answer.headers,
        body=base64.b64decode(answer.body) if encoded else answer.body.encode(),
        expected=stored.expected,
    )


def _own(path: Path) -> Recording:
    stored = msgspec.json.decode(path.read_bytes(), type=_Own)
    answer = stored.response
    encoded = answer.body_base64
    return Recording(
        folder=path.parent.name,
        name=path.stem,
        api="",
        streaming=stored.streaming,
        request=stored.request,
        url="",
        status=answer.status,
        headers=answer.headers,
        body=(answer.body or "").encode() if encoded is None else base64.b64decode(encoded),
        expected=stored.expected,
    )


def _quoted(path: Path) -> Recording:
    stored = msgspec.json.decode(path.read_bytes(), type=_Quoted)
    return Recording(
        folder=stored.provider,
        name=f"_errors_quoted/{path.stem}",
        api="",
        streaming=False,
        request=None,
        url="",
        status=stored.response.status,
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(stored.response.body),
        expected=stored.suggested,
    )
