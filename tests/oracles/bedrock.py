"""AWS's own description of Converse, as botocore reads it; the judge lies beside the checkout."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, cast

import pytest

from tests.oracles.openapi import FOLDER

__all__ = ["Bedrock", "bedrock"]


class Bedrock(Protocol):
    """Whoever knows what AWS takes and how it signs."""

    def check_converse_params(
        self, body: object, *, model_id: str = "m", stream: bool = False
    ) -> list[str]:
        """Return what is wrong with *body*."""

    def check_sigv4(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        access_key: str,
        secret_key: str,
        token: str | None,
        region: str,
        service: str = "bedrock",
    ) -> bool:
        """Whether a request is signed as botocore would sign it."""

    def expected_http(self, body: object, *, model_id: str, stream: bool = False) -> dict[str, Any]:
        """Return the request that botocore would send."""

    def event_frames(
        self, events: object, exception: tuple[str, dict[str, object]] | None = None
    ) -> bytes:
        """Return an event stream."""

    def parse_event_stream(self, data: bytes, chunk: int = 7) -> list[dict[str, Any]]:
        """Return the events of a stream."""


def bedrock() -> Bedrock:
    """Return the judge, or skip the test if it is not there."""
    if not (FOLDER / "oracle_bedrock.py").exists():
        pytest.skip("../shared/oracles/oracle_bedrock.py is not beside this checkout")
    pytest.importorskip("botocore", reason="botocore is not installed; it judges requests to AWS")
    return _loaded()


@cache
def _loaded() -> Bedrock:
    spec = importlib.util.spec_from_file_location("oracle_bedrock", FOLDER / "oracle_bedrock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Bedrock, module)  # a module without types
