"""Choosing among models: a router that fails over, and the strategies that it asks."""

from beluga.health.cooldown import Cooldown
from beluga.health.record import Health
from beluga.routing.candidate import Candidate
from beluga.routing.capability_based import CapabilityBased
from beluga.routing.cost_optimized import CostOptimized
from beluga.routing.example import Example
from beluga.routing.explanation import Explanation
from beluga.routing.failover_chain import FailoverChain
from beluga.routing.learned_router import LearnedRouter
from beluga.routing.lowest_latency import LowestLatency
from beluga.routing.round_robin import RoundRobin
from beluga.routing.router import Router
from beluga.routing.strategy import AttemptReport, Explains, RouterStrategy

__all__ = [
    "AttemptReport",
    "Candidate",
    "CapabilityBased",
    "Cooldown",
    "CostOptimized",
    "Example",
    "Explains",
    "Explanation",
    "FailoverChain",
    "Health",
    "LearnedRouter",
    "LowestLatency",
    "RoundRobin",
    "Router",
    "RouterStrategy",
]
