"""The dialects that the simulator speaks, a module each: functions from a request to bytes."""

from beluga.testing.speakers.anthropic import AnthropicSpeaker
from beluga.testing.speakers.bedrock import BedrockSpeaker
from beluga.testing.speakers.chat import ChatSpeaker
from beluga.testing.speakers.cohere import CohereSpeaker
from beluga.testing.speakers.gemini import GeminiSpeaker
from beluga.testing.speakers.ollama import OllamaSpeaker
from beluga.testing.speakers.protocol import Asked, Speaker
from beluga.testing.speakers.responses import ResponsesSpeaker

__all__ = ["SPEAKERS", "Asked", "Speaker"]

SPEAKERS: tuple[Speaker, ...] = (
    ChatSpeaker(),
    ResponsesSpeaker(),
    AnthropicSpeaker(),
    GeminiSpeaker(),
    OllamaSpeaker(),
    CohereSpeaker(),
    BedrockSpeaker(),
)
"""Whoever of them first understands a request answers it."""
