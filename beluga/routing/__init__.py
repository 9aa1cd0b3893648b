"""Choosing among models: a router that fails over, and the strategies that it asks."""

from beluga.routing.candidate import Candidate
from beluga.routing.round_robin import RoundRobin
from beluga.routing.strategy import AttemptReport, Explains, RouterStrategy

__all__ = ["AttemptReport", "Candidate", "Explains", "RoundRobin", "RouterStrategy"]
