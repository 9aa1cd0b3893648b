"""What users need to test code that asks models, without a network and without waiting.

`strategies` needs hypothesis, and is imported by `from beluga.testing import strategies`.
"""

from beluga.providers.mock import Reply, ScriptedModel, Step
from beluga.testing.virtual_time import virtual_backends

__all__ = ["Reply", "ScriptedModel", "Step", "virtual_backends"]
