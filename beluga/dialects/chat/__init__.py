"""Chat completions: OpenAI's first format, which most others speak too.

Source: OpenAI's API reference for `POST /chat/completions`; what others do differently is in
`Quirks`.
"""

from beluga.dialects.chat.dialect import ChatDialect
from beluga.dialects.chat.quirks import Quirks

__all__ = ["ChatDialect", "Quirks"]
