"""Differences that are meant, each with its reason. One that no longer shows is an error too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["KNOWN"]

KNOWN: Final[Mapping[tuple[str, str], str]] = {}
"""From a recording (folder and name) and a field to why they differ."""
