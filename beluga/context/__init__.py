"""Make conversations fit a model's window, or a budget of one's own."""

from beluga.context.adaptive import Adaptive
from beluga.context.facts import FactExtraction
from beluga.context.manager import ContextManager
from beluga.context.marks import is_synthetic
from beluga.context.middleware import with_context
from beluga.context.relevance import Relevance
from beluga.context.semantic import Embed, Semantic
from beluga.context.sliding import Sliding
from beluga.context.strategy import ContextStrategy
from beluga.context.summarize import Summarize
from beluga.context.truncate import Truncate
from beluga.context.turns import History, Turn
from beluga.events import Fitted
from beluga.fitting import Fitter

__all__ = [
    "Adaptive",
    "ContextManager",
    "ContextStrategy",
    "Embed",
    "FactExtraction",
    "Fitted",
    "Fitter",
    "History",
    "Relevance",
    "Semantic",
    "Sliding",
    "Summarize",
    "Truncate",
    "Turn",
    "is_synthetic",
    "with_context",
]
