"""Choosing among models: a router that fails over, and the strategies that it asks."""

from beluga.health.cooldown import Cooldown
from beluga.health.record import Health
from beluga.routing.candidate import Candidate
from beluga.routing.explanation import Explanation
from beluga.routing.round_robin import RoundRobin
from beluga.routing.router import Router
from beluga.routing.strategy import AttemptReport, Explains, RouterStrategy

__all__ = [
    "AttemptReport",
    "Candidate",
    "Cooldown",
    "Explains",
    "Explanation",
    "Health",
    "RoundRobin",
    "Router",
    "RouterStrategy",
]
