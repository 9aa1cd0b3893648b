"""Gemini's own format: `generateContent` and `streamGenerateContent`.

Source: Google's references of the Gemini API (v1beta) and of Vertex AI (v1beta1), which differ in
little: addresses, credentials, labels, and arguments that are streamed.
"""

from beluga.dialects.gemini.dialect import GeminiDialect

__all__ = ["GeminiDialect"]
