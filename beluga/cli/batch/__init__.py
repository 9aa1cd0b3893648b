"""`beluga batch`: a file of prompts in, a file of answers out."""

from beluga.cli.batch.command import batch

__all__ = ["batch"]
