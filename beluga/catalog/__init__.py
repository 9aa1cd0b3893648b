"""What is publicly known of models: windows, limits, prices, capabilities.

A table that is dated and ships with the library; what a user registers goes before it. Nothing is
asked of the network. A name that the table does not hold is unknown: no guess is made from a
similar one.
"""

from beluga.catalog.billing import cost_so_far, priced
from beluga.catalog.lookup import filled, known_models, model_info, register_model
from beluga.catalog.pricing import cost, cost_at, rates_at
from beluga.catalog.table import dated
from beluga.schema import ModelInfo

__all__ = [
    "ModelInfo",
    "cost",
    "cost_at",
    "cost_so_far",
    "dated",
    "filled",
    "known_models",
    "model_info",
    "priced",
    "rates_at",
    "register_model",
]
