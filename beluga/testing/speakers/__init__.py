"""The dialects that the simulator speaks, a module each: functions from a request to bytes."""

from beluga.testing.speakers.chat import ChatSpeaker
from beluga.testing.speakers.protocol import Asked, Speaker

__all__ = ["SPEAKERS", "Asked", "Speaker"]

SPEAKERS: tuple[Speaker, ...] = (ChatSpeaker(),)
"""Whoever of them first understands a request answers it."""
