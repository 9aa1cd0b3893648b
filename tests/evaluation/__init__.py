"""Figures that say how well the library does: `python -m tests.evaluation [name …]`.

An evaluation is a module here with `tables() -> list[Table]`; `python -m tests.evaluation` finds it
by itself. A figure is measured, never asserted: the tests do that.
"""
