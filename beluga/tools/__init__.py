"""Functions and foreign schemas as tools, and running what a model calls."""

from beluga.schema import Tool, ToolSpec
from beluga.tools.function_tool import FunctionTool, tool
from beluga.tools.running import run_tools

__all__ = ["FunctionTool", "Tool", "ToolSpec", "run_tools", "tool"]
