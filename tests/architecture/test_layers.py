import pytest

from tests.architecture import layers
from tests.architecture.source import package, package_of

BELUGA = package("beluga")


def test_every_module_stands_on_a_floor() -> None:
    assert layers.without_floor(BELUGA) == []


def test_imports_go_down_only() -> None:
    assert layers.upward(BELUGA) == []


def test_neighbours_upstairs_do_not_know_each_other() -> None:
    assert layers.sideways(BELUGA) == []


def test_nobody_inside_imports_the_root() -> None:
    assert layers.of_the_root(BELUGA) == []


def test_no_import_cycles() -> None:
    assert layers.cycle(BELUGA) == []


def test_a_module_without_a_floor_is_found() -> None:
    assert layers.without_floor(package_of({"beluga.attic": ""})) == ["beluga.attic"]
    assert layers.without_floor(package_of({"beluga": "", "beluga.schema.parts": ""})) == []


@pytest.mark.parametrize(
    "source",
    [
        "import beluga.model",
        "from beluga.model import ChatModel",
        "from beluga import model",
        "def late():\n    from beluga.model import ChatModel",
        "if TYPE_CHECKING:\n    from beluga.model import ChatModel",
        "from .. import model",
        "from ..model import ChatModel",
        "import importlib\nimportlib.import_module('beluga.model')",
    ],
)
def test_an_upward_import_is_found_however_it_is_written(source: str) -> None:
    known = package_of({"beluga": "", "beluga.schema.parts": source, "beluga.model": ""})
    [fault] = layers.upward(known)
    assert "beluga.schema.parts:" in fault
    assert "imports beluga.model: floor 0 imports from floor 2" in fault


def test_a_downward_import_is_no_fault() -> None:
    known = package_of({"beluga.model": "import beluga.errors", "beluga.errors": ""})
    assert layers.upward(known) == []


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("beluga.middleware.retry", "beluga.routing.router"),
        ("beluga.context.turns", "beluga.dialects.parts"),
        ("beluga.dialects.chat.encode", "beluga.dialects.ollama.wire"),
        ("beluga.dialects.parts", "beluga.dialects.chat.wire"),
        ("beluga.providers.groq", "beluga.providers.mock"),
    ],
)
def test_a_neighbour_is_found(importer: str, target: str) -> None:
    known = package_of({importer: f"import {target}", target: ""})
    assert layers.sideways(known) == [
        f"{importer}:1 imports {target}: a neighbour; what both need moves down"
    ]


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("beluga.middleware.retry", "beluga.middleware.base"),
        ("beluga.dialects.chat.encode", "beluga.dialects.chat.wire"),
        ("beluga.dialects.chat.encode", "beluga.dialects.parts"),
        ("beluga.dialects.parts", "beluga.dialects.images"),
        ("beluga.providers.groq", "beluga.providers.endpoint"),
        ("beluga.providers.groq", "beluga.providers.record"),
        ("beluga.providers.groq", "beluga.providers._variables"),
        ("beluga.tokens.costs", "beluga.catalog.table"),
        ("beluga.cli.demo", "beluga.testing.scripted"),
    ],
)
def test_what_may_be_shared_is_no_neighbour(importer: str, target: str) -> None:
    assert layers.sideways(package_of({importer: f"import {target}", target: ""})) == []


@pytest.mark.parametrize("source", ["import beluga", "from beluga import new", "from .. import x"])
def test_an_import_of_the_root_is_found(source: str) -> None:
    known = package_of({"beluga": "", "beluga.cli.demo": source})
    assert layers.of_the_root(known) == ["beluga.cli.demo:1 imports beluga: name the module"]


def test_the_root_itself_may_import_anything() -> None:
    known = package_of({"beluga": "from beluga.providers import mock", "beluga.providers": ""})
    assert layers.upward(known) == layers.sideways(known) == layers.of_the_root(known) == []


def test_a_cycle_is_found() -> None:
    known = package_of({
        "beluga.a": "import beluga.b",
        "beluga.b": "def late():\n    import beluga.c",
        "beluga.c": "if TYPE_CHECKING:\n    from beluga.a import A",
    })  # fmt: skip
    chain = layers.cycle(known)
    assert chain[0] == chain[-1]
    assert set(chain) == {"beluga.a", "beluga.b", "beluga.c"}


def test_a_cycle_through_a_package_is_found() -> None:
    known = package_of({
        "beluga.house": "import beluga.house.room",
        "beluga.house.room": "import beluga.shed",
        "beluga.house.cellar": "",
        "beluga.shed": "import beluga.house.cellar",
    })  # fmt: skip
    assert set(layers.cycle(known)) == {"beluga.house", "beluga.house.room", "beluga.shed"}
