"""The `beluga` command."""

from beluga.cli.main import main

__all__ = ["main"]
