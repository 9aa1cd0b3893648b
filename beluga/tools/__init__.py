"""Functions and foreign schemas as tools, running what a model calls, and the loop of both."""

from beluga.errors import tool_failed
from beluga.schema import Tool, ToolSpec
from beluga.tools.calls import Approve, OnException, current_call
from beluga.tools.function_tool import FunctionTool, tool
from beluga.tools.loop import ToolLoop
from beluga.tools.loop_items import (
    CallEnded,
    CallStarted,
    LoopItem,
    StepEnded,
    StepStarted,
    ToolRun,
)
from beluga.tools.loop_stream import ToolStream
from beluga.tools.running import run_tools
from beluga.tools.schema_tool import SchemaTool, tool_from_schema

__all__ = [
    "Approve",
    "CallEnded",
    "CallStarted",
    "FunctionTool",
    "LoopItem",
    "OnException",
    "SchemaTool",
    "StepEnded",
    "StepStarted",
    "Tool",
    "ToolLoop",
    "ToolRun",
    "ToolSpec",
    "ToolStream",
    "current_call",
    "run_tools",
    "tool",
    "tool_failed",
    "tool_from_schema",
]
