"""What users need to test code that asks models, without a network and without waiting.

The hypothesis strategies are a module of their own: `from beluga.testing import strategies`.
"""

from beluga.providers.mock import Reply, ScriptedModel, Step
from beluga.testing.faults import (
    CutAfter,
    Delay,
    EndEarly,
    Fault,
    Garbage,
    InStreamError,
    ResetConnection,
    SlowDrip,
    Stall,
    Status,
)
from beluga.testing.replay import Recorder, Recording, Replay, record, replay
from beluga.testing.simulator import CallTool, SimulatedReply, SimulatedRequest, Simulator
from beluga.testing.virtual_time import virtual_backends

__all__ = [
    "CallTool",
    "CutAfter",
    "Delay",
    "EndEarly",
    "Fault",
    "Garbage",
    "InStreamError",
    "Recorder",
    "Recording",
    "Replay",
    "Reply",
    "ResetConnection",
    "ScriptedModel",
    "SimulatedReply",
    "SimulatedRequest",
    "Simulator",
    "SlowDrip",
    "Stall",
    "Status",
    "Step",
    "record",
    "replay",
    "virtual_backends",
]
