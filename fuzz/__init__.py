"""Fuzz harnesses, one a parser: `python -m fuzz --seconds 20 [name …]`.

A harness is a module here with a `HARNESS`. Its first comment is the invariant that no input may
break; `python -m fuzz` finds it by itself.
"""
