"""The three styles in which Python says what a parameter is for."""

import pytest

from beluga.schemas.docstrings import Docstring, parse_docstring

GOOGLE = """Find a place.

    It may take a while.

    Args:
        name (str): What it is called,
            in any language.
        near: Where to begin: a town.

    Returns:
        place: Not a parameter.
    """
NUMPY = """
    Find a place.

    It may take a while.

    Parameters
    ----------
    name : str
        What it is called,
        in any language.
    near : str, optional
        Where to begin: a town.

    Returns
    -------
    place
        Not a parameter.
    """
SPHINX = """Find a place.

    It may take a while.

    :param str name: What it is called,
        in any language.
    :type near: str
    :param near: Where to begin: a town.
    :returns: Not a parameter.
    :raises ValueError: Never.
    """
SAID = Docstring(
    "Find a place.\n\nIt may take a while.",
    {"name": "What it is called, in any language.", "near": "Where to begin: a town."},
)


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_each_style_says_the_same(text: str) -> None:
    assert parse_docstring(text) == SAID


@pytest.mark.parametrize(
    "text",
    [
        "One line.",
        "A list:\n\n- a\n- b",
        "A rule\n\n---\n\nand more.",
        "Uses :class:`int` and http://a/b: fine.",
        "",
        None,
        "----",
        ":param:",
    ],
)
def test_what_is_in_no_style_is_all_text(text: str | None) -> None:
    assert parse_docstring(text) == Docstring((text or "").strip())
