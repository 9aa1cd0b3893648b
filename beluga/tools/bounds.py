"""Checks of the numbers that bound a tool's work."""

from __future__ import annotations

from beluga.errors import invalid_input

__all__ = ["check_count", "check_seconds"]


def check_seconds(name: str, value: float | None) -> None:
    """Refuse what is no time above zero; `None` and infinity are no bound.

    Raises:
        InvalidInputError: It is none.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise invalid_input(f"{name} must be a number of seconds above 0; got {value!r}")


def check_count(name: str, value: int | None, *, may_be_none: bool = True) -> None:
    """Refuse what is no whole number above zero; `None` is no bound, if there may be none.

    Raises:
        InvalidInputError: It is none.
    """
    if value is None and may_be_none:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid_input(f"{name} must be a whole number above 0; got {value!r}")
