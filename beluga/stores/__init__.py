"""Where state that outlives a call is kept: protocols, and memory behind them."""

from beluga.stores.clock import SteadyClock
from beluga.stores.health import HealthStore
from beluga.stores.key_value import KeyValue, MemoryStore
from beluga.stores.limits import LimitStore, ProviderLimits, Refusal, Reservation
from beluga.stores.memory_health import MemoryHealth
from beluga.stores.memory_limits import MemoryLimits

__all__ = [
    "HealthStore",
    "KeyValue",
    "LimitStore",
    "MemoryHealth",
    "MemoryLimits",
    "MemoryStore",
    "ProviderLimits",
    "Refusal",
    "Reservation",
    "SteadyClock",
]
