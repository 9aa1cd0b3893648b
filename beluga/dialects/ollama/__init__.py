"""Ollama's own chat format, `POST /api/chat`: one JSON value, or one a line.

Source: Ollama's API reference, and what its servers are seen to send. It says more than the
chat-completions format that Ollama speaks too: thoughts, the size of the context, how long a model
stays loaded.
"""

from beluga.dialects.ollama.dialect import OllamaDialect
from beluga.dialects.ollama.encode import Loading

__all__ = ["Loading", "OllamaDialect"]
