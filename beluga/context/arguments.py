"""What users give the parts of a context: refused where it is given, in words that say why."""

from __future__ import annotations

from beluga.errors import invalid_input
from beluga.model import ChatModel

__all__ = ["check_count", "check_model", "check_share"]


def check_count(name: str, value: object, least: int = 1) -> None:
    """Refuse a *value* that counts nothing.

    Raises:
        InvalidInputError: It is no whole number, or below *least*.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise invalid_input(f"{name} must be a whole number, at least {least}; got {value!r:.80}")


def check_share(name: str, value: float) -> None:
    """Refuse a *value* that is no part of a whole.

    Raises:
        InvalidInputError: It is no number from 0 to 1.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 <= value <= 1):
        raise invalid_input(f"{name} must be a number from 0 to 1; got {value!r:.80}")


def check_model(taker: str, model: object) -> None:
    """Refuse what is no model, such as the name of one.

    Raises:
        InvalidInputError: It is none.
    """
    if not isinstance(model, ChatModel):
        raise invalid_input(
            f"{taker} takes a model, as beluga.new('openai:gpt-5-mini') gives it; got {model!r:.80}"
        )
