"""Answers that are values of a type."""

from beluga.events import AskedAgain, Repaired
from beluga.structured.output import StructuredOutput
from beluga.structured.partial import Partial, PartialValue
from beluga.structured.repairs import Repair, RepairKind
from beluga.structured.results import Attempt, Structured
from beluga.structured.stream import PartialStream
from beluga.structured.tree import FieldDone, ItemDone, PartialEvent, Path, TextGrew

__all__ = [
    "AskedAgain",
    "Attempt",
    "FieldDone",
    "ItemDone",
    "Partial",
    "PartialEvent",
    "PartialStream",
    "PartialValue",
    "Path",
    "Repair",
    "RepairKind",
    "Repaired",
    "Structured",
    "StructuredOutput",
    "TextGrew",
]
